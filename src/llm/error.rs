//! Errors of asking a model.

use std::sync::Arc;

use kosmos_engine::journal::JournalError;

use super::ReplyFault;

/// Why a question has no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LlmError {
    /// The answer does not have the requested form, even after a second try.
    #[error("the model gave no usable answer: {reason}")]
    Invalid {
        /// The fault, in a sentence.
        reason: String,
        /// The fault of the last reply.
        fault: ReplyFault,
        /// Replies that there were.
        calls: u64,
    },
    /// The model or its endpoint declined to answer.
    #[error("the model refused to answer: {reason}")]
    Refused {
        /// The refusal, in the words of the model or its endpoint.
        reason: String,
        /// Replies that there were.
        calls: u64,
    },
    /// The next call does not fit into the budget.
    #[error("the budget `{budget}` is spent: {detail}")]
    BudgetSpent {
        /// `tokens` or `usd`.
        budget: &'static str,
        /// Used, reserved and allowed amounts, for a person.
        detail: String,
    },
    /// A permanent problem with the endpoint: address, key, model or quota.
    #[error("{what}")]
    Rejected {
        /// The problem, in a sentence without its remedy.
        what: String,
        /// The user's next step.
        remedy: String,
    },
    /// The endpoint is unreachable or rate-limits us for longer than the settings allow to wait.
    #[error("{what}")]
    Outage {
        /// The problem, in a sentence without its remedy.
        what: String,
        /// The user's next step.
        remedy: String,
    },
    /// A replayed run asks a question that the recorded run did not ask.
    #[error(
        "the recorded run holds no reply to this question of `{agent}` ({purpose}): its settings or prompts were different"
    )]
    NotRecorded {
        /// The agent that asks.
        agent: String,
        /// The question's purpose.
        purpose: String,
    },
    /// The call was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// The journal failed during the call.
    #[error("the journal failed: {0}")]
    Journal(#[from] Arc<JournalError>),
}

impl LlmError {
    /// A question that got no reply for a reason of our own.
    pub(super) fn without_reply(reason: String) -> Self {
        Self::Invalid {
            reason,
            fault: ReplyFault::Unfit,
            calls: 0,
        }
    }

    /// The same error of a second try, with the reply of the first counted.
    pub(super) fn after_first_reply(mut self) -> Self {
        if let Self::Invalid { calls, .. } | Self::Refused { calls, .. } = &mut self {
            *calls += 1;
        }
        self
    }

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
