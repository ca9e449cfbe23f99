//! Checks the result of an analysis that a model wrote the code for. Its script has made the same checks; here
//! nothing of it is believed but the numbers that it lists.

use serde_json::Value;

use super::invalid_result::InvalidResult;
use crate::science::{Calibration, PartEstimate, ScriptResult, ShuffledCopy, TestResult, TestStatus};
use crate::stats::{BaseCopies, judge_by_copies};

/// Differences of two sums of the same numbers.
const ROUNDING: f64 = 1e-9;

/// Whether the numbers are of the form that the protocol fixes and bear each other out.
///
/// # Errors
/// The first fault.
pub(super) fn check_custom_result(parameters: &Value, result: &ScriptResult) -> Result<(), InvalidResult> {
    let [test] = result.tests.as_slice() else {
        return Err(InvalidResult::NotOneTest);
    };
    if test.whole.is_some() || test.groups.is_some() || !test.adjusted.is_empty() || test.mde.is_some() {
        return Err(InvalidResult::SaysMore);
    }
    if test.status != TestStatus::Ok {
        return Ok(());
    }
    let calibration = result.calibration.as_ref().ok_or(InvalidResult::NoCopies)?;
    let effect = parameters.pointer("/analysis/effect").and_then(Value::as_str);
    let part = |estimate: &Option<PartEstimate>| match estimate {
        Some(estimate) => complete_n_and_p(estimate, effect),
        None => Err(InvalidResult::NoPart),
    };
    part(&test.explore)?;
    let (n, real) = part(&test.confirm)?;
    if n > calibration.rows {
        return Err(InvalidResult::TooManyRows);
    }
    let base = base_copies(parameters);
    if !has_its_copies(calibration, base) {
        return Err(InvalidResult::OtherCopies);
    }
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.');
    if !test
        .test
        .as_deref()
        .is_some_and(|name| name.len() <= 80 && name.chars().all(plain))
    {
        return Err(InvalidResult::UnnamedMethod);
    }
    check_judged_p(test, calibration, &real, base)
}

/// The numbers of copies that the protocol asks for.
fn base_copies(parameters: &Value) -> BaseCopies {
    let permutations = parameters.pointer("/permutations").and_then(Value::as_u64).unwrap_or(0);
    let side = |key: &str| parameters.get(key).and_then(Value::as_str);
    let (x, y) = (side("x"), side("y"));
    let columns = parameters.pointer("/analysis/columns").and_then(Value::as_array);
    let reads_others = columns.is_some_and(|columns| {
        let mut names = columns.iter().map(Value::as_str);
        names.any(|name| name != x && name != y)
    });
    BaseCopies::new(reads_others, usize::try_from(permutations).unwrap_or(usize::MAX))
}

/// Whether the result has the copies that every analysis gets. More of one kind may follow, for a smaller p-value.
fn has_its_copies(calibration: &Calibration, base: BaseCopies) -> bool {
    let (all, exposure) = (calibration.copies.len(), calibration.exposure.len());
    let enough = match base.reads_others {
        true => all == base.all && exposure >= base.alone,
        false => all >= base.all && exposure == base.alone,
    };
    enough && calibration.outcome.len() == base.alone
}

/// n, and p, statistic and effect, of an estimate that lacks nothing.
fn complete_n_and_p(estimate: &PartEstimate, name: Option<&str>) -> Result<(u64, ShuffledCopy), InvalidResult> {
    let effect = estimate.effect.as_ref().ok_or(InvalidResult::NoNumber)?;
    if Some(effect.name.as_str()) != name {
        return Err(InvalidResult::OtherEffect);
    }
    let (value, low, high) = (
        effect.value.ok_or(InvalidResult::NoNumber)?,
        effect.ci_low.ok_or(InvalidResult::NoNumber)?,
        effect.ci_high.ok_or(InvalidResult::NoNumber)?,
    );
    if !(low <= value && value <= high) {
        return Err(InvalidResult::IntervalWithoutEffect);
    }
    let statistic = estimate.statistic.ok_or(InvalidResult::NoNumber)?;
    if estimate.n == 0 {
        return Err(InvalidResult::NoRows);
    }
    let numbers = ShuffledCopy {
        p: estimate.p.ok_or(InvalidResult::NoNumber)?,
        statistic,
        effect: value,
    };
    Ok((estimate.n, numbers))
}

