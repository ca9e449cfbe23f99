//! The application's side of the engine: the payload that envelopes carry.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{AgentName, Envelope, MessageId};

/// The payload of a run's messages, as far as the engine has to know it.
///
/// The stored form of a payload, of its opening and of its ledger's lines is the application's: the engine writes what
/// serde makes of them, and reads it again.
pub trait RunPayload: fmt::Debug + Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The record of a process that begins to work on a run: the versions that it works with, for example. It is stored
    /// as an object beside `seq`, `at_ms`, `more` and `record`, so it has no fields of these names.
    type Opening: fmt::Debug + Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static;

    /// How a run ends.
    type End: fmt::Debug + Clone + PartialEq + Send + 'static;

    /// A line of `ledger.jsonl`, a digest of the journal for people.
    type LedgerLine: Serialize;

    /// The agent that decides what is done next. It receives dead letters and spent budgets, and its snapshots are
    /// the run's; a run whose director fails for good has failed.
    const DIRECTOR: &'static str;

    /// Returns the name of the message, for logs.
    fn name(&self) -> &'static str;

    /// Makes the message that tells the director of a dead letter.
    fn dead_lettered(letter: DeadLettered<Self>) -> Self;

    /// Makes the message that tells the director that the run's wall time is spent.
    fn wall_time_spent() -> Self;

    /// Makes the message that ends the run because an agent that it needs cannot continue.
    fn engine_failure(message: String) -> Self;

    /// Returns the end that the message asks the supervisor for, if it asks for one.
    fn into_end(self) -> Option<Self::End>;

    /// Derives the ledger's lines from a message that was sent; most messages have none. `seq` is the number of its
    /// entry.
    fn ledger_lines(seq: u64, envelope: &Envelope<Self>) -> Vec<Self::LedgerLine>;

    /// Returns false if the entry of a stored line cannot have lines in the ledger; it is not decoded then.
    fn may_have_ledger_lines(stored: &[u8]) -> bool;
}

/// A message that was given up after `attempts` failures of its receiver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DeadLettered<P> {
    /// The message's id.
    pub message: MessageId,
    /// Its receiver.
    pub agent: AgentName,
    /// Failures of its handler.
    pub attempts: u32,
    /// The last failure.
    pub reason: String,
    /// The payload of the message.
    pub payload: P,
}
