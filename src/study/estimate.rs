//! How large a relation is, as a report gives it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The level of the intervals that are reported.
pub const INTERVAL_LEVEL: f64 = 0.95;

/// A number with its interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StandardisedEffect {
    /// The measure, such as `hedges_g`.
    pub name: String,
    /// The estimate; null where it could not be computed.
    pub value: Option<f64>,
    /// Lower end of the interval.
    pub ci_low: Option<f64>,
    /// Upper end of the interval.
    pub ci_high: Option<f64>,
}

/// How large an effect is, and how well that is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReportedEffect {
    /// The measure, such as `mean_difference` or `pearson_r`.
    pub name: String,
    /// The estimate; null where it could not be computed.
    pub value: Option<f64>,
    /// Lower end of the interval.
    pub ci_low: Option<f64>,
    /// Upper end of the interval.
    pub ci_high: Option<f64>,
    /// The level of the interval, such as 0.95.
    pub level: f64,
    /// The unit of the value, in UCUM where that is known; null for a measure without a unit.
    pub unit: Option<String>,
    /// Dotted name of the test that gave it; null where it has none of its own.
    pub method: Option<String>,
    /// The same without a unit; null where it was not computed, or where the value itself has no unit.
    pub standardised: Option<StandardisedEffect>,
}

impl ReportedEffect {
    /// Whether the measure is a ratio, whose null is 1.
    pub fn is_ratio(&self) -> bool {
        ["odds_ratio", "hazard_ratio", "ratio_of_odds_ratios", "rate_ratio"]
            .iter()
            .any(|ratio| self.name.starts_with(ratio))
    }

    /// The estimate on a scale whose null is 0: ratios by their logarithm.
    pub fn on_null_scale(&self) -> Option<f64> {
        self.scale(self.value?)
    }

    /// Whether the interval excludes that there is no effect; none where there is no interval.
    pub fn excludes_null(&self) -> Option<bool> {
        let (low, high) = (self.scale(self.ci_low?)?, self.scale(self.ci_high?)?);
        Some(low > 0.0 || high < 0.0)
    }

    fn scale(&self, value: f64) -> Option<f64> {
        if !self.is_ratio() {
            return Some(value);
        }
        (value > 0.0).then(|| value.ln())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effect(name: &str, value: f64, ci_low: f64, ci_high: f64) -> ReportedEffect {
        ReportedEffect {
            name: name.to_owned(),
            value: Some(value),
            ci_low: Some(ci_low),
            ci_high: Some(ci_high),
            level: INTERVAL_LEVEL,
            unit: None,
            method: None,
            standardised: None,
        }
    }

    #[test]
    fn ratios_have_their_null_at_one() {
        assert_eq!(effect("odds_ratio_per_sd", 2.0, 1.5, 3.0).excludes_null(), Some(true));
        assert_eq!(effect("odds_ratio", 2.0, 0.5, 3.0).excludes_null(), Some(false));
        assert!(effect("hazard_ratio", 0.5, 0.2, 0.8).on_null_scale().unwrap() < 0.0);
        assert_eq!(effect("odds_ratio", 0.0, 0.0, 0.5).excludes_null(), None);
    }

    #[test]
    fn other_measures_have_it_at_zero() {
        assert_eq!(effect("pearson_r", 0.5, 0.2, 0.7).excludes_null(), Some(true));
        assert_eq!(effect("mean_difference", -1.0, -3.0, 0.5).excludes_null(), Some(false));
        assert_eq!(effect("pearson_r", -0.5, -0.7, -0.2).on_null_scale(), Some(-0.5));
    }
}
