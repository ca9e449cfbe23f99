//! The wrapping of a message: who, to whom, because of what.

use std::fmt;

use kosmos_core::hash::sha256_hex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AgentName, RunId, RunPayload, SUPERVISOR};

/// The version of the messages' form, raised when a stored one would no longer be understood.
pub const SCHEMA_VERSION: u32 = 1;

/// Derived from the cause and the place among what that cause brought about; the same step replayed
/// names its messages as before, and a duplicate is seen as one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct MessageId(String);

impl MessageId {
    /// The id of the `index`-th message that handling `cause` sent; `None` is the run's beginning.
    pub fn derive(run: &RunId, cause: Option<&MessageId>, index: usize) -> Self {
        let cause = cause.map_or("", |cause| cause.0.as_str());
        let hash = sha256_hex(format!("{run}\n{cause}\n{index}"));
        Self(format!("m-{}", hash.get(..20).unwrap_or(&hash)))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A message with its address and its origin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Envelope<P> {
    #[allow(missing_docs)]
    pub id: MessageId,
    #[allow(missing_docs)]
    pub run: RunId,
    /// The message whose handling sent this one.
    pub cause: Option<MessageId>,
    #[allow(missing_docs)]
    pub from: AgentName,
    #[allow(missing_docs)]
    pub to: AgentName,
    /// 1 at the first delivery, one more after each failure of its handler. The journal counts; the
    /// stored form is always 1.
    pub attempt: u32,
    /// [`SCHEMA_VERSION`] of the writer.
    pub schema_version: u32,
    #[allow(missing_docs)]
    pub payload: P,
}

impl<P: RunPayload> Envelope<P> {
    /// The `index`-th message that handling `cause` sends.
    pub fn caused_by(cause: &Self, index: usize, from: AgentName, outgoing: Outgoing<P>) -> Self {
        Self {
            id: MessageId::derive(&cause.run, Some(&cause.id), index),
            run: cause.run.clone(),
            cause: Some(cause.id.clone()),
            from,
            to: outgoing.to,
            attempt: 1,
            schema_version: SCHEMA_VERSION,
            payload: outgoing.payload,
        }
    }

    /// A message from outside the agents (the run's start, a spent budget), named by `topic`.
    pub fn external(run: &RunId, topic: usize, to: AgentName, payload: P) -> Self {
        Self {
            id: MessageId::derive(run, None, topic),
            run: run.clone(),
            cause: None,
            from: SUPERVISOR.into(),
            to,
            attempt: 1,
            schema_version: SCHEMA_VERSION,
            payload,
        }
    }
}

/// A message that a handler wants sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing<P> {
    #[allow(missing_docs)]
    pub to: AgentName,
    #[allow(missing_docs)]
    pub payload: P,
}

impl<P: RunPayload> Outgoing<P> {
    /// `payload` for `to`.
    pub fn new(to: &'static str, payload: impl Into<P>) -> Self {
        Self {
            to: to.into(),
            payload: payload.into(),
        }
    }
}
