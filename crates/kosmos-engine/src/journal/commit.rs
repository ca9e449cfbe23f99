//! Commits: what one step writes, all or nothing.

use super::Record;
use crate::{AgentName, Envelope, MessageId, RunPayload};

/// The outcome of a step: the message that it handled, the messages that it sent, and other records.
#[derive(Debug)]
pub struct Commit<P: RunPayload> {
    /// The message that the step handled. If it was handled before, the commit writes nothing.
    pub handled: Option<(MessageId, AgentName)>,
    /// The reason, if the message became a dead letter.
    pub dead: Option<String>,
    /// The messages that the step sent. One whose id is known is not sent again.
    pub sent: Vec<Envelope<P>>,
    /// Other records.
    pub records: Vec<Record<P>>,
}

/// The result of a commit.
#[derive(Debug, Clone, PartialEq)]
pub struct Committed<P: RunPayload> {
    /// The number of the journal's last entry.
    pub seq: u64,
    /// The messages that were new and are to be delivered now.
    pub sent: Vec<Envelope<P>>,
    /// True if nothing was written: the message had been handled before, or all records were known.
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
    /// Makes a commit of one record.
    pub fn of_record(record: Record<P>) -> Self {
        Self {
            records: vec![record],
            ..Self::default()
        }
    }

    /// Makes a commit that sends one message.
    pub fn of_message(envelope: Envelope<P>) -> Self {
        Self {
            sent: vec![envelope],
            ..Self::default()
        }
    }
}
