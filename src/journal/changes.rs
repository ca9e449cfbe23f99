//! What a row of entries changes in the database.

use std::collections::{HashMap, HashSet};

use sled::Batch;

use super::{JournalError, Record, tail::Line};
use crate::message::{AgentName, MessageId};

/// The net changes of each tree: what comes and goes within the row is not written at all.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) log: Batch,
    pub(super) inbox: Batch,
    pub(super) sent: Batch,
    pub(super) handled: Batch,
    pub(super) effects: Batch,
    pub(super) attempts: Batch,
    pub(super) meta: Batch,
}

impl Changes {
    /// Those of `lines`, on top of what the trees of sent messages and of effects hold.
    pub(super) fn of<'a>(
        lines: impl Iterator<Item = &'a Line>,
        sent: &sled::Tree,
        effects: &sled::Tree,
    ) -> Result<Self, JournalError> {
        let mut changes = Self::default();
        // Messages of the row that wait at its end, and where they wait.
        let mut waiting: HashMap<&MessageId, Vec<u8>> = HashMap::new();
        let mut received: HashSet<&str> = HashSet::new();
        for line in lines {
            let seq = line.entry.seq.to_be_bytes();
            changes.log.insert(&seq, line.text.as_slice());
            match &line.entry.record {
                Record::Sent { envelope } => {
                    changes.sent.insert(envelope.id.as_str(), &seq);
                    waiting.insert(&envelope.id, inbox_key(&envelope.to, line.entry.seq));
                }
                Record::Handled { message, agent, .. } => {
                    changes.handled.insert(message.as_str(), &seq);
                    if waiting.remove(message).is_none()
                        && let Some(sent) = sent.get(message.as_str())?
                    {
                        changes.inbox.remove(inbox_key(agent, number(&sent)));
                    }
                }
                Record::Attempted { message, attempt, .. } => {
                    changes.attempts.insert(message.as_str(), &attempt.to_be_bytes());
                }
                // An effect whose value is known has happened, whoever sets out to do it once more.
                Record::Intent { key } => {
                    if !received.contains(key.as_str()) && !is_received(effects, key)? {
                        changes.effects.insert(key.as_str(), &[]);
                    }
                }
                Record::Receipt { key, .. } => {
                    received.insert(key);
                    changes.effects.insert(key.as_str(), &seq);
                }
                Record::Snapshot { .. } => changes.meta.insert("snapshot", &seq),
                Record::State { agent, .. } => changes.meta.insert(state_key(agent), &seq),
                Record::Opened { .. } | Record::Restarted { .. } | Record::Stopped { .. } => {}
            }
        }
        for (message, key) in waiting {
            changes.inbox.insert(key, message.as_str());
        }
        Ok(changes)
    }
}

/// Whether that tree knows a value of an effect.
pub(super) fn is_received(effects: &sled::Tree, key: &str) -> Result<bool, JournalError> {
    Ok(effects.get(key)?.is_some_and(|seq| !seq.is_empty()))
}

/// Where the newest state of an agent is named.
pub(super) fn state_key(agent: &AgentName) -> Vec<u8> {
    format!("state:{agent}").into_bytes()
}

fn inbox_key(agent: &AgentName, seq: u64) -> Vec<u8> {
    let mut key = agent.as_str().as_bytes().to_vec();
    key.push(0);
    key.extend_from_slice(&seq.to_be_bytes());
    key
}

/// The number of an entry, from a key or a value.
pub(super) fn number(bytes: &[u8]) -> u64 {
    u64::from_be_bytes(bytes.try_into().unwrap_or_default())
}
