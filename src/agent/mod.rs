//! What an agent is: it turns one message into others, and reaches the world through its context.
//!
//! Agents never name the actor library and never hold each other's addresses.

mod context;
mod error;
mod registry;

use std::rc::Rc;

use futures::{FutureExt, future::LocalBoxFuture};

pub use context::{AgentContext, Cancel};
pub use error::{AgentError, Fault};
pub use registry::{AgentSpec, Registry, Upkeep};

use crate::message::{Envelope, Outgoing};

/// What handling a message gave: the messages to send and, from agents with a state, a snapshot of it.
#[derive(Debug, Default)]
pub struct Handled {
    #[allow(missing_docs)]
    pub sent: Vec<Outgoing>,
    /// The agent's whole state after this message; none where it has none, or where it did not change.
    pub snapshot: Option<Vec<u8>>,
}

impl From<Vec<Outgoing>> for Handled {
    fn from(sent: Vec<Outgoing>) -> Self {
        Self { sent, snapshot: None }
    }
}

impl From<Outgoing> for Handled {
    fn from(message: Outgoing) -> Self {
        vec![message].into()
    }
}

/// The future of a handler.
pub type Handling = LocalBoxFuture<'static, Result<Handled, AgentError>>;

/// An agent. It lives on a thread of its own and may be replaced by a fresh one at any moment, so
/// whatever must last is in the journal.
pub trait Agent: 'static {
    /// Turns a message into others. A handler must not block its thread: what computes for long goes
    /// through [`AgentContext::blocking`], what touches the world through [`AgentContext::effect`].
    fn handle(self: Rc<Self>, message: Envelope, context: AgentContext) -> Handling;

    /// The run is over: puts away what the agent holds, in the short time that it is given.
    fn close(self: Rc<Self>) -> LocalBoxFuture<'static, ()> {
        std::future::ready(()).boxed_local()
    }
}
