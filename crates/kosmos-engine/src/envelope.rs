//! Messages: a payload with its sender, its receiver and its cause.

use kosmos_core::{checked_text, hash::sha256_hex, id::is_prefixed_hex};
use serde::{Deserialize, Serialize};

use crate::{AgentName, RunId, RunPayload, SUPERVISOR};

/// The version of the stored form of messages. It is raised when this program can no longer read an earlier form.
pub const SCHEMA_VERSION: u32 = 1;

checked_text! {
    /// The id of a message. It is derived from the message's cause and its position among the messages of that cause: a
    /// step that is repeated gives the same ids, so that duplicates are recognised.
    pub struct MessageId:
        "the id of a message",
        "`m-` and 20 lower-case hexadecimal digits",
        |text: &str| is_prefixed_hex(text, "m-", 20)
}

impl MessageId {
    /// Derives the id of the `index`-th message that the handler of `cause` sent. `None` stands for the run itself.
    pub fn derive(run: &RunId, cause: Option<&MessageId>, index: usize) -> Self {
        let cause = cause.map_or("", |cause| cause.0.as_str());
        let hash = sha256_hex(format!("{run}\n{cause}\n{index}"));
        Self(format!("m-{}", hash.get(..20).unwrap_or(&hash)))
    }
}

/// A message with its address and its cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Envelope<P> {
    /// The message's id.
    pub id: MessageId,
    /// The run that it belongs to.
    pub run: RunId,
    /// The message whose handling sent this one.
    pub cause: Option<MessageId>,
    /// The sender.
    pub from: AgentName,
    /// The receiver.
    pub to: AgentName,
    /// 1 at the first delivery, one more after each failure of its handler. The journal counts the failures; the stored
    /// value is always 1.
    pub attempt: u32,
    /// The [`SCHEMA_VERSION`] of the program that wrote it.
    pub schema_version: u32,
    /// The content.
    pub payload: P,
}

impl<P: RunPayload> Envelope<P> {
    /// Makes the `index`-th message that the handler of `cause` sends.
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

    /// Makes a message that no agent sends (the start of a run, a spent budget). Its id is derived from `topic`.
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

/// A message that a handler wants to send.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing<P> {
    /// The receiver.
    pub to: AgentName,
    /// The content.
    pub payload: P,
}

impl<P: RunPayload> Outgoing<P> {
    /// Addresses `payload` to the agent `to`.
    pub fn new(to: &'static str, payload: impl Into<P>) -> Self {
        Self {
            to: to.into(),
            payload: payload.into(),
        }
    }
}
