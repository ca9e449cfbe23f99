//! The result of a test script: the typed form of its `result.json`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Caveat, DescribedDependence, DescribedFigure, GroupValue, TestStatus};
use crate::study::LevelContrast;

/// An effect size with its 95 % confidence interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Effect {
    /// The measure: `pearson_r`, `hedges_g`, `odds_ratio_per_sd`, ...
    pub name: String,
    /// Dimensionless unless the name says otherwise; null where it could not be computed.
    pub value: Option<f64>,
    /// Lower end of the 95 % interval.
    pub ci_low: Option<f64>,
    /// Upper end of the 95 % interval.
    pub ci_high: Option<f64>,
}

/// An effect in the units of the columns, as a script gives it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UnitsEffect {
    /// `slope`, `mean_difference`, `risk_difference`, `odds_ratio`, `hazard_ratio`, `rate_ratio` or `sd_ratio`.
    pub name: String,
    /// In the units of the outcome, per unit of the exposure for a slope; a difference of shares as a fraction of 1.
    pub value: Option<f64>,
    /// Lower end of the interval.
    pub ci_low: Option<f64>,
    /// Upper end of the interval.
    pub ci_high: Option<f64>,
    /// The level of the interval: 0.95.
    pub ci_level: Option<f64>,
    /// The levels that it compares; none for a slope.
    pub contrast: Option<LevelContrast>,
    /// What gave the interval.
    pub method: Option<String>,
}

impl UnitsEffect {
    /// The name of a slope.
    pub const SLOPE: &'static str = "slope";
    /// The name of a difference of means.
    pub const MEAN_DIFFERENCE: &'static str = "mean_difference";
    /// The name of a difference of shares.
    pub const RISK_DIFFERENCE: &'static str = "risk_difference";
    /// The name of an odds ratio, of two levels or per unit of a number.
    pub const ODDS_RATIO: &'static str = "odds_ratio";
    /// The name of a hazard ratio, of two levels or per unit of a number.
    pub const HAZARD_RATIO: &'static str = "hazard_ratio";

    /// The name of a ratio of rates, of two levels or per unit of a number.
    pub const RATE_RATIO: &'static str = "rate_ratio";

    /// The name of a ratio of standard deviations, per unit of a number.
    pub const SD_RATIO: &'static str = "sd_ratio";

    /// True for a ratio, whose null is 1.
    pub fn is_ratio(&self) -> bool {
        [Self::ODDS_RATIO, Self::HAZARD_RATIO, Self::RATE_RATIO, Self::SD_RATIO].contains(&self.name.as_str())
    }
}

/// The difference of two of several group means, in the units of the outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GroupContrast {
    /// The levels that it compares: that with the higher mean against the other.
    #[serde(flatten)]
    pub contrast: LevelContrast,
    /// The difference.
    pub value: f64,
    /// Lower end of the interval, which holds together with those of all other pairs.
    pub ci_low: f64,
    /// Upper end of the interval.
    pub ci_high: f64,
    /// The level of all intervals together: 0.95.
    pub ci_level: f64,
    /// The p-value, adjusted for the number of pairs.
    pub p: f64,
}

/// One test on one part of the rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Estimate")]
pub struct PartEstimate {
    /// Complete rows used.
    pub n: u64,
    /// The test's statistic.
    pub statistic: Option<f64>,
    /// Two-sided p-value.
    pub p: Option<f64>,
    /// How large.
    pub effect: Option<Effect>,
    /// `+`, `-`, or the level with the larger mean or rate.
    pub direction: Option<String>,
    /// The same in the units of the columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<UnitsEffect>,
    /// All pairs of three or more groups, largest difference first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contrasts: Option<Vec<GroupContrast>>,
}

impl PartEstimate {
    /// The effect in the units of the columns.
    pub fn in_units(&self) -> EffectInUnits {
        EffectInUnits {
            effect: self.units.clone(),
            contrasts: self.contrasts.clone().unwrap_or_default(),
        }
    }
}

/// What a test shows in the units of its columns.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EffectInUnits {
    /// The effect, where it is one number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<UnitsEffect>,
    /// All pairs of three or more groups, largest difference first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contrasts: Vec<GroupContrast>,
}

impl EffectInUnits {
    /// True if nothing was given in units.
    pub fn is_empty(&self) -> bool {
        self.effect.is_none() && self.contrasts.is_empty()
    }
}

/// An assumption of the test and whether it holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Assumption {
    /// The name.
    pub name: String,
    /// The check of the assumption.
    pub check: String,
    /// The test's statistic.
    #[serde(default)]
    pub statistic: Option<f64>,
    /// Two-sided p-value.
    #[serde(default)]
    pub p: Option<f64>,
    /// True if the assumption holds.
    pub holds: bool,
}

/// The same question by another route.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Variant {
    /// `rank`, `outliers_removed`, `permutation`, `cluster_robust`, ...
    pub name: String,
    /// Dotted name of the test.
    pub test: String,
    #[serde(default)]
    /// Complete rows used.
    pub n: Option<u64>,
    #[serde(default)]
    /// The test's statistic.
    pub statistic: Option<f64>,
    #[serde(default)]
    /// Two-sided p-value.
    pub p: Option<f64>,
    #[serde(default)]
    /// The effect size with its interval.
    pub effect: Option<Effect>,
    #[serde(default)]
    /// `+`, `-`, or the level with the larger mean or rate.
    pub direction: Option<String>,
    /// Whether it says the same as the primary test.
    pub agrees: bool,
}

