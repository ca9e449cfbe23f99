//! Minds: language models at OpenAI-compatible endpoints.
//!
//! A [`Mind`] answers a [`ModelQuestion`] in the form of a Rust type or returns a typed error. Each reply is a
//! journalled receipt, so that no reply is paid for twice.
//!
//! | file | noun |
//! |---|---|
//! | `mind` | the models of a run, as its agents ask them |
//! | `endpoint`, `secret` | a model's address and its key |
//! | `request`, `dialect`, `structured` | a question as a request, in the form that the endpoint supports |
//! | `transport` | the way of a call to the endpoint |
//! | `reply`, `fault`, `outcome` | replies, failures of attempts, results of calls |
//! | `reply_fault` | why a reply could not be used |
//! | `budget`, `price`, `tokens` | limits on spending, prices, token counts |
//! | `receipt`, `account` | recorded replies and their sum |
//! | `flight` | calls under way, one for each question |
//! | `replay` | replies of a recorded run in place of an endpoint |
//! | `probe` | the check of an endpoint before a run |

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
mod provider;
mod receipt;
mod replay;
mod reply;
mod reply_fault;
mod request;
mod secret;
mod settings;
mod structured;
mod tokens;
mod transport;

use std::sync::Arc;

pub use account::{Account, Share};
pub use endpoint::Endpoint;
pub use error::{LlmError, Objection};
pub use mind::{Mind, ReplySource};
pub use price::{Price, Prices};
pub use probe::{ProbedEndpoint, probe_endpoint};
pub use provider::Provider;
pub use receipt::{KEY, Receipt, ReplyProblem};
pub use replay::Replay;
pub use reply_fault::ReplyFault;
pub use secret::{Redactor, Secret};
pub use settings::{AgentModels, LlmSettings, OnOutage, Structured};
pub use tokens::{Tokens, estimate_tokens};

/// A question to a model.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelQuestion {
    /// Its purpose in a word: `propose`, `write`, `repair`, `deliberate`, `interpret`.
    pub purpose: &'static str,
    /// The cycle in which it is asked, for the account.
    pub cycle: u32,
    /// The system prompt.
    pub system: String,
    /// The user prompt.
    pub user: String,
    /// SHA-256 of the prompt's template file, under which the journal keeps the template.
    pub template_sha256: String,
}

/// A model's answer in the requested form.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelReply<T> {
    /// The parsed and checked answer.
    pub value: T,
    /// The model that gave it.
    pub model: String,
}

/// Something that happened while a model was asked. Texts come from the model as they are: escape them before they go
/// to a terminal.
#[derive(Debug, Clone, Copy)]
pub enum MindEvent<'a> {
    /// A piece of a reply arrived.
    Said {
        /// The agent that asked.
        agent: &'a str,
        /// The text of this piece.
        piece: &'a str,
        /// The reply so far, with this piece.
        so_far: &'a str,
    },
    /// A call has ended; the account includes it.
    Replied(&'a Account),
}

/// Receives events on the thread of the calls, so it must return quickly.
pub type MindListener = Arc<dyn Fn(MindEvent<'_>) + Send + Sync>;
