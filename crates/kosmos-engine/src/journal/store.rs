//! The database and the index of its entries.

use std::{
    collections::HashSet,
    marker::PhantomData,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use kosmos_core::failpoint;

use super::{
    Blobs, Commit, Committed, EffectState, Entry, JournalError, Kind, Record,
    chunks::{Chunks, CommitLines, Lines},
    index::{Effect, Index},
    record::{Head, decode_entry, encode_entry, has_checksum, matches_checksum, may_be_of_kinds},
};
use crate::{AgentName, Envelope, MessageId, RunPayload, SCHEMA_VERSION};

/// The most commits that wait for the database while it is filled from the log.
const WAITING: usize = 256;

/// Trees of earlier versions. The index has replaced them.
const FORMER: [&str; 5] = ["inbox", "sent", "handled", "effects", "attempts"];

/// The open database, which holds the log's lines, and an index of them in memory, which is rebuilt at each opening.
///
/// Commits are collected and inserted together: sled's cost is per key, whatever the size of the value.
pub(super) struct Store<P: RunPayload> {
    /// None for a log that is read without a database.
    db: Option<sled::Db>,
    log: Lines,
    state: Mutex<State>,
    /// Held while commits are inserted into the database.
    settling: Mutex<()>,
    pub(super) blobs: Blobs,
    /// The payload of its messages.
    payload: PhantomData<fn() -> P>,
}

/// The index of all commits, and the commits that the database lacks, oldest first.
#[derive(Default)]
struct State {
    index: Index,
    waiting: Vec<Arc<CommitLines>>,
}

/// A commit as it is written to the log and the ledger.
pub(super) struct Written<P: RunPayload> {
    pub(super) committed: Committed<P>,
    pub(super) lines: Arc<CommitLines>,
    pub(super) entries: Vec<Entry<P>>,
}

impl<P: RunPayload> Written<P> {
    /// The result of a commit of which everything was known. The journal ends with entry `seq`.
    fn known_already(seq: u64) -> Self {
        Self {
            committed: Committed {
                seq,
                sent: Vec::new(),
                duplicate: true,
            },
            lines: Arc::default(),
            entries: Vec::new(),
        }
    }
}

impl<P: RunPayload> Store<P> {
    /// Opens or creates the database. A panic of sled on damaged files becomes an error.
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
        let store = Self {
            log: Lines::Database(Chunks(db.open_tree("log")?)),
            db: Some(db.clone()),
            state: Mutex::default(),
            settling: Mutex::default(),
            blobs,
            payload: PhantomData,
        };
        check_version(&db.open_tree("meta")?)?;
        store.lock_state().index = store.build_index(path)?;
        // Only now that it is known to be of this program's version.
        for former in FORMER {
            db.drop_tree(former)?;
        }
        Ok(store)
    }

    /// Makes an empty store that keeps its lines in memory.
    pub(super) fn in_memory(blobs: Blobs) -> Self {
        Self {
            db: None,
            log: Lines::Memory(RwLock::default()),
            state: Mutex::default(),
            settling: Mutex::default(),
            blobs,
            payload: PhantomData,
        }
    }

    /// Builds the index of the database's entries, and checks that every page can be read, that no entry is missing and
    /// that each matches its checksum.
    fn build_index(&self, path: &Path) -> Result<Index, JournalError> {
        let mut index = Index::default();
        for (expected, item) in (1..).zip(self.log.lines_from(1)) {
            let (seq, line) = item?;
            let damaged = || JournalError::Damaged {
                path: path.to_owned(),
                detail: format!("entry {expected} is not as it was written"),
            };
            if !matches_checksum(&line) {
                return Err(damaged());
            }
            let head = match self.read_head(&line) {
                // Without a checksum, a malformed line is the only sign of damage.
                Err(JournalError::Codec(_)) if !has_checksum(&line) => return Err(damaged()),
                other => other?,
            };
            if seq != expected || head.seq != expected {
                return Err(damaged());
            }
            index.add_entry(head)?;
        }
        Ok(index)
    }

    /// Returns the head of an intact line.
    fn read_head(&self, line: &[u8]) -> Result<Head, JournalError> {
        let said: Head = serde_json::from_slice(line)?;
        if said.record.is_some() {
            return Ok(said);
        }
        // The line only names a file.
        Ok(Head::of(&self.decode_line(line)?))
    }

    fn lock_state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Inserts the waiting commits into the database. Others may be added meanwhile.
    pub(super) fn settle_waiting(&self) -> Result<(), JournalError> {
        let _one_at_a_time = self.settling.lock().unwrap_or_else(PoisonError::into_inner);
        let commits = self.lock_state().waiting.clone();
        if !commits.is_empty() {
            self.log.append_commits(commits.iter().map(AsRef::as_ref))?;
            self.lock_state().waiting.drain(..commits.len());
        }
        Ok(())
    }

    /// Inserts the waiting commits into the database, and flushes it to disk.
    pub(super) fn flush_to_disk(&self) -> Result<(), JournalError> {
        failpoint::disk("journal.database.before").map_err(sled::Error::from)?;
        self.settle_waiting()?;
        failpoint::crash("journal.database.settled", "");
        if let Some(db) = &self.db {
            db.flush()?;
        }
        failpoint::crash("journal.database.flushed", "");
        Ok(())
    }

    /// Removes everything but the version.
    #[cfg(test)]
    pub(super) fn wipe(&self) {
        if let Lines::Database(chunks) = &self.log {
            chunks.0.clear().unwrap();
        }
        *self.lock_state() = State::default();
    }

    /// Returns the number of commits that the database lacks.
    pub(super) fn waiting_commits(&self) -> usize {
        self.lock_state().waiting.len()
    }

    /// Drops the commits that the database lacks, because the log could not be written.
    pub(super) fn forget_waiting(&self) {
        let _one_at_a_time = self.settling.lock().unwrap_or_else(PoisonError::into_inner);
        let index = self.build_index(Path::new("journal"));
        *self.lock_state() = State {
            // The journal takes no further commit.
            index: index.unwrap_or_default(),
            waiting: Vec::new(),
        };
    }

    /// Returns the number of the last entry; 0 if there is none.
    pub(super) fn last_seq(&self) -> u64 {
        self.lock_state().index.last_seq()
    }

    /// Adds a commit, all of it or nothing.
    pub(super) fn add_commit(&self, commit: Commit<P>, at_ms: u64) -> Result<Written<P>, JournalError> {
        let mut state = self.lock_state();
        let index = &state.index;
        let before = index.last_seq();
        if let Some((message, _)) = &commit.handled
            && index.is_handled(message)
        {
            return Ok(Written::known_already(before));
        }
        let mut records = Vec::with_capacity(commit.records.len() + commit.sent.len() + 1);
        if let Some((message, agent)) = commit.handled {
            records.push(Record::Handled {
                message,
                agent,
                dead: commit.dead,
            });
        }
        let handled_at = before + records.len() as u64;
        for record in commit.records {
            match record {
                // A snapshot includes the step that it belongs to.
                Record::Snapshot { sha256, .. } => records.push(Record::Snapshot {
                    after: handled_at,
                    sha256,
                }),
                // The first receipt of an effect counts.
                Record::Receipt { ref key, .. } if matches!(index.effect_state(key), Some(Effect::Received(_))) => {}
                other => records.push(other),
            }
        }
        let mut fresh = Vec::new();
        let mut seen = HashSet::new();
        for envelope in commit.sent {
            if seen.insert(envelope.id.clone()) && index.sent_entry(&envelope.id).is_none() {
                fresh.push(envelope.clone());
                records.push(Record::Sent {
                    envelope: Box::new(envelope),
                });
            }
        }
        if records.is_empty() {
            return Ok(Written::known_already(before));
        }
        let last = before + records.len() as u64;
        let mut text = Vec::new();
        let mut entries = Vec::with_capacity(records.len());
        for (seq, record) in (before + 1..).zip(records) {
            let entry = Entry {
                seq,
                at_ms,
                more: seq < last,
                record,
            };
            text.extend_from_slice(&encode_entry(&entry, &self.blobs)?);
            text.push(b'\n');
            entries.push(entry);
        }
        for entry in &entries {
            state.index.add_entry(Head::of(entry))?;
        }
        let lines = Arc::new(CommitLines {
            first: before + 1,
            text,
        });
        state.waiting.push(Arc::clone(&lines));
        Ok(Written {
            committed: Committed {
                seq: last,
                sent: fresh,
                duplicate: false,
            },
            lines,
            entries,
        })
    }

    /// Adds the intact lines of a commit that is in the log but not in the database.
    pub(super) fn replay_commit(&self, lines: &[Vec<u8>]) -> Result<(), JournalError> {
        let heads: Vec<Head> = lines
            .iter()
            .map(|line| self.read_head(line))
            .collect::<Result<_, _>>()?;
        let mut text = Vec::new();
        for line in lines {
            text.extend_from_slice(line);
            text.push(b'\n');
        }
        let many = {
            let mut state = self.lock_state();
            let first = state.index.last_seq() + 1;
            for head in heads {
                state.index.add_entry(head)?;
            }
            state.waiting.push(Arc::new(CommitLines { first, text }));
            state.waiting.len() >= WAITING
        };
        if many { self.settle_waiting() } else { Ok(()) }
    }

    /// Decodes the entry of a stored line.
    pub(super) fn decode_line(&self, line: &[u8]) -> Result<Entry<P>, JournalError> {
        decode_entry(line, &self.blobs)
    }

    /// Returns the entries from `first` on, in order.
    pub(super) fn entries_from(&self, first: u64) -> impl Iterator<Item = Result<Entry<P>, JournalError>> + '_ {
        self.lines_from(first).map(|line| self.decode_line(&line?))
    }

    /// Returns the entries of these kinds from `first` on, in order. Others are not decoded: decoding is most of the
    /// work.
    pub(super) fn entries_of<'a>(
        &'a self,
        kinds: &'a [Kind],
        first: u64,
    ) -> impl Iterator<Item = Result<Entry<P>, JournalError>> + 'a {
        let lines = self
            .lines_from(first)
            .filter(|line| line.as_ref().map_or(true, |line| may_be_of_kinds(line, kinds)));
        let entries = lines.map(|line| self.decode_line(&line?));
        entries.filter(|entry| {
            entry
                .as_ref()
                .map_or(true, |entry| kinds.contains(&entry.record.kind()))
        })
    }

    /// Returns the entry of that number.
    pub(super) fn entry_at(&self, seq: u64) -> Result<Option<Entry<P>>, JournalError> {
        self.settle_waiting()?;
        self.log.line_at(seq)?.map(|line| self.decode_line(&line)).transpose()
    }

    /// Returns the stored lines from `first` on, in order.
    pub(super) fn lines_from(&self, first: u64) -> impl Iterator<Item = Result<sled::IVec, JournalError>> + '_ {
        let failed = self.settle_waiting().err().map(Err);
        let stored = self.log.lines_from(first).map(|item| Ok(item?.1));
        failed.into_iter().chain(stored)
    }

    /// Returns the messages that are not handled yet, by receiver and age.
    pub(super) fn pending_messages(&self) -> Result<Vec<Envelope<P>>, JournalError> {
        let waiting: Vec<u64> = self.lock_state().index.pending_entries().collect();
        let found = waiting.into_iter().map(|seq| self.sent_at(seq));
        found.filter_map(Result::transpose).collect()
    }

    /// Returns the message of that id.
    pub(super) fn find_message(&self, id: &MessageId) -> Result<Option<Envelope<P>>, JournalError> {
        let sent = self.lock_state().index.sent_entry(id);
        sent.map_or(Ok(None), |seq| self.sent_at(seq))
    }

    fn sent_at(&self, seq: u64) -> Result<Option<Envelope<P>>, JournalError> {
        Ok(match self.entry_at(seq)?.map(|entry| entry.record) {
            Some(Record::Sent { envelope }) => Some(*envelope),
            _ => None,
        })
    }

    /// Returns the failures of a pending message so far.
    pub(super) fn failure_count(&self, id: &MessageId) -> u32 {
        self.lock_state().index.failure_count(id)
    }

    /// Returns the state of an effect.
    pub(super) fn effect_state(&self, key: &str) -> Result<Option<EffectState>, JournalError> {
        let known = self.lock_state().index.effect_state(key);
        let seq = match known {
            None => return Ok(None),
            Some(Effect::Intended) => return Ok(Some(EffectState::Intended)),
            Some(Effect::Received(seq)) => seq,
        };
        Ok(match self.entry_at(seq)?.map(|entry| entry.record) {
            Some(Record::Receipt { value, .. }) => Some(EffectState::Done(value)),
            _ => None,
        })
    }

    /// Returns the newest snapshot: the last entry that it includes, and its file.
    pub(super) fn latest_snapshot(&self) -> Option<(u64, String)> {
        self.lock_state().index.latest_snapshot()
    }

    /// Returns the file of an agent's newest state.
    pub(super) fn agent_state(&self, agent: &AgentName) -> Option<String> {
        self.lock_state().index.latest_state(agent)
    }

    /// Returns the messages that `agent` handled after entry `after`, in the order of handling.
    pub(super) fn handled_by(&self, agent: &AgentName, after: u64) -> Result<Vec<Envelope<P>>, JournalError> {
        let mut messages = Vec::new();
        for entry in self.entries_of(&[Kind::Handled], after + 1) {
            if let Record::Handled {
                message,
                agent: by,
                dead: None,
            } = entry?.record
                && by == *agent
                && let Some(envelope) = self.find_message(&message)?
            {
                messages.push(envelope);
            }
        }
        Ok(messages)
    }
}

/// Checks the version of the database that has this tree of facts about it, or writes it to a new one.
fn check_version(meta: &sled::Tree) -> Result<(), JournalError> {
    match meta.get("schema")? {
        None => {
            meta.insert("schema", &SCHEMA_VERSION.to_be_bytes())?;
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

fn is_lock(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::WouldBlock || error.to_string().contains("lock")
}