/// An association inside one level of a third column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stratum {
    /// The level.
    pub level: String,
    /// Complete rows used.
    pub n: u64,
    /// The effect in this level.
    #[serde(default)]
    pub effect_value: Option<f64>,
    /// Two-sided p-value.
    #[serde(default)]
    pub p: Option<f64>,
    /// `+`, `-`, or the level with the larger mean or rate.
    #[serde(default)]
    pub direction: Option<String>,
}

/// The association with one other column held fixed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Adjusted {
    /// The column held fixed.
    #[serde(rename = "for")]
    pub for_column: String,
    #[serde(default)]
    /// Complete rows used.
    pub n: Option<u64>,
    #[serde(default)]
    /// Two-sided p-value.
    pub p: Option<f64>,
    #[serde(default)]
    /// The effect size with its interval.
    pub effect: Option<Effect>,
    #[serde(default)]
    /// `+`, `-`, or the level with the larger mean or rate.
    pub direction: Option<String>,
    /// Level by level, where the column has levels.
    #[serde(default)]
    pub strata: Option<Vec<Stratum>>,
    /// The sign turns round (Simpson's paradox).
    #[serde(default)]
    pub reversal: bool,
    /// Nothing is left of the association.
    #[serde(default)]
    pub explained_away: bool,
}

/// The smallest effect that the test would have seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Detectable {
    /// The measure of the effect.
    pub name: String,
    /// The smallest effect that is detected with this power; null where it could not be computed.
    pub value: Option<f64>,
    /// The power of the test for this effect.
    pub power: f64,
    /// The level of significance.
    pub alpha: f64,
}

/// One test of a script's result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TestResult {
    /// The hypothesis.
    pub id: String,
    /// Whether it was made.
    pub status: TestStatus,
    /// Why it is not testable.
    #[serde(default)]
    pub reason: Option<String>,
    /// Dotted name of the primary test.
    #[serde(default)]
    pub test: Option<String>,
    /// Why that test.
    #[serde(default)]
    pub why: Option<String>,
    #[serde(default)]
    /// Assumptions of the test, checked.
    pub assumptions: Vec<Assumption>,
    /// On all rows.
    #[serde(default)]
    pub whole: Option<PartEstimate>,
    /// The p to judge by: that of `whole`. Runs of earlier versions have another one where it is larger.
    #[serde(default)]
    pub p_judged: Option<f64>,
    /// `primary`, or how it accounts for the dependence of rows: `cluster_robust`, `own_past`, `spatial`.
    #[serde(default)]
    pub p_judged_by: Option<String>,
    /// On the explore part.
    #[serde(default)]
    pub explore: Option<PartEstimate>,
    /// On the rows held back.
    #[serde(default)]
    pub confirm: Option<PartEstimate>,
    /// The level that rates and direction speak of.
    #[serde(default)]
    pub y_level: Option<String>,
    /// Means or rates by group, largest first.
    #[serde(default)]
    pub groups: Option<Vec<GroupValue>>,
    #[serde(default)]
    /// The same question by other methods.
    pub variants: Vec<Variant>,
    #[serde(default)]
    /// The association with one other column held fixed, by column.
    pub adjusted: Vec<Adjusted>,
    /// Fixed words.
    #[serde(default)]
    pub caveats: Vec<Caveat>,
    /// The subject of each caveat, usually a column's name.
    #[serde(default)]
    pub caveat_notes: BTreeMap<Caveat, String>,
    /// Minimum detectable effect.
    #[serde(default)]
    pub mde: Option<Detectable>,
    /// The figures of a description.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<DescribedFigure>,
    /// Rows without a value, of a description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<u64>,
    /// Rows with a value and without a group, of a description by groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ungrouped: Option<u64>,
    /// Of a description: the median says more than the mean.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skewed: bool,
    /// How a description takes rows into account that depend on each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dependence: Option<DescribedDependence>,
}

/// A test script's whole result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScriptResult {
    /// Version of the result's form.
    pub schema: u32,
    /// The script's template.
    pub template: String,
    /// One for each test of the protocol, in its order.
    #[serde(default)]
    pub tests: Vec<TestResult>,
    /// The result of a model's analysis on shuffled copies (`custom`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
}

/// An analysis done on copies of the rows held back in which every column has an order of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Calibration {
    /// Rows held back.
    pub rows: u64,
    /// The number of orders that a series or a map has: a column of it is turned by a step. None where rows stand alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turns: Option<u64>,
    /// The result for each copy; null where the analysis failed.
    pub copies: Vec<Option<ShuffledCopy>>,
    /// The same for copies of the rows in which the exposure alone has another order. Empty in runs of version 0.1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exposure: Vec<Option<ShuffledCopy>>,
    /// The same for copies in which the outcome alone has another order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outcome: Vec<Option<ShuffledCopy>>,
    /// The results on the same rows in other orders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reordered: Vec<ShuffledCopy>,
}

/// The result of an analysis on a shuffled copy.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ShuffledCopy {
    /// Two-sided p-value.
    pub p: f64,
    /// The test's statistic.
    pub statistic: f64,
    /// The effect size with its interval.
    pub effect: f64,
}
