//! Agents: each turns one message into others, and reaches the outside world through its context.
//!
//! Agents do not know the actor library and hold no addresses of each other.

mod context;
mod error;
mod registry;

use std::rc::Rc;

use futures::{FutureExt, future::LocalBoxFuture};

pub use context::{AgentContext, Cancel, run_blocking};
pub use error::{AgentError, Fault};
pub use registry::{AgentSpec, Registry, RestartLimits};

use crate::{Envelope, Outgoing, RunPayload};

/// The result of handling a message: the messages to send and, from an agent with a state, a snapshot of it.
#[derive(Debug)]
pub struct Handled<P: RunPayload> {
    /// The messages to send.
    pub sent: Vec<Outgoing<P>>,
    /// The agent's whole state after this message; none if it has no state, or if the state need not be stored now.
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

/// An agent. It runs on a thread of its own and may be replaced by a fresh one at any moment, so whatever must last is
/// in the journal.
pub trait Agent<P: RunPayload>: 'static {
    /// Turns a message into others. A handler must not block its thread: long computations go through
    /// [`AgentContext::run_blocking`], effects on the outside world through [`AgentContext::effect`].
    fn handle(self: Rc<Self>, message: Envelope<P>, context: AgentContext<P>) -> Handling<P>;

    /// Releases the agent's resources at the end of a run, within the few seconds that the supervisor waits.
    fn close(self: Rc<Self>) -> LocalBoxFuture<'static, ()> {
        std::future::ready(()).boxed_local()
    }
}
