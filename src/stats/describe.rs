//! Descriptions: taken from a draft as they are, since nothing is judged.

use super::agreement::evidence;
use crate::message::TestDraft;
use crate::science::{DescriptionRecord, TestStatus};

/// The description of a draft.
///
/// # Errors
/// Why there is none, in a sentence.
pub(super) fn describe_draft(draft: &TestDraft, cycle: u32) -> Result<DescriptionRecord, String> {
    let (hypothesis, result) = (&draft.hypothesis, &draft.result);
    if result.status != TestStatus::Ok {
        return Err(result
            .reason
            .clone()
            .unwrap_or_else(|| "the script gave no reason".to_owned()));
    }
    let whole = result.whole.as_ref().filter(|_| !result.figures.is_empty());
    let whole = whole.ok_or("the script gave no figure")?;
    let mut caveats = result.caveats.clone();
    caveats.sort();
    caveats.dedup();
    Ok(DescriptionRecord {
        id: hypothesis.id.clone(),
        dataset: hypothesis.dataset.clone(),
        cycle,
        statement: hypothesis.statement.clone(),
        column: hypothesis.y.clone(),
        by: hypothesis.by.clone(),
        of: hypothesis.covariates.first().cloned(),
        method: result.test.clone().unwrap_or_default(),
        why: result.why.clone().unwrap_or_default(),
        n: whole.n,
        missing: result.missing.unwrap_or_default(),
        ungrouped: result.ungrouped.unwrap_or_default(),
        skewed: result.skewed,
        dependence: result.dependence.clone(),
        figures: result.figures.clone(),
        caveats,
        caveat_notes: result.caveat_notes.clone(),
        evidence: evidence(
            &draft.experiment,
            &draft.script_sha256,
            &draft.result_sha256,
            draft.index,
        ),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::message::{CycleJudged, JudgeCycle};
    use crate::science::{Findings, HypothesisId, TestRecord, Wording};
    use crate::stats::judge;

    /// A cycle with one description, whose result is changed.
    fn request(more: Value) -> JudgeCycle {
        let id = HypothesisId::derive("share");
        let figure = json!({"name": "share", "group": null, "level": "yes", "n": 210, "count": 30.0, "total": 210.0,
            "value": 1.0 / 7.0, "ci_low": 0.102, "ci_high": 0.197, "ci_level": 0.95});
        let mut result = json!({"id": id, "status": "ok", "test": "scipy.stats.norm", "why": "w", "figures": [figure],
            "missing": 4, "whole": {"n": 210, "statistic": null, "p": null, "effect": null, "direction": null}});
        result
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        serde_json::from_value(json!({
            "cycle": 1, "arm": "observed", "alpha": 0.05, "randomised": [],
            "tiers": [{"tier": "primary", "alpha": 0.05, "tests": 1, "weight": 1.0}],
            "drafts": [{
                "hypothesis": {
                    "id": id, "dataset": "d", "arm": "observed", "kind": "describe", "x": "a", "y": "a",
                    "part": "whole", "statement": "s", "predicted": null, "parent": null, "rationale": "", "weight": 1.0,
                    "tier": "primary",
                    "scores": {"relevance": 1.0, "information": 1.0, "novelty": 1.0, "testability": 1.0},
                },
                "experiment": "e-000000000001", "script_sha256": "", "result_sha256": "", "index": 0, "result": result,
            }],
        }))
        .unwrap()
    }

    #[test]
    fn a_description_is_no_test_of_its_family() {
        let judgement = judge(&request(json!({})));
        let [description] = &*judgement.descriptions else {
            panic!("{judgement:?}")
        };
        assert_eq!((description.n, description.missing), (210, 4));
        assert!(judgement.records.is_empty() && judgement.untested.is_empty());
        let family = &judgement.families[0];
        assert_eq!((family.tests, family.significant), (0, 0));
        // As `findings.json` has it, p and q are null.
        let record = TestRecord::from(description);
        assert_eq!(
            (record.wording.clone(), record.is_finding()),
            (Wording::Description, false)
        );
        let told = serde_json::to_value(record).unwrap();
        assert_eq!((&told["p"], &told["q"]), (&Value::Null, &Value::Null));
        assert!(Findings::schema().to_value()["$defs"]["Test"]["properties"]["figures"].is_object());
    }

    #[test]
    fn what_could_not_be_described_is_untested_and_has_no_p() {
        let failed = json!({"status": "not_testable", "reason": "no row has a value of 'a'", "figures": []});
        for more in [failed, json!({"figures": []})] {
            let judgement = judge(&request(more));
            assert!(judgement.descriptions.is_empty() && judgement.records.is_empty());
            assert_eq!(judgement.untested.len(), 1);
        }
    }

    #[test]
    fn verdicts_of_earlier_runs_have_no_descriptions() {
        let told = json!({"cycle": 1, "arm": "observed", "families": [], "records": [], "untested": []});
        let read: CycleJudged = serde_json::from_value(told.clone()).unwrap();
        assert!(read.descriptions.is_empty());
        assert_eq!(serde_json::to_value(read).unwrap(), told);
    }
}
