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

use crate::{Envelope, Outgoing, RunPayload};

/// What handling a message gave: the messages to send and, from agents with a state, a snapshot of it.
#[derive(Debug)]
pub struct Handled<P: RunPayload> {
    #[allow(missing_docs)]
    pub sent: Vec<Outgoing<P>>,
    /// The agent's whole state after this message; none where it has none, or where it did not change.
    pub snapshot: Option<Vec<u8>>,
}

impl<P: RunPayload> Default for Handled<P> {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl<P: RunPayload> From<Vec<Outgoing<P>>> for Handled<P> {
    fn from(sent: Vec<Outgoing<P>>) -> Self {
        Self { sent, snapshot: None }
    }
}

impl<P: RunPayload> From<Outgoing<P>> for Handled<P> {
    fn from(message: Outgoing<P>) -> Self {
        vec![message].into()
    }
}

/// The future of a handler.
pub type Handling<P> = LocalBoxFuture<'static, Result<Handled<P>, AgentError>>;

/// An agent. It lives on a thread of its own and may be replaced by a fresh one at any moment, so
/// whatever must last is in the journal.
pub trait Agent<P: RunPayload>: 'static {
    /// Turns a message into others. A handler must not block its thread: what computes for long goes
    /// through [`AgentContext::blocking`], what touches the world through [`AgentContext::effect`].
    fn handle(self: Rc<Self>, message: Envelope<P>, context: AgentContext<P>) -> Handling<P>;

    /// The run is over: puts away what the agent holds, in the short time that it is given.
    fn close(self: Rc<Self>) -> LocalBoxFuture<'static, ()> {
        std::future::ready(()).boxed_local()
    }
}
