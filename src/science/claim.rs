//! The claim of a hypothesis, independent of the table that it is tested on.

use super::{ClaimId, Hypothesis, HypothesisId, Part, kind};

impl Hypothesis {
    /// The claim: kind and columns, and for an analysis of a model's what it reads and what its effect is. Neither the
    /// table nor the part of its rows is in it, nor which of two numeric columns comes first.
    pub fn derive_claim_id(&self) -> ClaimId {
        let (mut x, mut y) = (self.x.as_str(), self.y.as_str());
        if self.kind == kind::NUMERIC_NUMERIC && y < x {
            std::mem::swap(&mut x, &mut y);
        }
        let mut covariates = self.covariates.clone();
        covariates.sort();
        let analysis = self.analysis.as_ref().map(|analysis| {
            let mut columns = analysis.columns.clone();
            columns.sort();
            (columns, &analysis.effect)
        });
        let claim = (&self.kind, x, y, covariates, &self.by, &self.event, analysis);
        ClaimId::derive(serde_json::to_vec(&claim).unwrap_or_default())
    }

    /// The ids of the same hypothesis judged on all rows, and on those held back.
    pub fn ids_on_any_part(&self) -> [HypothesisId; 2] {
        [Part::Whole, Part::Confirm].map(|part| {
            let hypothesis = Self { part, ..self.clone() };
            hypothesis.derive_id()
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn hypothesis(change: serde_json::Value) -> Hypothesis {
        let mut value = json!({
            "id": HypothesisId::unnamed(), "dataset": "penguins", "arm": "observed", "kind": "numeric_numeric", "x": "a", "y": "b",
            "part": "whole", "statement": "s", "predicted": null, "parent": null, "rationale": "",
            "scores": {"relevance": 0.8, "information": 1.0, "novelty": 1.0, "testability": 1.0}, "weight": 1.0,
        });
        value
            .as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        serde_json::from_value(value).unwrap()
    }

    /// As graphs that Kosmos 0.1 wrote have them: `tests/golden/project-second` remembers these.
    #[test]
    fn ids_of_version_0_1_stay() {
        for (claim, id) in [
            (json!({"x": "wing", "y": "mass"}), "c-85844f6dea7ee7a0"),
            (
                json!({"kind": "group_numeric", "x": "coast", "y": "mass"}),
                "c-4f7e5378b49f56c3",
            ),
        ] {
            assert_eq!(hypothesis(claim).derive_claim_id().as_str(), id);
        }
    }

    #[test]
    fn it_is_the_same_on_any_table_and_another_for_other_columns() {
        let claim = hypothesis(json!({})).derive_claim_id();
        for same in [
            json!({"dataset": "others", "part": "confirm", "predicted": "+", "arm": "shuffled"}),
            json!({"x": "b", "y": "a"}),
        ] {
            assert_eq!(hypothesis(same.clone()).derive_claim_id(), claim, "{same}");
        }
        for other in [
            json!({"x": "c"}),
            json!({"kind": "adjusted", "covariates": ["c"]}),
            json!({"kind": "dose_response"}),
            json!({"kind": "stratified", "by": "c"}),
        ] {
            assert_ne!(hypothesis(other.clone()).derive_claim_id(), claim, "{other}");
        }
        let ordered = json!({"kind": "dose_response", "x": "b", "y": "a"});
        let reversed = json!({"kind": "dose_response"});
        assert_ne!(
            hypothesis(ordered).derive_claim_id(),
            hypothesis(reversed).derive_claim_id()
        );
        let given = json!({"kind": "adjusted", "covariates": ["c", "d"]});
        let turned = json!({"kind": "adjusted", "covariates": ["d", "c"]});
        assert_eq!(
            hypothesis(given).derive_claim_id(),
            hypothesis(turned).derive_claim_id()
        );
    }
}
