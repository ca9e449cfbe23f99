//! How a challenge is answered: by rule, from the numbers of its check.

use crate::message::{Answered, CheckEstimate, Grounds};
use crate::science::TestRecord;

/// The answer, and why in a sentence. `alpha` is the run's.
pub(crate) fn answer_challenge(
    finding: &TestRecord,
    grounds: Grounds,
    estimate: Option<&CheckEstimate>,
    alpha: f64,
) -> (Answered, &'static str) {
    let Some(estimate) = estimate else {
        return (Answered::Unsupported, "there is no check whose numbers could be read");
    };
    if grounds == Grounds::NegativeControl {
        return match estimate.p <= alpha {
            true => (
                Answered::Sustained,
                "where there should be nothing, the same analysis finds something",
            ),
            false => (
                Answered::Overruled,
                "where there should be nothing, the same analysis finds nothing",
            ),
        };
    }
    let turned = match (&finding.direction, &estimate.direction) {
        (Some(found), Some(checked)) => found != checked,
        _ => false,
    };
    match (estimate.p <= alpha, turned) {
        (true, false) => (Answered::Overruled, "the check shows the same"),
        (true, true) => (Answered::Sustained, "the check points the other way"),
        (false, true) => (
            Answered::Sustained,
            "the check shows no relation, and what there is points the other way",
        ),
        (false, false) => (Answered::Sustained, "the check shows no relation"),
    }
}

/// The number of `findings` that one agent may take down with this share of them: one at least, unless the share is 0.
pub(super) fn most_taken_down(findings: usize, share: f64) -> usize {
    match share > 0.0 {
        true => ((findings as f64 * share).floor() as usize).max(1),
        false => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_takes_down_a_share_and_one_at_least() {
        for (findings, share, most) in [
            (0, 0.34, 1),
            (1, 0.34, 1),
            (5, 0.34, 1),
            (6, 0.34, 2),
            (9, 0.34, 3),
            (100, 0.34, 34),
            (9, 0.0, 0),
            (9, 1.0, 9),
        ] {
            assert_eq!(most_taken_down(findings, share), most, "{findings} {share}");
        }
    }

    fn finding(direction: Option<&str>) -> TestRecord {
        let record = serde_json::json!({
            "id": "h-000000000001", "dataset": "d", "cycle": 1, "statement": "s", "parent": null, "x": "a", "y": "b",
            "kind": "numeric_numeric", "covariates": [], "by": null, "part": "whole", "test": "t", "why": "w",
            "assumptions": [], "n": 100, "statistic": 1.0, "p": 0.001, "q": 0.01,
            "effect": { "name": "pearson_r", "value": 0.4, "ci_low": 0.2, "ci_high": 0.6 }, "direction": direction,
            "predicted": null, "groups": null, "y_level": null, "significant": true, "replicated": true,
            "explore": null, "confirm": null, "variants": [], "adjusted": [], "caveats": [], "caveat_notes": {},
            "mde": null, "wording": "association",
            "evidence": { "experiment": "e-000000000001", "script_sha256": "", "result_sha256": "", "locator": "" },
        });
        serde_json::from_value(record).unwrap()
    }

    fn estimate(p: f64, direction: Option<&str>) -> CheckEstimate {
        CheckEstimate {
            n: Some(90),
            p,
            effect: None,
            direction: direction.map(str::to_owned),
        }
    }

    #[test]
    fn the_checks_numbers_decide() {
        use Answered::{Overruled, Sustained, Unsupported};
        use Grounds::{Confounding, NegativeControl};
        let cases = [
            (Some("+"), Confounding, None, Unsupported),
            (Some("+"), Confounding, Some((0.001, Some("+"))), Overruled),
            (Some("+"), Confounding, Some((0.05, Some("+"))), Overruled),
            (Some("+"), Confounding, Some((0.051, Some("+"))), Sustained),
            (Some("+"), Confounding, Some((0.001, Some("-"))), Sustained),
            (Some("+"), Confounding, Some((0.4, Some("-"))), Sustained),
            (Some("+"), Confounding, Some((0.001, None)), Overruled),
            (None, Confounding, Some((0.001, Some("-"))), Overruled),
            (Some("Gentoo"), Confounding, Some((0.001, Some("Adelie"))), Sustained),
            (Some("+"), NegativeControl, Some((0.001, Some("+"))), Sustained),
            (Some("+"), NegativeControl, Some((0.3, Some("-"))), Overruled),
        ];
        for (direction, grounds, check, expected) in cases {
            let estimate = check.map(|(p, way)| estimate(p, way));
            let (answered, reason) = answer_challenge(&finding(direction), grounds, estimate.as_ref(), 0.05);
            assert_eq!(answered, expected, "{direction:?} {grounds:?} {check:?}");
            assert!(!reason.is_empty());
        }
    }
}
