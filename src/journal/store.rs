//! The database: entries, and what follows from them.

use std::{
    collections::HashSet,
    convert::Infallible,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sled::{
    Transactional,
    transaction::{ConflictableTransactionResult, TransactionError},
};

use super::{
    Blobs, Commit, Committed, EffectState, Entry, JournalError, Kind, Record,
    changes::{Changes, is_received, number, state_key},
    record::{decode, encode, is_whole, may_be},
    tail::{Line, Lines, Tail},
};
use crate::failpoint;
use crate::message::{AgentName, Envelope, MessageId, SCHEMA_VERSION};

/// Commits in a tail at most, when it is filled from the log.
const TAIL: usize = 256;

/// The open database. Every tree but `log` is a fold of the log and can be rebuilt from it.
///
/// Commits gather in a tail beside it and go in together, many in one transaction: a transaction costs sled the same
/// whether it has one or a hundred.
pub(super) struct Store {
    db: sled::Db,
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
    tail: Mutex<Tail>,
    /// Held by whoever puts the tail into the trees.
    settling: Mutex<()>,
    pub(super) blobs: Blobs,
}

/// What was written, for the log.
pub(super) struct Written {
    pub(super) committed: Committed,
    pub(super) lines: Lines,
}

impl Written {
    /// All of it was known; the journal ends with entry `seq`.
    fn nothing(seq: u64) -> Self {
        Self {
            committed: Committed {
                seq,
                sent: Vec::new(),
                duplicate: true,
            },
            lines: Arc::default(),
        }
    }
}

impl Store {
    /// Opens or makes the database. A panic of sled on damaged files becomes an error.
    pub(super) fn open(path: &Path, blobs: Blobs) -> Result<Self, JournalError> {
        catch_unwind(AssertUnwindSafe(|| Self::open_whole(path, blobs))).unwrap_or_else(|_| {
            Err(JournalError::Damaged {
                path: path.to_owned(),
                detail: "the database's files are damaged".to_owned(),
            })
        })
    }

    fn open_whole(path: &Path, blobs: Blobs) -> Result<Self, JournalError> {
        let opened = sled::Config::new()
            .path(path)
            .cache_capacity(16 * 1024 * 1024)
            .flush_every_ms(None)
            .open();
        let db = match opened {
            Ok(db) => db,
            Err(sled::Error::Io(error)) if is_lock(&error) => {
                return Err(JournalError::Locked { path: path.to_owned() });
            }
            Err(error) => return Err(error.into()),
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
            tail: Mutex::default(),
            settling: Mutex::default(),
            blobs,
            db,
        };
        store.check_version()?;
        store.check_whole(path)?;
        store.tail().last = store.log.last()?.map_or(0, |(key, _)| number(&key));
        Ok(store)
    }

    /// That every page can be read, no entry is missing and each is as it was written.
    fn check_whole(&self, path: &Path) -> Result<(), JournalError> {
        for (expected, item) in (1..).zip(self.log.iter()) {
            let (key, line) = item?;
            if number(&key) != expected || !is_whole(&line) {
                return Err(JournalError::Damaged {
                    path: path.to_owned(),
                    detail: format!("entry {expected} is not as it was written"),
                });
            }
        }
        for tree in [
            &self.inbox,
            &self.sent,
            &self.handled,
            &self.effects,
            &self.attempts,
            &self.meta,
        ] {
            for item in tree.iter() {
                item?;
            }
        }
        Ok(())
    }

    fn tail(&self) -> MutexGuard<'_, Tail> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts the tail into the trees. Commits go on meanwhile, into a new one.
    pub(super) fn settle(&self) -> Result<(), JournalError> {
        let _one_at_a_time = self.settling.lock().unwrap_or_else(PoisonError::into_inner);
        // What failed before comes first.
        let left_over = self.tail().left_over();
        if !left_over.is_empty() {
            self.write(&left_over)?;
            self.tail().settled();
        }
        let commits = self.tail().settle();
        if !commits.is_empty() {
            self.write(&commits)?;
            self.tail().settled();
        }
        Ok(())
    }

    /// Puts the tail into the trees, and the trees to disk.
    pub(super) fn flush(&self) -> Result<(), JournalError> {
        failpoint::disk("journal.database.before").map_err(sled::Error::from)?;
        self.settle()?;
        failpoint::crash("journal.database.settled", "");
        self.db.flush()?;
        failpoint::crash("journal.database.flushed", "");
        Ok(())
    }

    /// Forgets everything but its version.
    #[cfg(test)]
    pub(super) fn wipe(&self) {
        let trees = [
            &self.log,
            &self.inbox,
            &self.sent,
            &self.handled,
            &self.effects,
            &self.attempts,
        ];
        for tree in trees {
            tree.clear().unwrap();
        }
        for key in self.meta.iter().keys().map(Result::unwrap) {
            if key != "schema" {
                self.meta.remove(key).unwrap();
            }
        }
        *self.tail() = Tail::default();
    }

    /// Commits that wait to be put into the trees.
    pub(super) fn waiting(&self) -> usize {
        self.tail().len()
    }

    /// Drops the tail: the log could not be written, so nothing may come after what it has.
    pub(super) fn forget_tail(&self) {
        self.tail().clear();
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
    pub(super) fn last_seq(&self) -> u64 {
        self.tail().last
    }

    /// Adds a commit to the tail, all of it or nothing.
    pub(super) fn commit(&self, commit: Commit, at_ms: u64) -> Result<Written, JournalError> {
        let mut tail = self.tail();
        let mut seq = tail.last;
        if let Some((message, _)) = &commit.handled
            && (tail.has_handled(message) || self.handled.contains_key(message.as_str())?)
        {
            return Ok(Written::nothing(seq));
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
        for record in commit.records {
            match record {
                // A snapshot includes the step that it was taken in.
                Record::Snapshot { sha256, .. } => records.push(Record::Snapshot {
                    after: handled_at,
                    sha256,
                }),
                // The first value of an effect is its value.
                Record::Receipt { ref key, .. } if self.is_received(&tail, key)? => {}
                other => records.push(other),
            }
        }
        let mut fresh = Vec::new();
        let mut seen = HashSet::new();
        for envelope in commit.sent {
            let known = tail.has_sent(&envelope.id) || self.sent.contains_key(envelope.id.as_str())?;
            if seen.insert(envelope.id.clone()) && !known {
                fresh.push(envelope.clone());
                records.push(Record::Sent {
                    envelope: Box::new(envelope),
                });
            }
        }
        if records.is_empty() {
            return Ok(Written::nothing(seq));
        }
        let mut lines = Vec::with_capacity(records.len());
        let last = seq + records.len() as u64;
        for record in records {
            seq += 1;
            let entry = Entry {
                seq,
                at_ms,
                more: seq < last,
                record,
            };
            lines.push(Line {
                text: encode(&entry, &self.blobs)?,
                entry,
            });
        }
        let lines = Arc::new(lines);
        tail.push(Arc::clone(&lines));
        Ok(Written {
            committed: Committed {
                seq,
                sent: fresh,
                duplicate: false,
            },
            lines,
        })
    }

    /// Adds a commit of the log that the database lacks.
    pub(super) fn replay(&self, texts: Vec<Vec<u8>>) -> Result<(), JournalError> {
        let lines: Result<Vec<Line>, JournalError> = texts
            .into_iter()
            .map(|text| {
                let entry = self.decode(&text)?;
                Ok(Line { entry, text })
            })
            .collect();
        let many = {
            let mut tail = self.tail();
            tail.push(Arc::new(lines?));
            tail.len() >= TAIL
        };
        if many { self.settle() } else { Ok(()) }
    }

    /// Whether the value of an effect is known.
    fn is_received(&self, tail: &Tail, key: &str) -> Result<bool, JournalError> {
        match tail.effect(key) {
            Some(EffectState::Done(_)) => Ok(true),
            _ => is_received(&self.effects, key),
        }
    }

    /// The entry that a stored line stands for.
    pub(super) fn decode(&self, line: &[u8]) -> Result<Entry, JournalError> {
        decode(line, &self.blobs)
    }

    fn write(&self, commits: &[Lines]) -> Result<(), JournalError> {
        let lines = commits.iter().flat_map(|lines| lines.iter());
        let changes = Changes::of(lines, &self.sent, &self.effects)?;
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
            log.apply_batch(&changes.log)?;
            inbox.apply_batch(&changes.inbox)?;
            sent.apply_batch(&changes.sent)?;
            handled.apply_batch(&changes.handled)?;
            effects.apply_batch(&changes.effects)?;
            attempts.apply_batch(&changes.attempts)?;
            meta.apply_batch(&changes.meta)?;
            ConflictableTransactionResult::<(), Infallible>::Ok(())
        });
        match outcome {
            Ok(()) => Ok(()),
            Err(TransactionError::Abort(never)) => match never {},
            Err(TransactionError::Storage(error)) => Err(JournalError::Store(error)),
        }
    }

    /// Entries from `first` on, in order.
    pub(super) fn entries(&self, first: u64) -> impl Iterator<Item = Result<Entry, JournalError>> + '_ {
        self.lines(first).map(|line| self.decode(&line?))
    }

    /// Entries of these kinds from `first` on, in order. The others are not decoded, which is most of the work.
    pub(super) fn entries_of<'a>(
        &'a self,
        kinds: &'a [Kind],
        first: u64,
    ) -> impl Iterator<Item = Result<Entry, JournalError>> + 'a {
        let lines = self
            .lines(first)
            .filter(|line| line.as_ref().map_or(true, |line| may_be(line, kinds)));
        let entries = lines.map(|line| self.decode(&line?));
        entries.filter(|entry| {
            entry
                .as_ref()
                .map_or(true, |entry| kinds.contains(&entry.record.kind()))
        })
    }

    /// The entry of that number.
    pub(super) fn entry(&self, seq: u64) -> Result<Option<Entry>, JournalError> {
        self.settle()?;
        self.log
            .get(seq.to_be_bytes())?
            .map(|line| self.decode(&line))
            .transpose()
    }

    /// The stored lines from `first` on, in order.
    pub(super) fn lines(&self, first: u64) -> impl Iterator<Item = Result<sled::IVec, JournalError>> + '_ {
        let failed = self.settle().err().map(Err);
        let stored = self.log.range(first.to_be_bytes()..).map(|item| Ok(item?.1));
        failed.into_iter().chain(stored)
    }

    /// Messages not handled yet, by agent and age.
    pub(super) fn pending(&self) -> Result<Vec<Envelope>, JournalError> {
        self.settle()?;
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
        self.settle()?;
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
        self.settle()?;
        Ok(self
            .attempts
            .get(id.as_str())?
            .map_or(0, |n| u32::from_be_bytes(n.as_ref().try_into().unwrap_or_default())))
    }

    /// What is known of an effect.
    pub(super) fn effect(&self, key: &str) -> Result<Option<EffectState>, JournalError> {
        let receipt = |entry: &Entry| match &entry.record {
            Record::Receipt { value, .. } => Some(EffectState::Done(value.clone())),
            _ => None,
        };
        // Not after the trees: what is settled meanwhile would be in neither.
        let known = match self.tail().effect(key) {
            Some(EffectState::Done(value)) => return Ok(Some(EffectState::Done(value))),
            other => other,
        };
        match self.effects.get(key)? {
            None => Ok(known),
            Some(state) if state.is_empty() => Ok(Some(EffectState::Intended)),
            Some(seq) => {
                let entry = self.log.get(seq)?.map(|line| self.decode(&line)).transpose()?;
                Ok(entry.as_ref().and_then(receipt))
            }
        }
    }

    /// The newest snapshot: the entry that it includes last, and its file.
    pub(super) fn snapshot(&self) -> Result<Option<(u64, String)>, JournalError> {
        self.settle()?;
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

    /// The file of an agent's newest state.
    pub(super) fn agent_state(&self, agent: &AgentName) -> Result<Option<String>, JournalError> {
        self.settle()?;
        let Some(seq) = self.meta.get(state_key(agent))? else {
            return Ok(None);
        };
        let entry = self.log.get(seq)?.map(|line| self.decode(&line)).transpose()?;
        Ok(entry.and_then(|entry| match entry.record {
            Record::State { sha256, .. } => Some(sha256),
            _ => None,
        }))
    }

    /// The messages that `agent` handled after entry `after`, in the order of handling.
    pub(super) fn handled_by(&self, agent: &AgentName, after: u64) -> Result<Vec<Envelope>, JournalError> {
        let mut messages = Vec::new();
        for entry in self.entries_of(&[Kind::Handled], after + 1) {
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

fn is_lock(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::WouldBlock || error.to_string().contains("lock")
}
