//! The journal's record of a reply.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ModelQuestion, Tokens};
use kosmos_engine::{
    AgentName, RunPayload,
    journal::{Entry, JournalError, Record},
};

/// Prefix of the keys of replies' receipts; the rest is the SHA-256 of the question.
pub const KEY: &str = "llm:";

/// Prefix of the keys of receipts for tokens of calls that gave no reply.
pub(super) const LOST: &str = "llm-lost:";

/// A recorded reply: the same question is answered from it when asked again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Receipt {
    /// The agent that asked first.
    pub agent: String,
    /// The question's purpose.
    pub purpose: String,
    /// The cycle in which it was asked.
    pub cycle: u32,
    /// The model that was asked.
    pub model: String,
    /// SHA-256 of the prompt's template.
    pub template_sha256: String,
    /// The reply's text, with secrets replaced.
    pub text: String,
    /// The endpoint's word for why the model stopped.
    pub finish_reason: String,
    /// Tokens used, including those of failed attempts.
    pub usage: Tokens,
    /// US dollars; none if the model has no price.
    pub usd: Option<f64>,
    /// Whether any of the tokens are our estimate because the endpoint did not count them.
    pub estimated: bool,
    /// Set if the endpoint or the model declined to give an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<ReplyProblem>,
}

impl Receipt {
    /// An empty receipt for a question: no reply, no cost.
    pub(super) fn without_reply(agent: &AgentName, question: &ModelQuestion, model: &str) -> Self {
        Self {
            agent: agent.to_string(),
            purpose: question.purpose.to_owned(),
            cycle: question.cycle,
            model: model.to_owned(),
            template_sha256: question.template_sha256.clone(),
            text: String::new(),
            finish_reason: String::new(),
            usage: Tokens::default(),
            usd: None,
            estimated: false,
            problem: None,
        }
    }
}

/// The reason for a missing answer that asking again would not change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Problem")]
pub enum ReplyProblem {
    /// The model or its endpoint declined.
    Refused(String),
    /// The reply cannot be used.
    Unusable(String),
}

/// The receipt in a journal entry with its key; `None` for other entries.
pub(super) fn receipt_of<P: RunPayload>(entry: &Entry<P>) -> Option<Result<(&str, Receipt), JournalError>> {
    match &entry.record {
        Record::Receipt { key, value } if key.starts_with(KEY) || key.starts_with(LOST) => Some(
            Receipt::deserialize(value)
                .map(|receipt| (key.as_str(), receipt))
                .map_err(JournalError::from),
        ),
        _ => None,
    }
}
