//! Whether two independent ways to the numbers of an analysis that a model wrote the code for agree, and which of them
//! is reported.

use crate::message::TestDraft;
use crate::science::{ExperimentId, FindingEvidence, Part, PartEstimate, TestResult, TestStatus, kind};

/// A test with the numbers that are judged and reported.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Judged<'d> {
    pub(super) result: &'d TestResult,
    pub(super) estimate: &'d PartEstimate,
    /// The p that is judged.
    pub(super) p: f64,
    pub(super) evidence: FindingEvidence,
    /// The other way to the same, where there must be one.
    pub(super) confirmed_by: Option<FindingEvidence>,
    /// What the numbers speak of, where that is not the hypothesis's own sentence.
    pub(super) statement: Option<&'d str>,
    /// The model whose code these numbers rest on.
    pub(super) written_by: Option<&'d str>,
}

/// One way to the numbers.
struct Way<'d> {
    name: &'static str,
    experiment: &'d ExperimentId,
    result: &'d TestResult,
    estimate: &'d PartEstimate,
    p: f64,
    evidence: FindingEvidence,
    written_by: Option<&'d str>,
}

/// Relative difference of n and of the effect between two scripts, at most.
const TOLERANCE: f64 = 0.01;

/// Difference of the two p-values in powers of ten, at most; or this share of the larger power where that is more,
/// since p-values of many zeros differ by more between ways that agree in all else.
const POWERS: f64 = 0.3;
const SHARE_OF_POWER: f64 = 0.02;

/// Two p-values above this agree that there is nothing to see.
const NOTHING: f64 = 0.2;

/// The level at which a template and a script must both see it, or neither.
const LEVEL: f64 = 0.05;

/// The numbers of a draft, with the p to judge by.
///
/// # Errors
/// Why it cannot be judged, in a sentence.
pub(super) fn judged(draft: &TestDraft) -> Result<Judged<'_>, String> {
    if draft.hypothesis.kind == kind::CUSTOM {
        return agreed(draft);
    }
    let (estimate, p) = primary(&draft.result, draft.hypothesis.part)?;
    Ok(Judged {
        result: &draft.result,
        estimate,
        p,
        evidence: evidence(
            &draft.experiment,
            &draft.script_sha256,
            &draft.result_sha256,
            draft.index,
        ),
        confirmed_by: None,
        statement: None,
        written_by: None,
    })
}

/// The estimate that the hypothesis is judged by: its own part's, with a usable p.
fn primary(result: &TestResult, part: Part) -> Result<(&PartEstimate, f64), String> {
    if result.status != TestStatus::Ok {
        return Err(result
            .reason
            .clone()
            .unwrap_or_else(|| "the script gave no reason".to_owned()));
    }
    let (estimate, part) = match part {
        Part::Whole => (result.whole.as_ref(), "all rows"),
        Part::Confirm => (result.confirm.as_ref(), "the rows held back"),
    };
    let estimate = estimate.ok_or_else(|| format!("too few rows for a test on {part}"))?;
    // Rows that repeat a unit say less than their number; what that costs is known for the whole table alone, and
    // taking the larger of two p-values never makes a test too easy.
    let robust = result
        .p_judged
        .filter(|_| result.p_judged_by.as_deref().is_some_and(|by| by != "primary"));
    match estimate.p.map(|p| robust.map_or(p, |robust| p.max(robust))) {
        Some(p) if (0.0..=1.0).contains(&p) => Ok((estimate, p)),
        _ => Err(format!("the test on {part} has no p-value")),
    }
}

