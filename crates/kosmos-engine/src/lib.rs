//! The durable actor engine: journal, supervisor, agents, envelopes. It knows nothing of what a run is about: messages
//! carry a payload of the application's own, which implements [`RunPayload`].
//!
//! | module | holds |
//! |---|---|
//! | [`agent`] | what an agent is, how it fails, how it reaches the world |
//! | [`envelope`] | messages, with their ids, addresses and causes |
//! | [`journal`] | what happened, written before it counts |
//! | [`supervisor`] | the hub that routes messages, and restarts agents that fail |
//!
//! An application names its payload once and gets aliases of the generic types by [`bind_payload!`].

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)
)]

pub mod agent;
mod agent_name;
pub mod envelope;
pub mod journal;
mod payload;
#[cfg(test)]
mod sample;
pub mod supervisor;

pub use agent_name::{AgentName, SUPERVISOR};
pub use envelope::{Envelope, MessageId, Outgoing, SCHEMA_VERSION};
pub use kosmos_core::id::RunId;
pub use payload::{DeadLettered, RunPayload};

/// Defines an alias without a parameter for each of the named generic types of one of this crate's modules: `pub type
/// Envelope = kosmos_engine::envelope::Envelope<Payload>` and so on.
///
/// ```text
/// kosmos_engine::bind_payload!(journal, crate::message::Payload => Commit, Entry, Journal, Record);
/// ```
#[macro_export]
macro_rules! bind_payload {
    ($module:ident, $payload:ty => $($name:ident),+ $(,)?) => {
        $(
            #[doc = concat!("The engine's `", stringify!($name), "` with this program's payload.")]
            pub type $name = $crate::$module::$name<$payload>;
        )+
    };
}
