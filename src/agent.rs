//! The engine's agents with this program's messages. An agent turns one message into others, and reaches the outside
//! world through its context.

pub use kosmos_engine::agent::{Agent, AgentError, Cancel, Fault, RestartLimits, run_blocking};

kosmos_engine::bind_payload!(agent, crate::message::Payload => AgentContext, AgentSpec, Handled, Handling, Registry);
