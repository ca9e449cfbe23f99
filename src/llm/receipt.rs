//! What the journal keeps of a reply.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Question, Tokens};
use crate::journal::{Entry, JournalError, Record};
use crate::message::AgentName;

/// What the keys of the receipts of replies begin with; the rest is the SHA-256 of the question.
pub const KEY: &str = "llm:";

/// What the keys of receipts begin with that hold the tokens of calls that gave no reply.
pub(super) const LOST: &str = "llm-lost:";

/// A reply, as the journal keeps it: whoever asks the same again is answered from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Receipt {
    /// Who asked first.
    pub agent: String,
    /// What for.
    pub purpose: String,
    /// In which cycle.
    pub cycle: u32,
    /// The model that was asked.
    pub model: String,
    /// SHA-256 of the prompt's template.
    pub template_sha256: String,
    /// The reply as it came, secrets struck out.
    pub text: String,
    /// Why the model stopped, as the endpoint calls it.
    pub finish_reason: String,
    /// Tokens that it took, those of attempts that gave no reply included.
    pub usage: Tokens,
    /// US dollars; none where the model has no price.
    pub usd: Option<f64>,
    /// Whether any of it is our estimate, because the endpoint did not count.
    pub estimated: bool,
    /// Set where the endpoint's answer was that it gives none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

impl Receipt {
    /// A receipt of a question that has no reply yet and has cost nothing.
    pub(super) fn without_reply(agent: &AgentName, question: &Question, model: &str) -> Self {
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

/// An answer that is none, and would be none again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// The model or its endpoint declined.
    Refused(String),
    /// What came cannot be used.
    Unusable(String),
}

/// The receipt in an entry of a journal, with its key, if that is what the entry is.
pub(super) fn receipt_of(entry: &Entry) -> Option<Result<(&str, Receipt), JournalError>> {
    match &entry.record {
        Record::Receipt { key, value } if key.starts_with(KEY) || key.starts_with(LOST) => Some(
            Receipt::deserialize(value)
                .map(|receipt| (key.as_str(), receipt))
                .map_err(JournalError::from),
        ),
        _ => None,
    }
}
