//! What agents that are folders propose: held to the same rules as the ideas of a model.

use super::llm::{
    admit::Admission,
    ideas::{Idea, IdeaKind, Predicted},
};
use crate::message::{AgentName, ModelPlan, ProposeHypotheses, ProposedHypothesis, ProposedKind};
use crate::science::Hypothesis;

/// The hypothesis that a proposal comes to, named by the agent.
///
/// # Errors
/// Why it cannot be tested, in a sentence.
pub(crate) fn admit(
    request: &ProposeHypotheses,
    agent: &AgentName,
    proposed: &ProposedHypothesis,
) -> Result<Hypothesis, String> {
    let mut request = request.clone();
    request.profiles.retain(|(name, _)| *name == proposed.dataset);
    if request.profiles.is_empty() {
        return Err(format!("`{}` is no table of this run", proposed.dataset));
    }
    let idea = Idea {
        kind: match proposed.kind {
            ProposedKind::Association => IdeaKind::Association,
            ProposedKind::Adjusted => IdeaKind::Adjusted,
            ProposedKind::Stratified => IdeaKind::Stratified,
            ProposedKind::Interaction => IdeaKind::Interaction,
            ProposedKind::DoseResponse => IdeaKind::DoseResponse,
        },
        x: proposed.x.clone(),
        y: proposed.y.clone(),
        covariates: proposed.covariates.clone(),
        by: proposed.by.clone(),
        event: None,
        // Ours, which claims no more than the test can tell.
        statement: String::new(),
        predicted: match proposed.predicted.as_deref() {
            Some("+") => Predicted::Rising,
            Some("-") => Predicted::Falling,
            _ => Predicted::Unknown,
        },
        rationale: proposed.rationale.clone(),
    };
    let room = ModelPlan {
        hypotheses: usize::MAX,
        analyses: 0,
        max_repairs: 0,
    };
    let admission = Admission::new(&request, &room);
    let found = admission.hypothesis(&idea, agent.as_str())?;
    match admission.is_tested(&found) {
        true => Err(format!("{} was tested before", found.statement)),
        false => Ok(found),
    }
}