/// The p to judge by must follow from the copies: it is no smaller than they support.
fn check_judged_p(
    test: &TestResult,
    calibration: &Calibration,
    real: &ShuffledCopy,
    base: BaseCopies,
) -> Result<(), InvalidResult> {
    let verdict = judge_by_copies(calibration, real, base).map_err(InvalidResult::Copies)?;
    let near = |a: Option<f64>, b: f64| a.is_some_and(|a| (a - b).abs() <= ROUNDING * b);
    let listed = test.variants.len() == verdict.variants.len()
        && verdict.variants.iter().all(|(name, p)| {
            let mut variants = test.variants.iter();
            variants.any(|variant| variant.name == *name && near(variant.p, *p))
        });
    if listed && near(test.p_judged, verdict.p) && test.p_judged_by.as_deref() == Some(verdict.by) {
        Ok(())
    } else {
        Err(InvalidResult::JudgedOtherwise)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parameters() -> Value {
        json!({ "permutations": 499, "x": "a", "y": "b", "analysis": { "effect": "pearson_r", "columns": ["a", "b", "c"] } })
    }

    fn copies(count: u32) -> Vec<Value> {
        (0..count)
            .map(|at| json!({ "p": (f64::from(at) + 0.5) / f64::from(count), "statistic": at, "effect": -f64::from(at) }))
            .collect()
    }

    /// An honest result, as the script writes it.
    fn honest() -> Value {
        let part = |n: u64, p: f64| {
            json!({ "n": n, "statistic": 0.6, "p": p, "direction": "+",
                "effect": { "name": "pearson_r", "value": 0.6, "ci_low": 0.5, "ci_high": 0.7 } })
        };
        let variant =
            |name: &str, p: f64| json!({ "name": name, "test": "kosmos.copies", "n": 58, "p": p, "agrees": true });
        json!({
            "schema": 1, "template": "custom",
            "tests": [{
                "id": "h", "status": "ok", "test": "scipy.stats.pearsonr", "explore": part(60, 1e-5), "confirm": part(58, 1e-6),
                "p_judged": 0.005, "p_judged_by": "exposure_shuffled",
                "variants": [variant("permutation", 0.01), variant("exposure_shuffled", 0.005), variant("outcome_shuffled", 0.02)],
            }],
            "calibration": { "rows": 60, "copies": copies(99), "exposure": copies(199), "outcome": copies(49), "reordered": [] },
        })
    }

    fn checked_for(parameters: &Value, change: impl FnOnce(&mut Value)) -> Result<(), InvalidResult> {
        let mut result = honest();
        change(&mut result);
        check_custom_result(parameters, &serde_json::from_value(result).unwrap())
    }

    fn checked(change: impl FnOnce(&mut Value)) -> Result<(), InvalidResult> {
        checked_for(&parameters(), change)
    }

    #[test]
    fn an_honest_result_passes() {
        assert_eq!(checked(|_| ()), Ok(()));
        assert_eq!(
            checked(|result| result["tests"][0]["status"] = json!("not_testable")),
            Ok(())
        );
        // One of two columns is held against copies in which both are shuffled.
        let mut pair = parameters();
        pair["analysis"]["columns"] = json!(["a", "b"]);
        let as_pair = |r: &mut Value| {
            r["calibration"]["copies"] = json!(copies(399));
            r["calibration"]["exposure"] = json!(copies(9));
            r["calibration"]["outcome"] = json!(copies(9));
            r["tests"][0]["p_judged"] = json!(1.0 / 400.0);
            r["tests"][0]["p_judged_by"] = json!("permutation");
            r["tests"][0]["variants"].as_array_mut().unwrap().truncate(1);
            r["tests"][0]["variants"][0]["p"] = json!(1.0 / 400.0);
        };
        assert_eq!(checked_for(&pair, as_pair), Ok(()));
        assert_eq!(checked(as_pair), Err(InvalidResult::OtherCopies));
    }

    #[test]
    fn numbers_that_do_not_bear_each_other_out_are_refused() {
        type Change = fn(&mut Value);
        let table: [(&str, Change); 18] = [
            ("dotted name", |r| r["tests"][0]["test"] = json!("p = 0.001")),
            ("not held against", |r| {
                drop(r.as_object_mut().unwrap().remove("calibration"))
            }),
            ("finds something in", |r| {
                for copy in r["calibration"]["copies"].as_array_mut().unwrap() {
                    copy["p"] = json!(copy["p"].as_f64().unwrap() / 10.0);
                }
            }),
            ("not about the exposure", |r| {
                for copy in r["calibration"]["exposure"].as_array_mut().unwrap() {
                    *copy = json!({ "p": 1e-6, "statistic": 0.6, "effect": 0.6 });
                }
            }),
            ("another number of shuffled copies", |r| {
                r["calibration"]["copies"].as_array_mut().unwrap().truncate(98);
            }),
            ("another number of shuffled copies", |r| {
                r["calibration"]["exposure"].as_array_mut().unwrap().truncate(48);
            }),
            ("another number of shuffled copies", |r| {
                drop(r["calibration"].as_object_mut().unwrap().remove("outcome"))
            }),
            // No smaller than the copies support.
            ("not judged by", |r| {
                r["tests"][0]["p_judged"] = json!(1e-6);
                r["tests"][0]["p_judged_by"] = json!("primary");
            }),
            ("not judged by", |r| r["tests"][0]["p_judged_by"] = json!("permutation")),
            ("not judged by", |r| r["tests"][0]["variants"][1]["p"] = json!(0.001)),
            ("not judged by", |r| {
                r["calibration"]["reordered"] = json!([{ "p": 0.3, "statistic": 0.6, "effect": 0.6 }]);
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
            let reason = checked(change).unwrap_err().to_string();
            assert!(reason.contains(words), "{reason} instead of {words}");
        }
    }
}
