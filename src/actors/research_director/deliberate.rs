//! Asks the director's own model where the next cycle should look.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::agent::{AgentContext, AgentError};
use crate::llm::Objection;
use crate::message::{Deliberate, Deliberated, ModelAnswers, Outgoing, agent};
use crate::policy::{
    Thinker, Thought,
    knowledge::{self, Sources},
};
use crate::prompt::{Prompt, inline, shorten_to};

/// Letters of the focus, at most.
const LONGEST: usize = 400;

/// The form of its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Direction {
    /// Where the next cycle should look, in one or two sentences.
    focus: String,
    /// Whether nothing worth a test is left to propose.
    stop: bool,
    /// Why, in one sentence.
    reason: String,
}

/// The answer to the director itself, and what else is to be told. Without a usable answer the research goes on as it
/// would without the model.
///
/// # Errors
/// When the run is to pause, or cannot go on.
pub(super) async fn deliberate_on_direction(
    thinker: Option<&Thinker>,
    request: &Deliberate,
    context: &AgentContext,
) -> Result<Vec<Outgoing>, AgentError> {
    let mut answer = Deliberated {
        cycle: request.cycle,
        focus: None,
        stop: false,
        reason: String::new(),
        remarks: Vec::new(),
        model: ModelAnswers::default(),
    };
    let Some(thinker) = thinker else {
        return Ok(vec![Outgoing::new(agent::RESEARCH_DIRECTOR, answer)]);
    };
    let prompt = Prompt::load(agent::RESEARCH_DIRECTOR, "deliberate").map_err(AgentError::fatal)?;
    let sources = Sources {
        question: &request.question,
        target: request.target.as_deref(),
        profiles: &request.profiles,
        known: &request.known,
        refuted: &request.refuted,
        elsewhere: &request.elsewhere,
        names_only: false,
    };
    let question = knowledge::fitted(&sources, thinker.prompt_tokens(), |knowledge| prompt.render(knowledge))
        .map_err(AgentError::fatal)?
        .into_question("deliberate", request.cycle);
    let notice = match thinker.ask::<Direction>(context, question, check_direction).await? {
        Thought::Answer(thought) => {
            let focus = shorten_to(inline(&thought.value.focus).trim(), LONGEST);
            answer.focus = (!focus.is_empty()).then_some(focus);
            answer.model = ModelAnswers::one_used();
            answer.stop = thought.value.stop;
            answer.reason = shorten_to(&inline(&thought.value.reason), LONGEST);
            None
        }
        Thought::Nothing(nothing) => {
            answer.remarks.push(nothing.remark);
            answer.model = nothing.answers;
            nothing.notice
        }
    };
    let answer = Outgoing::new(agent::RESEARCH_DIRECTOR, answer);
    Ok(std::iter::once(answer).chain(notice).collect())
}

fn check_direction(direction: &Direction) -> Result<(), Objection> {
    if direction.focus.trim().is_empty() && !direction.stop {
        return Err("`focus` must say where to look, or `stop` must be true"
            .to_owned()
            .into());
    }
    Ok(())
}
