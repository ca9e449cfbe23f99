//! Minds: language models at OpenAI-compatible endpoints.
//!
//! A [`Mind`] answers a [`Question`] in the form of a Rust type, or fails in a typed way. Each reply is a journalled
//! receipt, so that none is paid for twice.
//!
//! `endpoint` says where the model is and `secret` keeps its key; `request`, `dialect` and `structured` put a question into
//! the endpoint's form, `transport` carries it there, `reply` and `fault` read what comes back and `outcome` says what it
//! means. `budget`, `price`, `receipt` and `account` keep the books; `flight` makes one call of the same question asked twice,
//! `replay` answers from another run, `probe` looks before anything is done.

mod account;
mod budget;
mod dialect;
mod endpoint;
mod error;
mod fault;
mod flight;
mod mind;
mod outcome;
mod price;
mod probe;
mod receipt;
mod replay;
mod reply;
mod request;
mod secret;
mod structured;
mod tokens;
mod transport;

use std::sync::Arc;

pub use account::{Account, Share};
pub use endpoint::Endpoint;
pub use error::{LlmError, Objection};
pub use mind::{Mind, Source};
pub use price::{Price, Prices};
pub use probe::{Probed, probe};
pub use receipt::{KEY, Problem, Receipt};
pub use replay::Replay;
pub use secret::{Redactor, Secret};
pub use tokens::{Tokens, estimate};

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

/// What is told of minds at work. Texts are whatever a model writes: not fit for a terminal as they are.
#[derive(Debug, Clone, Copy)]
pub enum MindEvent<'a> {
    /// A piece of a reply came.
    Said {
        /// Who asked.
        agent: &'a str,
        #[allow(missing_docs)]
        piece: &'a str,
        /// The reply so far, this piece included.
        so_far: &'a str,
    },
    /// A call is over, and this is the account with it.
    Replied(&'a Account),
}

/// Told of minds at work, on the thread of the calls: it must be quick.
pub type Listener = Arc<dyn Fn(MindEvent<'_>) + Send + Sync>;
