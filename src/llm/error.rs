//! How asking a model fails.

use std::sync::Arc;

use crate::journal::JournalError;

/// A question without an answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LlmError {
    /// No answer of the asked form, a second try included.
    #[error("the model gave no usable answer: {reason}")]
    Invalid {
        /// What is wrong with it, in a sentence.
        reason: String,
    },
    /// The model or its endpoint declined to answer.
    #[error("the model refused to answer: {reason}")]
    Refused {
        #[allow(missing_docs)]
        reason: String,
    },
    /// The next call does not fit into a budget.
    #[error("the budget `{budget}` is spent: {detail}")]
    BudgetSpent {
        /// `tokens` or `usd`.
        budget: &'static str,
        /// Used, reserved and allowed, for a person.
        detail: String,
    },
    /// The endpoint is wrong for good: address, key, model or quota.
    #[error("{what}")]
    Rejected {
        /// The problem, in a sentence without its remedy.
        what: String,
        /// The user's next step.
        remedy: String,
    },
    /// The endpoint is away, or limits us, for longer than we wait.
    #[error("{what}")]
    Outage {
        /// The problem, in a sentence without its remedy.
        what: String,
        /// The user's next step.
        remedy: String,
    },
    /// A replayed run asks what the recorded one did not.
    #[error(
        "the recorded run holds no reply to this question of `{agent}` ({purpose}): its settings or prompts are not those of now"
    )]
    NotRecorded {
        #[allow(missing_docs)]
        agent: String,
        #[allow(missing_docs)]
        purpose: String,
    },
    /// The work was called off.
    #[error("cancelled")]
    Cancelled,
    /// The journal failed under it.
    #[error("the journal failed: {0}")]
    Journal(#[from] Arc<JournalError>),
}

impl LlmError {
    /// The user's next step, where there is one.
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::Rejected { remedy, .. } | Self::Outage { remedy, .. } => Some(remedy),
            _ => None,
        }
    }
}

/// A check's objection to an answer of the right form: a sentence that the model is asked to act on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Objection(String);

impl From<String> for Objection {
    fn from(sentence: String) -> Self {
        Self(sentence)
    }
}

impl From<JournalError> for LlmError {
    fn from(error: JournalError) -> Self {
        Self::Journal(Arc::new(error))
    }
}
