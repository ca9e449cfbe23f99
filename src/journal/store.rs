//! The database: entries, and what follows from them.

use std::{
    collections::HashSet,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use sled::{
    Transactional,
    transaction::{ConflictableTransactionError, TransactionError, TransactionalTree},
};

use super::{
    Blobs, Commit, Committed, EffectState, Entry, JournalError, Record,
    record::{Stored, decode},
};
use crate::message::{AgentName, Envelope, MessageId, SCHEMA_VERSION};

/// Entries larger than this many bytes go to a content-addressed file.
const INLINE_LIMIT: usize = 16 * 1024;

/// The open database. Every tree but `log` is a fold of the log and can be rebuilt from it.
pub(super) struct Store {
    pub(super) db: sled::Db,
    log: sled::Tree,
    /// `agent NUL seq` -> message id, for messages not handled yet.
    inbox: sled::Tree,
    /// message id -> seq of its `Sent` entry.
    sent: sled::Tree,
    /// message id -> seq of its `Handled` entry.
    handled: sled::Tree,
    /// effect key -> state.
    effects: sled::Tree,
    /// message id -> failures.
    attempts: sled::Tree,
    meta: sled::Tree,
    pub(super) blobs: Blobs,
}

/// What was written, for the mirror.
pub(super) struct Written {
    pub(super) committed: Committed,
    pub(super) entries: Vec<Entry>,
    pub(super) lines: Vec<Vec<u8>>,
}

impl Store {
    /// Opens or makes the database. A panic of sled on damaged files becomes an error.
    pub(super) fn open(path: &Path, blobs: Blobs) -> Result<Self, JournalError> {
        let opened = catch_unwind(AssertUnwindSafe(|| {
            sled::Config::new()
                .path(path)
                .cache_capacity(16 * 1024 * 1024)
                .flush_every_ms(None)
                .open()
        }));
        let db = match opened {
            Ok(Ok(db)) => db,
            Ok(Err(sled::Error::Io(error))) if is_lock(&error) => {
                return Err(JournalError::Locked { path: path.to_owned() });
            }
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => {
                return Err(JournalError::Damaged {
                    path: path.to_owned(),
                    detail: "the database's files are damaged".to_owned(),
                });
            }
        };
        let tree = |name: &str| db.open_tree(name);
        let store = Self {
            log: tree("log")?,
            inbox: tree("inbox")?,
            sent: tree("sent")?,
            handled: tree("handled")?,
            effects: tree("effects")?,
            attempts: tree("attempts")?,
            meta: tree("meta")?,
            blobs,
            db,
        };
        store.check_version()?;
        Ok(store)
    }

    fn check_version(&self) -> Result<(), JournalError> {
        match self.meta.get("schema")? {
            None => {
                self.meta.insert("schema", &SCHEMA_VERSION.to_be_bytes())?;
                Ok(())
            }
            Some(found) => {
                let found = u32::from_be_bytes(found.as_ref().try_into().unwrap_or_default());
                if found == SCHEMA_VERSION {
                    Ok(())
                } else {
                    Err(JournalError::Version {
                        found,
                        expected: SCHEMA_VERSION,
                    })
                }
            }
        }
    }

    /// The number of the last entry, 0 for none.
    pub(super) fn last_seq(&self) -> Result<u64, JournalError> {
        Ok(self.log.last()?.map_or(0, |(key, _)| number(&key)))
    }

    /// Writes a commit in one transaction.
    pub(super) fn commit(&self, commit: Commit, at_ms: u64) -> Result<Written, JournalError> {
        let mut seq = self.last_seq()?;
        if let Some((message, _)) = &commit.handled
            && self.handled.contains_key(message.as_str())?
        {
            return Ok(Written {
                committed: Committed {
                    seq,
                    sent: Vec::new(),
                    duplicate: true,
                },
                entries: Vec::new(),
                lines: Vec::new(),
            });
        }
        let mut records = Vec::with_capacity(commit.records.len() + commit.sent.len() + 1);
        if let Some((message, agent)) = commit.handled {
            records.push(Record::Handled {
                message,
                agent,
                dead: commit.dead,
            });
        }
        let handled_at = seq + records.len() as u64;
        records.extend(commit.records.into_iter().map(|record| match record {
            // A snapshot includes the step that it was taken in.
            Record::Snapshot { sha256, .. } => Record::Snapshot {
                after: handled_at,
                sha256,
            },
            other => other,
        }));
        let mut fresh = Vec::new();
        let mut seen = HashSet::new();
        for envelope in commit.sent {
            if seen.insert(envelope.id.clone()) && !self.sent.contains_key(envelope.id.as_str())? {
                fresh.push(envelope.clone());
                records.push(Record::Sent {
                    envelope: Box::new(envelope),
                });
            }
        }
        let mut entries = Vec::with_capacity(records.len());
        let mut lines = Vec::with_capacity(records.len());
        for record in records {
            seq += 1;
            let entry = Entry { seq, at_ms, record };
            lines.push(self.encode(&entry)?);
            entries.push(entry);
        }
        self.write(&entries, &lines)?;
        Ok(Written {
            committed: Committed {
                seq,
                sent: fresh,
                duplicate: false,
            },
            entries,
            lines,
        })
    }

    /// Puts entries that are encoded already into the database: the mirror's, at a rebuild.
    pub(super) fn replay(&self, entry: &Entry, line: &[u8]) -> Result<(), JournalError> {
        self.write(std::slice::from_ref(entry), &[line.to_vec()])
    }

    fn encode(&self, entry: &Entry) -> Result<Vec<u8>, JournalError> {
        let line = serde_json::to_vec(entry)?;
        if line.len() <= INLINE_LIMIT {
            return Ok(line);
        }
        let stored = Stored::Blob {
            seq: entry.seq,
            bytes: line.len() as u64,
            blob: self.blobs.put(&line)?,
        };
        Ok(serde_json::to_vec(&stored)?)
    }

    /// The entry that a stored line stands for.
    pub(super) fn decode(&self, line: &[u8]) -> Result<Entry, JournalError> {
        decode(line, &self.blobs)
    }

    fn write(&self, entries: &[Entry], lines: &[Vec<u8>]) -> Result<(), JournalError> {
        let trees = (
            &self.log,
            &self.inbox,
            &self.sent,
            &self.handled,
            &self.effects,
            &self.attempts,
            &self.meta,
        );
        let outcome = trees.transaction(|(log, inbox, sent, handled, effects, attempts, meta)| {
            let trees = Trees {
                inbox,
                sent,
                handled,
                effects,
                attempts,
                meta,
            };
            for (entry, line) in entries.iter().zip(lines) {
                log.insert(&entry.seq.to_be_bytes(), line.as_slice())?;
                trees.fold(entry)?;
            }
            Ok(())
        });
        match outcome {
            Ok(()) => Ok(()),
            Err(TransactionError::Abort(error)) => Err(JournalError::Codec(error)),
            Err(TransactionError::Storage(error)) => Err(JournalError::Store(error)),
        }
    }

    /// Entries from `first` on, in order.
    pub(super) fn entries(&self, first: u64) -> impl Iterator<Item = Result<Entry, JournalError>> + '_ {
        self.log.range(first.to_be_bytes()..).map(|item| self.decode(&item?.1))
    }

    /// The stored lines from `first` on, in order.
    pub(super) fn lines(&self, first: u64) -> impl Iterator<Item = Result<(u64, sled::IVec), JournalError>> + '_ {
        self.log.range(first.to_be_bytes()..).map(|item| {
            let (key, line) = item?;
            Ok((number(&key), line))
        })
    }

    /// Messages not handled yet, by agent and age.
    pub(super) fn pending(&self) -> Result<Vec<Envelope>, JournalError> {
        let mut pending = Vec::new();
        for item in self.inbox.iter() {
            let (_, id) = item?;
            if let Some(envelope) = self.message(&String::from_utf8_lossy(&id))? {
                pending.push(envelope);
            }
        }
        Ok(pending)
    }

    /// The message of that id.
    pub(super) fn message(&self, id: &str) -> Result<Option<Envelope>, JournalError> {
        let Some(seq) = self.sent.get(id)? else { return Ok(None) };
        let Some(line) = self.log.get(seq)? else {
            return Ok(None);
        };
        match self.decode(&line)?.record {
            Record::Sent { envelope } => Ok(Some(*envelope)),
            _ => Ok(None),
        }
    }

    /// Failures of a message's handler so far.
    pub(super) fn attempts(&self, id: &MessageId) -> Result<u32, JournalError> {
        Ok(self
            .attempts
            .get(id.as_str())?
            .map_or(0, |n| u32::from_be_bytes(n.as_ref().try_into().unwrap_or_default())))
    }

    /// What is known of an effect.
    pub(super) fn effect(&self, key: &str) -> Result<Option<EffectState>, JournalError> {
        match self.effects.get(key)? {
            None => Ok(None),
            Some(state) if state.is_empty() => Ok(Some(EffectState::Intended)),
            Some(seq) => match self.log.get(seq)?.map(|line| self.decode(&line)).transpose()? {
                Some(Entry {
                    record: Record::Receipt { value, .. },
                    ..
                }) => Ok(Some(EffectState::Done(value))),
                _ => Ok(None),
            },
        }
    }

    /// The newest snapshot: the entry that it includes last, and its file.
    pub(super) fn snapshot(&self) -> Result<Option<(u64, String)>, JournalError> {
        let Some(seq) = self.meta.get("snapshot")? else {
            return Ok(None);
        };
        let Some(line) = self.log.get(seq)? else {
            return Ok(None);
        };
        match self.decode(&line)?.record {
            Record::Snapshot { after, sha256 } => Ok(Some((after, sha256))),
            _ => Ok(None),
        }
    }

    /// The messages that `agent` handled after entry `after`, in the order of handling.
    pub(super) fn handled_by(&self, agent: &AgentName, after: u64) -> Result<Vec<Envelope>, JournalError> {
        let mut messages = Vec::new();
        for entry in self.entries(after + 1) {
            if let Record::Handled {
                message,
                agent: by,
                dead: None,
            } = entry?.record
                && by == *agent
                && let Some(envelope) = self.message(message.as_str())?
            {
                messages.push(envelope);
            }
        }
        Ok(messages)
    }
}

