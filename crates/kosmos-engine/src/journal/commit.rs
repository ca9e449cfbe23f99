//! What one step writes, all or nothing.

use super::Record;
use crate::{AgentName, Envelope, MessageId, RunPayload};

/// The outcome of a step: what it handled, what it sent and what else is to be remembered.
#[derive(Debug)]
pub struct Commit<P: RunPayload> {
    /// The message that the step handled. A commit for a message that is handled already writes nothing.
    pub handled: Option<(MessageId, AgentName)>,
    /// Set when the message was given up.
    pub dead: Option<String>,
    /// What the step sent. A message whose id is known already is not sent again.
    pub sent: Vec<Envelope<P>>,
    /// Other records.
    pub records: Vec<Record<P>>,
}

/// What became of a commit.
#[derive(Debug, Clone, PartialEq)]
pub struct Committed<P: RunPayload> {
    /// The last entry written; the journal's end.
    pub seq: u64,
    /// The messages that were new and are now to be delivered.
    pub sent: Vec<Envelope<P>>,
    /// The step's message had been handled before, or all that was to be remembered was known: nothing was written.
    pub duplicate: bool,
}

impl<P: RunPayload> Default for Commit<P> {
    fn default() -> Self {
        Self {
            handled: None,
            dead: None,
            sent: Vec::new(),
            records: Vec::new(),
        }
    }
}

impl<P: RunPayload> Commit<P> {
    /// A commit that only remembers `record`.
    pub fn of_record(record: Record<P>) -> Self {
        Self {
            records: vec![record],
            ..Self::default()
        }
    }

    /// A commit that only sends `envelope`.
    pub fn of_message(envelope: Envelope<P>) -> Self {
        Self {
            sent: vec![envelope],
            ..Self::default()
        }
    }
}
