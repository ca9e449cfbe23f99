//! Checks the result of an analysis that a model wrote the code for. Its script has made the same checks; here
//! nothing of it is believed but the numbers that it lists.

use serde_json::Value;

use super::invalid_result::InvalidResult;
use crate::science::{PartEstimate, ScriptResult, TestResult, TestStatus};
use crate::stats::permutation_p;

/// The level from which on a p-value has to be rare among shuffled copies too.
const LEVEL: f64 = 0.05;

/// Differences of two sums of the same numbers.
const ROUNDING: f64 = 1e-9;

/// Whether the numbers are of the form that the protocol fixes and bear each other out.
///
/// # Errors
/// A sentence that names the fault.
pub(super) fn check_custom_result(parameters: &Value, result: &ScriptResult) -> Result<(), InvalidResult> {
    let [test] = result.tests.as_slice() else {
        return Err("an analysis has exactly one test".to_owned().into());
    };
    if test.whole.is_some() || test.groups.is_some() || !test.adjusted.is_empty() || test.mde.is_some() {
        return Err("an analysis by a model says more than its protocol asks for"
            .to_owned()
            .into());
    }
    if test.status != TestStatus::Ok {
        return Ok(());
    }
    let calibration = result
        .calibration
        .as_ref()
        .ok_or_else(|| "the analysis was not held against shuffled copies".to_owned())?;
    let effect = parameters.pointer("/analysis/effect").and_then(Value::as_str);
    let part = |estimate: &Option<PartEstimate>| match estimate {
        Some(estimate) => complete_n_and_p(estimate, effect),
        None => Err("the analysis gives no numbers for one part of the rows"
            .to_owned()
            .into()),
    };
    part(&test.explore)?;
    let (n, p) = part(&test.confirm)?;
    if n > calibration.rows {
        return Err("the analysis uses more rows than were held back".to_owned().into());
    }
    let asked = parameters.pointer("/permutations").and_then(Value::as_u64).unwrap_or(0);
    if calibration.copies.len() as u64 != asked.min(MOST_COPIES) {
        return Err(
            "the analysis was held against another number of shuffled copies than was asked for"
                .to_owned()
                .into(),
        );
    }
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.');
    if !test
        .test
        .as_deref()
        .is_some_and(|name| name.len() <= 80 && name.chars().all(plain))
    {
        return Err("the analysis does not name its test by a dotted name".to_owned().into());
    }
    let by_copies = permutation_p(calibration, p)?;
    check_judged_p(test, p, by_copies)
}

/// Shuffled copies that a script makes, at most.
const MOST_COPIES: u64 = 199;

/// n and p of an estimate that lacks nothing.
fn complete_n_and_p(estimate: &PartEstimate, name: Option<&str>) -> Result<(u64, f64), InvalidResult> {
    let lacks = || "the analysis lacks a number".to_owned();
    let effect = estimate.effect.as_ref().ok_or_else(lacks)?;
    if Some(effect.name.as_str()) != name {
        return Err("the analysis gives another effect than was registered"
            .to_owned()
            .into());
    }
    let (value, low, high) = (
        effect.value.ok_or_else(lacks)?,
        effect.ci_low.ok_or_else(lacks)?,
        effect.ci_high.ok_or_else(lacks)?,
    );
    if !(low <= value && value <= high) {
        return Err("the analysis gives an interval without its effect".to_owned().into());
    }
    estimate.statistic.ok_or_else(lacks)?;
    if estimate.n == 0 {
        return Err("the analysis uses no rows".to_owned().into());
    }
    Ok((estimate.n, estimate.p.ok_or_else(lacks)?))
}