struct Trees<'a> {
    inbox: &'a TransactionalTree,
    sent: &'a TransactionalTree,
    handled: &'a TransactionalTree,
    effects: &'a TransactionalTree,
    attempts: &'a TransactionalTree,
    meta: &'a TransactionalTree,
}

impl Trees<'_> {
    /// What an entry changes in the trees that follow from the log.
    fn fold(&self, entry: &Entry) -> Result<(), ConflictableTransactionError<serde_json::Error>> {
        let seq = entry.seq.to_be_bytes();
        match &entry.record {
            Record::Sent { envelope } => {
                self.sent.insert(envelope.id.as_str(), &seq)?;
                self.inbox
                    .insert(inbox_key(&envelope.to, entry.seq), envelope.id.as_str())?;
            }
            Record::Handled { message, agent, .. } => {
                self.handled.insert(message.as_str(), &seq)?;
                if let Some(sent) = self.sent.get(message.as_str())? {
                    self.inbox.remove(inbox_key(agent, number(&sent)))?;
                }
            }
            Record::Attempted { message, attempt, .. } => {
                self.attempts.insert(message.as_str(), &attempt.to_be_bytes())?;
            }
            Record::Intent { key } => {
                self.effects.insert(key.as_str(), &[])?;
            }
            Record::Receipt { key, .. } => {
                self.effects.insert(key.as_str(), &seq)?;
            }
            Record::Snapshot { .. } => {
                self.meta.insert("snapshot", &seq)?;
            }
            Record::Opened { .. } | Record::Restarted { .. } | Record::Stopped { .. } => {}
        }
        Ok(())
    }
}

fn inbox_key(agent: &AgentName, seq: u64) -> Vec<u8> {
    let mut key = agent.as_str().as_bytes().to_vec();
    key.push(0);
    key.extend_from_slice(&seq.to_be_bytes());
    key
}

fn number(bytes: &[u8]) -> u64 {
    u64::from_be_bytes(bytes.try_into().unwrap_or_default())
}

fn is_lock(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::WouldBlock || error.to_string().contains("lock")
}