/// The numbers that two ways agree on. A template's are reported where it is one of them; of two scripts, those with
/// the larger p.
fn agreed(draft: &TestDraft) -> Result<Judged<'_>, String> {
    if draft.hypothesis.part != Part::Confirm {
        return Err("code that a model wrote is judged on rows held back only".to_owned());
    }
    let second = draft
        .confirmation
        .as_deref()
        .ok_or("there is no second, independent way to its numbers")?;
    let way = |name, result, experiment, evidence, written_by| {
        let (estimate, p) = primary(result, Part::Confirm).map_err(|reason| format!("{name}: {reason}"))?;
        Ok::<_, String>(Way {
            name,
            experiment,
            result,
            estimate,
            p,
            evidence,
            written_by,
        })
    };
    let one = way(
        "the first script",
        &draft.result,
        &draft.experiment,
        evidence(
            &draft.experiment,
            &draft.script_sha256,
            &draft.result_sha256,
            draft.index,
        ),
        draft.written_by.as_deref(),
    )?;
    let other = way(
        if second.by_template {
            "the built-in template"
        } else {
            "the second script"
        },
        &second.result,
        &second.experiment,
        evidence(
            &second.experiment,
            &second.script_sha256,
            &second.result_sha256,
            second.index,
        ),
        second.written_by.as_deref(),
    )?;
    if second.same_code {
        return Err(format!(
            "there is no second, independent way to its numbers: both scripts have the same code ({}, {})",
            one.experiment, other.experiment
        ));
    }
    let difference = if second.by_template {
        against_template(&one, &other)
    } else {
        between_scripts(&one, &other)
    };
    if let Some(difference) = difference {
        return Err(format!(
            "two independent ways disagree: {difference} ({} in {}, {} in {})",
            one.name, one.experiment, other.name, other.experiment
        ));
    }
    let (told, kept) = if second.by_template || other.p > one.p {
        (other, one)
    } else {
        (one, other)
    };
    Ok(Judged {
        result: told.result,
        estimate: told.estimate,
        p: told.p,
        evidence: told.evidence,
        confirmed_by: Some(kept.evidence),
        statement: second.statement.as_deref().filter(|_| second.by_template),
        written_by: told.written_by,
    })
}

/// What a template says otherwise, if anything. It may use another test, so that its numbers are its own.
fn against_template(script: &Way<'_>, template: &Way<'_>) -> Option<&'static str> {
    match (script.p < LEVEL, template.p < LEVEL) {
        (true, true)
            if template.estimate.direction.is_some() && script.estimate.direction != template.estimate.direction =>
        {
            Some("they see opposite directions")
        }
        (true, true) | (false, false) => None,
        (true, false) | (false, true) => Some("one of them sees nothing"),
    }
}

/// What the second script says otherwise, if anything.
fn between_scripts(one: &Way<'_>, other: &Way<'_>) -> Option<&'static str> {
    let (a, b) = (one.estimate, other.estimate);
    // As the scripts computed them; what their copies say of them is another matter.
    let (p, q) = (a.p.unwrap_or(1.0), b.p.unwrap_or(1.0));
    let apart = |a: f64, b: f64| (a - b).abs() / a.abs().max(b.abs()).max(f64::MIN_POSITIVE);
    if a.direction != b.direction && p.min(q) <= NOTHING {
        return Some("their directions differ");
    }
    if apart(a.n as f64, b.n as f64) > TOLERANCE {
        return Some("they use different rows");
    }
    if !same_effect(a, b) {
        return Some("their effects differ");
    }
    if !same_p(p, q) {
        return Some("their p-values differ");
    }
    None
}

/// Within one per cent of the larger, or of the width of the wider interval: near nothing, a share of the effect is
/// nothing.
fn same_effect(a: &PartEstimate, b: &PartEstimate) -> bool {
    let value = |estimate: &PartEstimate| estimate.effect.as_ref().and_then(|effect| effect.value);
    let width = |estimate: &PartEstimate| {
        let effect = estimate.effect.as_ref()?;
        Some(effect.ci_high? - effect.ci_low?).filter(|width| width.is_finite())
    };
    let (Some(one), Some(other)) = (value(a), value(b)) else {
        return false;
    };
    let scale = [Some(one.abs()), Some(other.abs()), width(a), width(b)]
        .into_iter()
        .flatten()
        .fold(0.0, f64::max);
    (one - other).abs() <= TOLERANCE * scale
}

fn same_p(one: f64, other: f64) -> bool {
    let power = |p: f64| p.max(f64::MIN_POSITIVE).log10();
    let (a, b) = (power(one), power(other));
    (one > NOTHING && other > NOTHING) || (a - b).abs() <= POWERS.max(SHARE_OF_POWER * a.abs().max(b.abs()))
}

