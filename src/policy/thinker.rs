//! A model as agents use it: an answer, or none with what follows from that. In one place: all agents fail alike.

use std::time::Duration;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::agent::{AgentContext, AgentError};
use crate::config::OnOutage;
use crate::llm::{LlmError, Mind, ModelQuestion, ModelReply, Objection, ReplyFault};
use crate::message::{BudgetSpent, LostAnswer, ModelAnswers, ModelLost, Outgoing, agent};
use crate::prompt::{inline, shorten_to};

/// Longest reason that a remark repeats, in characters.
const LONGEST_REASON: usize = 300;

/// A mind, with what becomes of an agent's work when it gives no answer.
#[derive(Debug, Clone)]
pub struct Thinker {
    mind: Mind,
    on_outage: OnOutage,
    patience: Duration,
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq)]
pub enum Thought<T> {
    /// An answer of the asked form.
    Answer(ModelReply<T>),
    /// None; the agent gives its own answer without the model.
    Nothing(NoAnswer),
}

/// Why there is no answer, and what else is to be said for it.
#[derive(Debug, Clone, PartialEq)]
pub struct NoAnswer {
    /// For the answer's remarks.
    pub remark: String,
    /// What the agent sends besides its answer: that a budget is spent, that the model is lost. Nothing more is asked
    /// after it.
    pub notice: Option<Outgoing>,
    /// The question with its replies; empty if there was none.
    pub answers: ModelAnswers,
}

impl Thinker {
    /// Thinks with `mind`, and waits no longer than `patience` for any one answer.
    pub fn new(mind: Mind, on_outage: OnOutage, patience: Duration) -> Self {
        Self {
            mind,
            on_outage,
            patience,
        }
    }

    /// Tokens that a prompt may have.
    pub fn prompt_tokens(&self) -> usize {
        self.mind.prompt_tokens()
    }

    /// Asks; `check` says in a sentence what is wrong with an answer of the right form.
    ///
    /// # Errors
    /// When the run is to pause, was called off, or cannot go on: the handler fails with it.
    pub async fn ask<T>(
        &self,
        context: &AgentContext,
        question: ModelQuestion,
        check: impl Fn(&T) -> Result<(), Objection>,
    ) -> Result<Thought<T>, AgentError>
    where
        T: DeserializeOwned + JsonSchema,
    {
        let purpose = question.purpose;
        match tokio::time::timeout(self.patience, self.mind.ask(context, question, check)).await {
            Ok(Ok(answer)) => Ok(Thought::Answer(answer)),
            Ok(Err(error)) => no_answer(error, purpose, self.on_outage).map(Thought::Nothing),
            Err(_) => Ok(Thought::Nothing(too_late(purpose, self.patience))),
        }
    }
}

impl Thinker {
    /// As [`Thinker::ask`], for an answer of the form that a JSON Schema gives.
    ///
    /// # Errors
    /// As there.
    pub async fn ask_json(
        &self,
        context: &AgentContext,
        question: ModelQuestion,
        schema: &Value,
    ) -> Result<Thought<Value>, AgentError> {
        let purpose = question.purpose;
        let asked = self.mind.ask_json(context, question, schema, |_| Ok(()));
        match tokio::time::timeout(self.patience, asked).await {
            Ok(Ok(answer)) => Ok(Thought::Answer(answer)),
            Ok(Err(error)) => no_answer(error, purpose, self.on_outage).map(Thought::Nothing),
            Err(_) => Ok(Thought::Nothing(too_late(purpose, self.patience))),
        }
    }
}

fn too_late(purpose: &str, patience: Duration) -> NoAnswer {
    NoAnswer {
        remark: format!("no answer to `{purpose}` within {} s", patience.as_secs()),
        notice: None,
        answers: ModelAnswers::default(),
    }
}