/// The p to judge by must follow from the copies: where chance explains a small one, theirs.
fn check_judged_p(test: &TestResult, p: f64, by_copies: f64) -> Result<(), InvalidResult> {
    let (expected, by) = if p < LEVEL && by_copies >= LEVEL {
        (by_copies, "permutation")
    } else {
        (p, "primary")
    };
    let near = |a: Option<f64>, b: f64| a.is_some_and(|a| (a - b).abs() <= ROUNDING * b);
    let listed = test
        .variants
        .iter()
        .any(|variant| variant.name == "permutation" && near(variant.p, by_copies));
    if test.variants.len() == 1 && listed && near(test.p_judged, expected) && test.p_judged_by.as_deref() == Some(by) {
        Ok(())
    } else {
        Err("the analysis is not judged by what its shuffled copies say"
            .to_owned()
            .into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parameters() -> Value {
        json!({ "permutations": 499, "analysis": { "effect": "pearson_r" } })
    }

    /// An honest result, as the script writes it.
    fn honest() -> Value {
        let part = |n: u64, p: f64| {
            json!({ "n": n, "statistic": 0.6, "p": p, "direction": "+",
                "effect": { "name": "pearson_r", "value": 0.6, "ci_low": 0.5, "ci_high": 0.7 } })
        };
        let copies: Vec<Value> = (0..199)
            .map(|at| json!({ "p": (f64::from(at) + 0.5) / 199.0, "statistic": at, "effect": -at }))
            .collect();
        json!({
            "schema": 1, "template": "custom",
            "tests": [{
                "id": "h", "status": "ok", "test": "scipy.stats.pearsonr", "explore": part(60, 1e-5), "confirm": part(58, 1e-6),
                "p_judged": 1e-6, "p_judged_by": "primary",
                "variants": [{ "name": "permutation", "test": "kosmos.shuffled_copies", "n": 58, "p": 0.005, "agrees": true }],
            }],
            "calibration": { "rows": 60, "copies": copies },
        })
    }

    fn checked(change: impl FnOnce(&mut Value)) -> Result<(), String> {
        let mut result = honest();
        change(&mut result);
        check_custom_result(&parameters(), &serde_json::from_value(result).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn an_honest_result_passes() {
        assert_eq!(checked(|_| ()), Ok(()));
        assert_eq!(
            checked(|result| result["tests"][0]["status"] = json!("not_testable")),
            Ok(())
        );
    }

    #[test]
    fn numbers_that_do_not_bear_each_other_out_are_refused() {
        type Change = fn(&mut Value);
        let table: [(&str, Change); 15] = [
            ("dotted name", |r| r["tests"][0]["test"] = json!("p = 0.001")),
            ("not held against", |r| {
                drop(r.as_object_mut().unwrap().remove("calibration"))
            }),
            ("finds something in", |r| {
                for copy in r["calibration"]["copies"].as_array_mut().unwrap() {
                    copy["p"] = json!(copy["p"].as_f64().unwrap() / 10.0);
                }
            }),
            ("another number of shuffled copies", |r| {
                r["calibration"]["copies"].as_array_mut().unwrap().truncate(99);
            }),
            ("not judged by", |r| r["tests"][0]["p_judged"] = json!(1e-9)),
            ("not judged by", |r| r["tests"][0]["p_judged_by"] = json!("permutation")),
            ("not judged by", |r| r["tests"][0]["variants"][0]["p"] = json!(0.001)),
            ("not judged by", |r| {
                // Small, and not rare among the copies.
                r["tests"][0]["confirm"]["p"] = json!(0.049);
                r["tests"][0]["p_judged"] = json!(0.049);
                r["tests"][0]["variants"][0]["p"] = json!(11.0 / 200.0);
            }),
            ("more rows than", |r| r["tests"][0]["confirm"]["n"] = json!(61)),
            ("uses no rows", |r| r["tests"][0]["confirm"]["n"] = json!(0)),
            ("lacks a number", |r| {
                r["tests"][0]["confirm"]["statistic"] = Value::Null
            }),
            ("another effect", |r| {
                r["tests"][0]["confirm"]["effect"]["name"] = json!("cohens_d")
            }),
            ("without its effect", |r| {
                r["tests"][0]["explore"]["effect"]["value"] = json!(0.9)
            }),
            ("one part of the rows", |r| r["tests"][0]["explore"] = Value::Null),
            ("says more", |r| {
                r["tests"][0]["whole"] = r["tests"][0]["confirm"].clone()
            }),
        ];
        for (words, change) in table {
            let reason = checked(change).unwrap_err();
            assert!(reason.contains(words), "{reason} instead of {words}");
        }
    }

    #[test]
    fn a_small_p_that_is_not_rare_is_judged_by_the_copies() {
        let rank = 11.0 / 200.0;
        let judged = checked(|r| {
            r["tests"][0]["confirm"]["p"] = json!(0.049);
            r["tests"][0]["p_judged"] = json!(rank);
            r["tests"][0]["p_judged_by"] = json!("permutation");
            r["tests"][0]["variants"][0]["p"] = json!(rank);
        });
        assert_eq!(judged, Ok(()));
    }
}