/// The place of a test's numbers.
pub(super) fn evidence(
    experiment: &ExperimentId,
    script_sha256: &str,
    result_sha256: &str,
    index: usize,
) -> FindingEvidence {
    FindingEvidence {
        experiment: experiment.clone(),
        script_sha256: script_sha256.to_owned(),
        result_sha256: result_sha256.to_owned(),
        locator: format!("/tests/{index}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::message::{JudgeCycle, TierPlan};
    use crate::science::{Arm, Caveat, Tier};
    use crate::stats::judge;

    fn result(p: f64, n: u64, effect: f64, direction: &str) -> Value {
        let part = |p: f64| {
            json!({ "n": n, "statistic": 3.0, "p": p, "direction": direction,
                "effect": { "name": "pearson_r", "value": effect, "ci_low": effect - 0.1, "ci_high": effect + 0.1 } })
        };
        json!({ "id": "h-000000000001", "status": "ok", "test": "scipy.stats.pearsonr", "explore": part(1e-6), "confirm": part(p) })
    }

    /// A draft of two ways; the second is a template's where `by_template` says so.
    fn draft(first: Value, second: Option<Value>, by_template: bool) -> TestDraft {
        let way = |experiment: &str, result: Value, model: Option<&str>| {
            json!({ "experiment": experiment, "script_sha256": format!("script of {experiment}"),
                "result_sha256": format!("result of {experiment}"), "index": 0, "result": result, "written_by": model })
        };
        let mut draft = way("e-000000000001", first, Some("mind-1"));
        draft["hypothesis"] = json!({
            "id": "h-000000000001", "dataset": "t", "arm": "observed", "kind": "custom", "x": "a", "y": "b", "part": "confirm",
            "statement": "as the model says", "predicted": null, "parent": null, "rationale": "",
            "scores": { "relevance": 1.0, "information": 1.0, "novelty": 1.0, "testability": 1.0 }, "weight": 1.0,
            "analysis": { "columns": ["a", "b"], "method": "m", "effect": "pearson_r", "family": null },
        });
        if let Some(second) = second {
            let mut other = way("e-000000000002", second, (!by_template).then_some("mind-1"));
            other["by_template"] = json!(by_template);
            other["statement"] = json!(by_template.then_some("as the template says"));
            draft["confirmation"] = other;
        }
        serde_json::from_value(draft).unwrap()
    }

    fn verdict(draft: TestDraft) -> crate::stats::Judgement {
        judge(&JudgeCycle {
            cycle: 2,
            arm: Arm::Observed,
            alpha: 0.05,
            tiers: vec![TierPlan {
                tier: Tier::Survey,
                alpha: 0.005,
                tests: 1,
                weight: 1.0,
            }],
            randomised: Vec::new(),
            drafts: vec![draft],
        })
    }

    #[test]
    fn two_scripts_that_agree_are_judged_by_the_more_cautious() {
        for (first, second, told, kept) in [
            (1e-8, 1.5e-8, "e-000000000002", "e-000000000001"),
            (1.5e-8, 1e-8, "e-000000000001", "e-000000000002"),
            (1e-8, 1e-8, "e-000000000001", "e-000000000002"),
        ] {
            let verdict = verdict(draft(
                result(first, 100, 0.5, "+"),
                Some(result(second, 100, 0.502, "+")),
                false,
            ));
            let [record] = verdict.records.as_slice() else {
                panic!("{:?}", verdict.untested);
            };
            assert_eq!(record.p, first.max(second));
            assert_eq!(record.evidence.experiment.as_str(), told);
            let other = record.confirmed_by.as_ref().unwrap();
            assert_eq!((other.experiment.as_str(), other.locator.as_str()), (kept, "/tests/0"));
            assert_eq!(record.caveats, ["model_written"]);
            assert_eq!(
                record.caveat_notes.get(&Caveat::ModelWritten).map(String::as_str),
                Some("mind-1")
            );
            assert_eq!(
                (record.significant, record.wording.as_str()),
                (true, "replicated association")
            );
            assert_eq!(record.statement, "as the model says");
        }
    }

    #[test]
    fn two_scripts_that_differ_are_told_as_such() {
        let one = || result(1e-8, 100, 0.5, "+");
        let table = [
            (one(), result(1e-8, 100, 0.5, "-"), "their directions differ"),
            (one(), result(1e-8, 98, 0.5, "+"), "they use different rows"),
            (one(), result(1e-8, 100, 0.52, "+"), "their effects differ"),
            (one(), result(1e-9, 100, 0.5, "+"), "their p-values differ"),
            (
                result(0.19, 100, 0.1, "+"),
                result(0.9, 100, 0.1, "+"),
                "their p-values differ",
            ),
            (one(), result(0.3, 100, 0.01, "+"), "their effects differ"),
            (
                one(),
                json!({ "id": "h-000000000001", "status": "not_testable", "reason": "it finds something in 99 of 99 shuffled copies" }),
                "the second script: it finds something in 99",
            ),
            (
                json!({ "id": "h-000000000001", "status": "not_testable", "reason": "no" }),
                one(),
                "the first script: no",
            ),
        ];
        for (first, second, words) in table {
            let verdict = verdict(draft(first, Some(second), false));
            assert!(verdict.records.is_empty(), "{words}");
            assert!(
                verdict.untested[0].reason.contains(words),
                "{}",
                verdict.untested[0].reason
            );
        }
        let verdict = verdict(draft(one(), Some(result(1e-8, 90, 0.5, "+")), false));
        assert_eq!(
            verdict.untested[0].reason,
            "two independent ways disagree: they use different rows (the first script in e-000000000001, the second script in e-000000000002)"
        );
    }

    #[test]
    fn what_is_as_good_as_the_same_agrees() {
        for (first, second) in [
            // Nothing to see: p and direction of noise are noise.
            (result(0.3, 100, 0.001, "+"), result(0.95, 100, -0.0005, "-")),
            (result(0.04, 1000, 0.1, "+"), result(0.05, 1009, 0.1005, "+")),
            // p-values of many zeros.
            (result(1e-80, 100, 0.9, "+"), result(1e-79, 100, 0.9, "+")),
            (result(0.0, 100, 0.9, "+"), result(1e-307, 100, 0.9, "+")),
        ] {
            let verdict = verdict(draft(first, Some(second), false));
            assert_eq!(verdict.untested, []);
        }
    }

    #[test]
    fn a_template_has_the_word_where_there_is_one() {
        let verdict_on = |script: f64, template: f64, direction: &str| {
            verdict(draft(
                result(script, 100, 0.9, "+"),
                Some(result(template, 120, 0.4, direction)),
                true,
            ))
        };
        let agreed = verdict_on(1e-30, 1e-4, "+");
        let record = &agreed.records[0];
        assert_eq!((record.p, record.n, record.effect.value), (1e-4, 120, Some(0.4)));
        assert_eq!(record.evidence.experiment.as_str(), "e-000000000002");
        assert_eq!(
            record.confirmed_by.as_ref().unwrap().experiment.as_str(),
            "e-000000000001"
        );
        assert_eq!(
            (record.statement.as_str(), record.caveats.len()),
            ("as the template says", 0)
        );

        assert_eq!(
            verdict_on(0.3, 0.06, "-").records[0].wording,
            "no detectable association"
        );
        for (script, template, direction, words) in [
            (1e-30, 1e-4, "-", "opposite directions"),
            (1e-30, 0.06, "+", "one of them sees nothing"),
            (0.06, 1e-4, "+", "one of them sees nothing"),
        ] {
            let verdict = verdict_on(script, template, direction);
            assert!(verdict.records.is_empty());
            assert!(
                verdict.untested[0].reason.contains(words),
                "{}",
                verdict.untested[0].reason
            );
        }
    }

    #[test]
    fn code_by_a_model_alone_is_never_a_finding() {
        let alone = verdict(draft(result(1e-30, 100, 0.9, "+"), None, false));
        assert!(alone.records.is_empty());
        assert!(alone.untested[0].reason.contains("no second, independent way"));

        let mut whole = draft(result(1e-30, 100, 0.9, "+"), Some(result(1e-30, 100, 0.9, "+")), false);
        whole.hypothesis.part = Part::Whole;
        assert!(verdict(whole).untested[0].reason.contains("rows held back only"));
    }

    #[test]
    fn the_same_code_twice_is_one_way() {
        let mut draft = draft(result(1e-30, 100, 0.9, "+"), Some(result(1e-30, 100, 0.9, "+")), false);
        draft.confirmation.as_mut().unwrap().same_code = true;
        let verdict = verdict(draft);
        assert!(verdict.records.is_empty());
        assert_eq!(
            verdict.untested[0].reason,
            "there is no second, independent way to its numbers: both scripts have the same code (e-000000000001, e-000000000002)"
        );
    }

    #[test]
    fn what_the_copies_say_is_judged_where_it_is_more() {
        let mut first = result(0.04, 100, 0.2, "+");
        first["p_judged"] = json!(0.08);
        first["p_judged_by"] = json!("permutation");
        let verdict = verdict(draft(first, Some(result(0.05, 100, 0.2, "+")), false));
        assert_eq!(verdict.records[0].p, 0.08);
        assert_eq!(verdict.records[0].evidence.experiment.as_str(), "e-000000000001");
    }
}