/// What follows from a failure.
fn no_answer(error: LlmError, purpose: &str, on_outage: OnOutage) -> Result<NoAnswer, AgentError> {
    // What a model said in place of an answer is in the journal; in a report it could pass for a result.
    let told = match &error {
        LlmError::Invalid { .. } => "the model gave no usable answer, nor at a second try".to_owned(),
        LlmError::Refused { .. } => "the model refused to answer".to_owned(),
        error => shorten_to(&inline(&error.to_string()), LONGEST_REASON),
    };
    tracing::warn!(purpose, %error, "no answer of the model");
    let lost = match &error {
        LlmError::Invalid { fault, calls, .. } => Some((*fault, *calls)),
        LlmError::Refused { calls, .. } => Some((ReplyFault::Refused, *calls)),
        _ => None,
    };
    let lost = lost.filter(|(_, calls)| *calls > 0);
    let nothing = |notice: Option<Outgoing>| {
        Ok(NoAnswer {
            remark: format!("no answer to `{purpose}`: {told}"),
            notice,
            answers: ModelAnswers {
                used: 0,
                lost: lost
                    .map(|(fault, calls)| LostAnswer { calls, fault })
                    .into_iter()
                    .collect(),
            },
        })
    };
    match error {
        LlmError::Invalid { .. } | LlmError::Refused { .. } => nothing(None),
        LlmError::BudgetSpent { budget, ref detail } => {
            let spent = BudgetSpent {
                budget: budget.into(),
                detail: detail.clone(),
            };
            nothing(Some(Outgoing::new(agent::RESEARCH_DIRECTOR, spent)))
        }
        LlmError::Rejected { what, remedy } | LlmError::Outage { what, remedy } => match on_outage {
            OnOutage::Pause => Err(AgentError::Paused { what, remedy }),
            OnOutage::End => {
                let lost = ModelLost {
                    detail: format!("{what}; {remedy}"),
                };
                nothing(Some(Outgoing::new(agent::RESEARCH_DIRECTOR, lost)))
            }
        },
        LlmError::NotRecorded { .. } => Err(AgentError::not_recorded(error)),
        LlmError::Cancelled => Err(AgentError::Cancelled),
        LlmError::Journal(error) => Err(AgentError::Journal(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Payload;

    fn told(error: LlmError, on_outage: OnOutage) -> Result<NoAnswer, AgentError> {
        no_answer(error, "propose", on_outage)
    }

    #[test]
    fn an_unusable_answer_is_a_remark() {
        let reason = format!("not\nJSON\u{202e} {}", "x".repeat(5000));
        let unusable = LlmError::Invalid {
            reason,
            fault: ReplyFault::CutOff,
            calls: 2,
        };
        let nothing = told(unusable, OnOutage::Pause).unwrap();
        let lost = LostAnswer {
            calls: 2,
            fault: ReplyFault::CutOff,
        };
        assert_eq!(nothing.answers.lost, [lost]);
        assert_eq!(nothing.notice, None);
        assert_eq!(
            nothing.remark,
            "no answer to `propose`: the model gave no usable answer, nor at a second try"
        );
        let reason = "r = 0.99".to_owned();
        let nothing = told(LlmError::Refused { reason, calls: 1 }, OnOutage::Pause).unwrap();
        assert_eq!(nothing.remark, "no answer to `propose`: the model refused to answer");
    }

    #[test]
    fn a_spent_budget_is_told_to_the_director() {
        let error = LlmError::BudgetSpent {
            budget: "tokens",
            detail: "900 of 1000 tokens are used".to_owned(),
        };
        let nothing = told(error, OnOutage::Pause).unwrap();
        let Payload::BudgetSpent(spent) = nothing.notice.unwrap().payload else {
            panic!("not a spent budget");
        };
        assert_eq!(
            (spent.budget.as_str(), spent.detail.as_str()),
            ("tokens", "900 of 1000 tokens are used")
        );
    }

    #[test]
    fn an_outage_pauses_or_ends_as_set() {
        let outage = || LlmError::Outage {
            what: "the endpoint is away".to_owned(),
            remedy: "start it".to_owned(),
        };
        let rejected = || LlmError::Rejected {
            what: "the key was refused".to_owned(),
            remedy: "set another".to_owned(),
        };
        for error in [outage(), rejected()] {
            let paused = told(error, OnOutage::Pause).unwrap_err();
            assert!(matches!(paused, AgentError::Paused { .. }), "{paused}");
        }
        for error in [outage(), rejected()] {
            let notice = told(error, OnOutage::End).unwrap().notice.unwrap();
            assert!(matches!(notice.payload, Payload::ModelLost(_)));
        }
    }

    #[test]
    fn what_is_not_the_models_fault_fails_the_handler() {
        assert!(matches!(
            told(LlmError::Cancelled, OnOutage::End),
            Err(AgentError::Cancelled)
        ));
        let error = LlmError::NotRecorded {
            agent: "data_analyst".to_owned(),
            purpose: "interpret".to_owned(),
        };
        assert_eq!(
            told(error, OnOutage::End).unwrap_err().fault(),
            crate::agent::Fault::NotRecorded
        );
    }
}
