//! The model's hypotheses beside the rule book's.

use super::admit::Admitted;
use crate::message::HypothesesProposed;
use crate::policy::statement::statement;
use crate::science::{Hypothesis, HypothesisId, Part, Tier};

/// All proposals of the rule book in their order, then what only the model proposed. What both propose is one
/// hypothesis: the rule book's, with the model named, its prediction where there was none, and in the survey the larger
/// weight.
pub(super) fn merge(mut ruled: HypothesesProposed, admitted: Admitted) -> HypothesesProposed {
    let (mut agreed, mut added) = (0, 0);
    for idea in admitted.hypotheses {
        let twins = [Part::Whole, Part::Confirm].map(|part| on(part, &idea));
        match ruled.hypotheses.iter_mut().find(|known| twins.contains(&known.id)) {
            Some(known) => {
                agreed += 1;
                note(known, &idea);
            }
            None => {
                added += 1;
                ruled.hypotheses.push(idea);
            }
        }
    }
    if agreed + added > 0 {
        ruled.rationale = format!(
            "{}; of the ideas of {}, {agreed} were among these and {added} came on top",
            ruled.rationale, admitted.model
        );
    }
    ruled.remarks.extend(admitted.remarks);
    ruled
}

fn on(part: Part, idea: &Hypothesis) -> HypothesisId {
    Hypothesis { part, ..idea.clone() }.derive_id()
}

fn note(known: &mut Hypothesis, idea: &Hypothesis) {
    known.proposed_by.clone_from(&idea.proposed_by);
    if known.tier == Tier::Survey {
        known.weight = known.weight.max(idea.weight);
    }
    if known.predicted.is_none() && idea.predicted.is_some() {
        known.predicted.clone_from(&idea.predicted);
        known.statement = statement(known);
    }
}
