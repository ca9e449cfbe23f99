//! The conclusion from the numbers of a script that was run again.

use super::{Again, Challenged, Place, RecheckFault, Rechecked};
use crate::actors::research_director::answer_challenge;
use crate::message::{Answered, CheckEstimate, Grounds};

/// Relative differences of numbers that come from adding in another order.
const ROUNDING: f64 = 1e-6;

/// Differences of a p-value that is computed from random copies.
const CHANCE: f64 = 0.1;

/// Whether the numbers of the check may count against the finding; the error is the reason why they may not.
pub(super) fn judge_recheck(challenged: &Challenged<'_>, found: &Rechecked, alpha: f64) -> Result<(), RecheckFault> {
    let Challenged { finding, estimate, .. } = challenged;
    let (x, y) = (&finding.x, &finding.y);
    let reordered = numbers_of(&found.reordered, &Place::Reordered)?;
    let control = challenged.grounds == Grounds::NegativeControl;
    // A copy on which the script fails is not the same, either.
    let shuffled: Vec<(&String, &Again)> = std::iter::once((x, &found.x_shuffled))
        .chain(found.y_shuffled.iter().map(|again| (y, again)))
        .collect();
    let mut unchanged = shuffled.iter().filter(|(_, again)| is_equal(again, reordered));
    // A negative control has one of the finding's columns, and something else in the place of the other.
    if let Some((column, _)) = unchanged.nth(usize::from(control)) {
        let column = (*column).clone();
        return Err(RecheckFault::Unchanged { column });
    }
    if !is_same(estimate, reordered, found.planted.is_some() && !control, alpha) {
        return Err(RecheckFault::OrderMatters);
    }
    check_rows(estimate, found, finding.n, control)?;
    if control {
        let finds = |again: &Again| match again {
            Again::Numbers(estimate) => estimate != reordered && estimate.p <= alpha,
            Again::Failed(_) => false,
        };
        return match shuffled.iter().any(|(_, again)| finds(again)) {
            true => Err(RecheckFault::FindsInShuffled),
            false => Ok(()),
        };
    }
    let Some(planted) = &found.planted else {
        return Ok(());
    };
    let place = Place::Planted {
        x: x.clone(),
        y: y.clone(),
    };
    let planted = numbers_of(planted, &place)?;
    let (answer, _) = answer_challenge(finding, challenged.grounds, Some(planted), alpha);
    match answer {
        Answered::Overruled => Ok(()),
        _ => Err(RecheckFault::Contradicts(place)),
    }
}

fn numbers_of<'a>(again: &'a Again, place: &Place) -> Result<&'a CheckEstimate, RecheckFault> {
    match again {
        Again::Numbers(estimate) => Ok(estimate),
        Again::Failed(problem) => Err(RecheckFault::NoNumbers {
            place: place.clone(),
            problem: problem.clone(),
        }),
    }
}

fn is_equal(again: &Again, estimate: &CheckEstimate) -> bool {
    matches!(again, Again::Numbers(found) if found == estimate)
}

/// Whether two runs of one script on the same rows agree; p may differ by chance only where other runs show more.
fn is_same(first: &CheckEstimate, again: &CheckEstimate, by_chance: bool, alpha: f64) -> bool {
    let near = |a: f64, b: f64| (a - b).abs() <= ROUNDING * a.abs().max(b.abs()).max(1e-12);
    let effect = match (first.effect, again.effect) {
        (Some(a), Some(b)) => near(a, b),
        (a, b) => a == b,
    };
    let p = near(first.p, again.p)
        || (by_chance && (first.p - again.p).abs() <= CHANCE && (first.p <= alpha) == (again.p <= alpha));
    first.n == again.n && first.direction == again.direction && effect && p
}

