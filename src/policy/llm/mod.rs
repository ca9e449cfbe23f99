//! The rule book and a language model: what the rule book proposes is always there, and the model adds to it.
//!
//! `ideas` is the form of the model's answers, `knowledge` what it is told, `admit` decides which of its ideas become
//! hypotheses, `merge` puts them beside the rule book's.

pub(super) mod admit;
pub(super) mod ideas;
pub mod knowledge;
mod merge;

use std::sync::Arc;

use futures::{FutureExt, future::LocalBoxFuture};
use serde::Serialize;

use self::{
    admit::Admission,
    ideas::{FollowUps, Ideas},
    knowledge::{Knowledge, Sources},
};
use super::{Policy, Proposed, Rules, Thinker, Thought, heuristic};
use crate::agent::{AgentContext, AgentError};
use crate::llm::Objection;
use crate::message::{ModelAnswers, ModelPlan, ProposeHypotheses};
use crate::prompt::{Prompt, PromptError, Rendered};

/// The policy with a model.
#[derive(Debug, Clone)]
pub struct LlmPolicy {
    rules: Arc<Rules>,
    thinker: Thinker,
}

impl LlmPolicy {
    /// Thinks with `thinker` besides the rule book, of which `rules` are a part.
    pub fn new(rules: Arc<Rules>, thinker: Thinker) -> Self {
        Self { rules, thinker }
    }
}

impl Policy for LlmPolicy {
    fn propose(
        &self,
        request: ProposeHypotheses,
        context: AgentContext,
    ) -> LocalBoxFuture<'static, Result<Proposed, AgentError>> {
        let (rules, thinker) = (Arc::clone(&self.rules), self.thinker.clone());
        async move {
            let asked = request.clone();
            let ruled = context.run_blocking(move || heuristic::propose(&asked, &rules)).await?;
            let Some(plan) = room_for_ideas(&request) else {
                return Ok(Proposed {
                    answer: ruled,
                    notice: None,
                });
            };
            let admission = Admission::new(&request, &plan);
            let question = rendered(&request, &plan, thinker.prompt_tokens())
                .map_err(AgentError::fatal)?
                .into_question("propose", request.cycle);
            let thought = if request.cycle == 1 {
                let check = |ideas: &Ideas| {
                    admission
                        .check(&FollowUps::from(ideas.clone()))
                        .map_err(Objection::from)
                };
                match thinker.ask::<Ideas>(&context, question, check).await? {
                    Thought::Answer(answer) => Ok((FollowUps::from(answer.value), answer.model)),
                    Thought::Nothing(nothing) => Err(nothing),
                }
            } else {
                let check = |ideas: &FollowUps| admission.check(ideas).map_err(Objection::from);
                match thinker.ask::<FollowUps>(&context, question, check).await? {
                    Thought::Answer(answer) => Ok((answer.value, answer.model)),
                    Thought::Nothing(nothing) => Err(nothing),
                }
            };
            Ok(match thought {
                Ok((ideas, model)) => {
                    let mut answer = merge::merge(ruled, admission.admit(&ideas, &model));
                    answer.model = ModelAnswers::one_used();
                    Proposed { answer, notice: None }
                }
                Err(nothing) => {
                    let mut answer = ruled;
                    answer.remarks.push(nothing.remark);
                    answer.model = nothing.answers;
                    Proposed {
                        answer,
                        notice: nothing.notice,
                    }
                }
            })
        }
        .boxed_local()
    }
}

/// The model's part in this cycle; none where it has none, or where nothing that it could propose would be tested.
fn room_for_ideas(request: &ProposeHypotheses) -> Option<ModelPlan> {
    let mut plan = request.plan.model.clone()?;
    let later = request.cycle > 1;
    if !later {
        plan.analyses = 0;
    }
    let rows = request
        .profiles
        .iter()
        .any(|(_, profile)| !later || profile.split.possible);
    (rows && request.limit > 0 && plan.hypotheses + plan.analyses > 0).then_some(plan)
}

/// What the prompts of both stages are filled in with.
#[derive(Serialize)]
struct Filling<'a> {
    #[serde(flatten)]
    knowledge: Knowledge,
    focus: Option<&'a str>,
    most: usize,
    hypotheses: usize,
    analyses: usize,
}

/// The prompt, no longer than `tokens` by our estimate.
fn rendered(request: &ProposeHypotheses, plan: &ModelPlan, tokens: usize) -> Result<Rendered, PromptError> {
    let first = request.cycle == 1;
    let prompt = Prompt::load(
        crate::message::agent::HYPOTHESIS_GENERATOR,
        if first { "propose" } else { "follow_up" },
    )?;
    let sources = Sources {
        question: &request.plan.question,
        target: request.plan.target.as_deref(),
        profiles: &request.profiles,
        known: if first { &[] } else { &request.known },
        refuted: if first { &[] } else { &request.refuted },
        elsewhere: &request.elsewhere,
        names_only: first,
    };
    let fill = |knowledge: Knowledge| {
        prompt.render(Filling {
            knowledge,
            focus: request.focus.as_deref().filter(|_| !first),
            most: plan.hypotheses,
            hypotheses: plan.hypotheses,
            analyses: plan.analyses,
        })
    };
    knowledge::fitted(&sources, tokens, fill)
}

#[cfg(test)]
mod tests;
