//! Effects as `findings.json` has them.

use crate::report::Dossier;
use crate::report::compose::unit_of_column;
use crate::science::{Effect, TestRecord, UnitsEffect};
use crate::study::{INTERVAL_LEVEL, ReportedEffect, StandardisedEffect};

/// The effect of a test in the units of its columns; none where it is not known.
pub(in crate::report) fn effect_in_units(dossier: &Dossier, test: &TestRecord) -> Option<ReportedEffect> {
    let effect = dossier.units.get(&test.id)?.effect.as_ref()?;
    let is_share = effect.name == UnitsEffect::RISK_DIFFERENCE;
    let scale = |value: Option<f64>| value.map(|value| if is_share { 100.0 * value } else { value });
    Some(ReportedEffect {
        name: effect.name.clone(),
        value: scale(effect.value),
        ci_low: scale(effect.ci_low),
        ci_high: scale(effect.ci_high),
        level: effect.ci_level.unwrap_or(INTERVAL_LEVEL),
        unit: unit_of_effect(dossier, test, effect),
        method: effect.method.clone(),
        // A ratio of two levels is the test's own effect, without a unit.
        standardised: (test.effect.value.is_some() && test.effect.name != effect.name).then(|| StandardisedEffect {
            name: test.effect.name.clone(),
            value: test.effect.value,
            ci_low: test.effect.ci_low,
            ci_high: test.effect.ci_high,
        }),
    })
}

/// The unit of an effect, in UCUM where the codebook knows those of the columns.
fn unit_of_effect(dossier: &Dossier, test: &TestRecord, effect: &UnitsEffect) -> Option<String> {
    let unit = |column: &str| unit_of_column(dossier, &test.dataset, column);
    match effect.name.as_str() {
        UnitsEffect::RISK_DIFFERENCE => Some("percentage points".to_owned()),
        UnitsEffect::SLOPE => {
            let (over, under) = (unit(&test.y)?, unit(&test.x)?);
            Some(match under.contains(['/', '.']) {
                true => format!("{over}/({under})"),
                false => format!("{over}/{under}"),
            })
        }
        UnitsEffect::MEAN_DIFFERENCE => unit(&test.y).map(str::to_owned),
        _ => None,
    }
}

/// The effect of a test without a unit.
pub(super) fn effect_without_unit(effect: &Effect, method: Option<&str>) -> ReportedEffect {
    ReportedEffect {
        name: effect.name.clone(),
        value: effect.value,
        ci_low: effect.ci_low,
        ci_high: effect.ci_high,
        level: INTERVAL_LEVEL,
        unit: None,
        method: method.filter(|method| !method.is_empty()).map(str::to_owned),
        standardised: None,
    }
}