/// The rows that it speaks of must be those that have the claim's columns.
fn check_rows(estimate: &CheckEstimate, found: &Rechecked, judged: u64, control: bool) -> Result<(), RecheckFault> {
    let Some(n) = estimate.n else {
        return Err(RecheckFault::NoRows);
    };
    if control {
        // The rows that have the other column are not known.
        return match (1..=found.all_rows).contains(&n) {
            true => Ok(()),
            false => Err(RecheckFault::TooManyRows {
                n,
                rows: found.all_rows,
            }),
        };
    }
    if n == judged || found.rows.contains(&n) {
        return Ok(());
    }
    Err(RecheckFault::OtherRows {
        n,
        rows: found.rows.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::ChallengeCheck;
    use crate::science::TestRecord;

    fn finding() -> TestRecord {
        let record = serde_json::json!({
            "id": "h-000000000001", "dataset": "d", "cycle": 1, "statement": "s", "parent": null, "x": "a", "y": "b",
            "kind": "numeric_numeric", "covariates": [], "by": null, "part": "whole", "test": "t", "why": "w",
            "assumptions": [], "n": 100, "statistic": 1.0, "p": 0.001, "q": 0.01,
            "effect": { "name": "pearson_r", "value": 0.4, "ci_low": 0.2, "ci_high": 0.6 }, "direction": "+",
            "predicted": null, "groups": null, "y_level": null, "significant": true, "replicated": true,
            "explore": null, "confirm": null, "variants": [], "adjusted": [], "caveats": [], "caveat_notes": {},
            "mde": null, "wording": "association",
            "evidence": { "experiment": "e-000000000001", "script_sha256": "", "result_sha256": "", "locator": "" },
        });
        serde_json::from_value(record).unwrap()
    }

    fn numbers(n: u64, p: f64, effect: f64, direction: &str) -> CheckEstimate {
        CheckEstimate {
            n: Some(n),
            p,
            effect: Some(effect),
            direction: Some(direction.to_owned()),
        }
    }

    /// An honest check that contradicts the finding.
    fn honest() -> (CheckEstimate, Rechecked) {
        let estimate = numbers(98, 0.3, 0.1, "+");
        let again = |p, effect| Again::Numbers(numbers(98, p, effect, "+"));
        let found = Rechecked {
            rows: vec![98],
            all_rows: 110,
            reordered: again(0.3, 0.100_000_000_01),
            x_shuffled: again(0.8, 0.02),
            y_shuffled: None,
            planted: Some(again(1e-40, 0.99)),
        };
        (estimate, found)
    }

    fn judged(grounds: Grounds, estimate: &CheckEstimate, found: &Rechecked) -> Result<(), RecheckFault> {
        let check = serde_json::json!({ "experiment": "e-000000000001", "name": "check", "pointer": "" });
        let check: ChallengeCheck = serde_json::from_value(check).unwrap();
        let challenged = Challenged {
            finding: &finding(),
            grounds,
            check: &check,
            estimate,
        };
        judge_recheck(&challenged, found, 0.05)
    }

    #[test]
    fn an_honest_check_counts() {
        let (estimate, found) = honest();
        assert_eq!(judged(Grounds::Confounding, &estimate, &found), Ok(()));
        // The p of a permutation test has another sample of copies.
        let found = Rechecked {
            reordered: Again::Numbers(numbers(98, 0.33, 0.1, "+")),
            ..found
        };
        assert_eq!(judged(Grounds::Confounding, &estimate, &found), Ok(()));
    }

    #[test]
    fn numbers_that_are_not_of_the_finding_are_refused() {
        let (estimate, found) = honest();
        let same = || Again::Numbers(numbers(98, 0.3, 0.1, "+"));
        let cases: Vec<(&str, Rechecked)> = vec![
            (
                "stay the same when `a`",
                Rechecked {
                    reordered: same(),
                    x_shuffled: same(),
                    ..found.clone()
                },
            ),
            (
                "stay the same when `b`",
                Rechecked {
                    reordered: same(),
                    y_shuffled: Some(same()),
                    planted: None,
                    ..found.clone()
                },
            ),
            (
                "in another order",
                Rechecked {
                    reordered: Again::Numbers(numbers(98, 0.7, 0.1, "+")),
                    ..found.clone()
                },
            ),
            (
                "98, and 97 or 96 rows have",
                Rechecked {
                    rows: vec![97, 96],
                    ..found.clone()
                },
            ),
            (
                "without exception",
                Rechecked {
                    planted: Some(Again::Numbers(numbers(98, 0.9, 0.0, "+"))),
                    ..found.clone()
                },
            ),
            (
                "without exception",
                Rechecked {
                    planted: Some(Again::Numbers(numbers(98, 1e-40, -0.9, "-"))),
                    ..found.clone()
                },
            ),
            (
                "gives no numbers: the script",
                Rechecked {
                    planted: Some(Again::Failed("the script ended".to_owned())),
                    ..found.clone()
                },
            ),
        ];
        for (words, found) in cases {
            let reason = judged(Grounds::Confounding, &estimate, &found).unwrap_err().to_string();
            assert!(reason.contains(words), "{reason} instead of {words}");
        }
        let silent = CheckEstimate { n: None, ..estimate };
        let unsaid = Rechecked {
            reordered: Again::Numbers(silent.clone()),
            ..found
        };
        let reason = judged(Grounds::Confounding, &silent, &unsaid);
        assert_eq!(reason, Err(RecheckFault::NoRows));
    }

    #[test]
    fn a_negative_control_has_one_of_the_columns_and_finds_nothing_in_shuffled_ones() {
        let estimate = numbers(60, 0.001, 0.4, "+");
        let (_, honest) = honest();
        let found = Rechecked {
            reordered: Again::Numbers(estimate.clone()),
            x_shuffled: Again::Numbers(numbers(60, 0.4, 0.1, "+")),
            y_shuffled: Some(Again::Numbers(numbers(60, 0.001, 0.4, "+"))),
            planted: None,
            ..honest
        };
        assert_eq!(judged(Grounds::NegativeControl, &estimate, &found), Ok(()));
        let constant = Rechecked {
            x_shuffled: found.reordered.clone(),
            y_shuffled: Some(found.reordered.clone()),
            ..found.clone()
        };
        assert!(judged(Grounds::NegativeControl, &estimate, &constant).is_err());
        let always = Rechecked {
            x_shuffled: Again::Numbers(numbers(60, 0.01, 0.3, "+")),
            ..found
        };
        let reason = judged(Grounds::NegativeControl, &estimate, &always);
        assert_eq!(reason, Err(RecheckFault::FindsInShuffled));
    }
}
