//! The index in memory: pending messages, handled messages, effects, snapshots.

use std::collections::{BTreeMap, HashMap, hash_map::Entry};

use serde::de::Error;

use super::{JournalError, Kind, record::Head};
use crate::{AgentName, MessageId, SCHEMA_VERSION};

/// A fold of the journal's entries. It holds numbers and names, a few hundred bytes per message, and no content.
#[derive(Debug, Default)]
pub(super) struct Index {
    last: u64,
    messages: HashMap<MessageId, Known>,
    /// Pending messages, by receiver and age.
    inbox: BTreeMap<(AgentName, u64), MessageId>,
    /// The entry of the receipt of each effect; none if there is only an intent.
    effects: HashMap<String, Option<u64>>,
    attempts: HashMap<MessageId, u32>,
    snapshot: Option<(u64, String)>,
    states: HashMap<AgentName, String>,
}

/// The state of a message.
#[derive(Debug, Default)]
struct Known {
    /// Its `Sent` entry.
    sent: Option<u64>,
    handled: bool,
}

/// The state of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Intended,
    /// The entry of the receipt.
    Received(u64),
}

impl Index {
    /// Adds the next entry.
    ///
    /// # Errors
    /// [`JournalError::Version`] for a message of another version, [`JournalError::Codec`] for an entry that lacks a
    /// field of its kind.
    pub(super) fn add_entry(&mut self, head: Head) -> Result<(), JournalError> {
        let seq = head.seq;
        let kind = head.record.ok_or_else(missing_field)?;
        match (kind, head) {
            (
                Kind::Sent,
                Head {
                    envelope: Some(sent), ..
                },
            ) => {
                if sent.schema_version != SCHEMA_VERSION {
                    return Err(JournalError::Version {
                        found: sent.schema_version,
                        expected: SCHEMA_VERSION,
                    });
                }
                let known = self.messages.entry(sent.id.clone()).or_default();
                known.sent = Some(seq);
                if !known.handled {
                    self.inbox.insert((sent.to, seq), sent.id);
                }
            }
            (
                Kind::Handled,
                Head {
                    message: Some(message),
                    agent: Some(agent),
                    ..
                },
            ) => {
                self.attempts.remove(&message);
                let known = self.messages.entry(message).or_default();
                known.handled = true;
                if let Some(sent) = known.sent {
                    self.inbox.remove(&(agent, sent));
                }
            }
            (
                Kind::Attempted,
                Head {
                    message: Some(message),
                    attempt: Some(attempt),
                    ..
                },
            ) => drop(self.attempts.insert(message, attempt)),
            // A second intent does not change an effect that has a receipt.
            (Kind::Intent, Head { key: Some(key), .. }) => drop(self.effects.entry(key).or_default()),
            (Kind::Receipt, Head { key: Some(key), .. }) => match self.effects.entry(key) {
                Entry::Occupied(mut known) => drop(known.get_mut().get_or_insert(seq)),
                Entry::Vacant(unknown) => drop(unknown.insert(Some(seq))),
            },
            (
                Kind::Snapshot,
                Head {
                    after: Some(after),
                    sha256: Some(sha256),
                    ..
                },
            ) => self.snapshot = Some((after, sha256)),
            (
                Kind::State,
                Head {
                    agent: Some(agent),
                    sha256: Some(sha256),
                    ..
                },
            ) => drop(self.states.insert(agent, sha256)),
            (Kind::Opened | Kind::Restarted | Kind::Stopped, _) => {}
            _ => return Err(missing_field()),
        }
        self.last = seq;
        Ok(())
    }

    /// Returns the number of the last entry; 0 if there is none.
    pub(super) fn last_seq(&self) -> u64 {
        self.last
    }

    pub(super) fn is_handled(&self, message: &MessageId) -> bool {
        self.messages.get(message).is_some_and(|known| known.handled)
    }

    /// Returns the entry that sent a message.
    pub(super) fn sent_entry(&self, message: &MessageId) -> Option<u64> {
        self.messages.get(message)?.sent
    }

    /// Returns the entries of pending messages, by receiver and age.
    pub(super) fn pending_entries(&self) -> impl Iterator<Item = u64> + '_ {
        self.inbox.keys().map(|(_, seq)| *seq)
    }

    /// Returns the failures of a pending message so far.
    pub(super) fn failure_count(&self, message: &MessageId) -> u32 {
        self.attempts.get(message).copied().unwrap_or(0)
    }

    pub(super) fn effect_state(&self, key: &str) -> Option<Effect> {
        let known = self.effects.get(key)?;
        Some(known.map_or(Effect::Intended, Effect::Received))
    }

    /// Returns the newest snapshot: the last entry that it includes, and its file.
    pub(super) fn latest_snapshot(&self) -> Option<(u64, String)> {
        self.snapshot.clone()
    }

    /// Returns the file of an agent's newest state.
    pub(super) fn latest_state(&self, agent: &AgentName) -> Option<String> {
        self.states.get(agent).cloned()
    }
}

fn missing_field() -> JournalError {
    serde_json::Error::custom("a field of its kind is missing").into()
}
