//! The handle that the rest of the lab holds.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    thread,
};

use tokio::sync::oneshot;

use super::{
    Blobs, Commit, Committed, Durability, EffectState, Entry, JournalError, Record, store::Store, wal::Wal, writer,
};
use crate::message::{AgentName, Envelope, MessageId};

/// How a journal is kept.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    #[allow(missing_docs)]
    pub durability: Durability,
}

/// A message that waits, with the failures of its handler so far.
#[derive(Debug, Clone)]
pub struct Pending {
    #[allow(missing_docs)]
    pub envelope: Envelope,
    #[allow(missing_docs)]
    pub failures: u32,
}

/// The journal of one run. Cheap to clone; the database closes with the last clone.
#[derive(Clone)]
pub struct Journal {
    store: Arc<Store>,
    requests: mpsc::Sender<writer::Request>,
    rebuilt: bool,
}

impl Journal {
    /// Opens the journal in a run's folder, or begins one. What the database lacks is put into it from `journal.jsonl`;
    /// a damaged one is put aside as `journal.damaged-N` and rebuilt.
    ///
    /// # Errors
    /// [`JournalError::Locked`] when another process has it; [`JournalError::Damaged`] when neither copy
    /// can be read.
    pub fn open(folder: &Path, options: Options) -> Result<Self, JournalError> {
        let database = folder.join("journal");
        let blobs = Blobs::open(folder.join("blobs"))?.surviving(options.durability);
        let (store, rebuilt) = open_or_begin_anew(folder, &database, &blobs)?;
        let wal = Wal::open(folder, &store, options.durability)?;
        let store = Arc::new(store);
        let (requests, receiver) = mpsc::channel();
        let writing = Arc::clone(&store);
        thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer::run(&writing, wal, &receiver))
            .map_err(|source| JournalError::Io {
                path: folder.to_owned(),
                source,
            })?;
        Ok(Self {
            store,
            requests,
            rebuilt,
        })
    }

    /// Whether the database was damaged or gone and rebuilt from the log when it was opened.
    pub fn was_rebuilt(&self) -> bool {
        self.rebuilt
    }

    /// Writes a commit and returns once it is durable.
    pub async fn commit(&self, commit: Commit) -> Result<Committed, Arc<JournalError>> {
        let (reply, answer) = oneshot::channel();
        let closed = || Arc::new(JournalError::Closed);
        self.requests
            .send(writer::Request { commit, reply })
            .map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    /// The content-addressed files of the run.
    pub fn blobs(&self) -> &Blobs {
        &self.store.blobs
    }

    /// Messages that wait for their receivers, by receiver and age.
    pub fn pending(&self) -> Result<Vec<Pending>, JournalError> {
        let mut pending = Vec::new();
        for envelope in self.store.pending()? {
            let failures = self.store.attempts(&envelope.id)?;
            pending.push(Pending { envelope, failures });
        }
        Ok(pending)
    }

    /// What is known of an effect.
    pub fn effect(&self, key: &str) -> Result<Option<EffectState>, JournalError> {
        self.store.effect(key)
    }

    /// The newest snapshot of the director's state, if any, and the messages that it handled since.
    pub fn restore(&self, agent: &AgentName) -> Result<(Option<Vec<u8>>, Vec<Envelope>), JournalError> {
        match self.store.snapshot()? {
            Some((after, sha256)) => Ok((
                Some(self.store.blobs.get(&sha256)?),
                self.store.handled_by(agent, after)?,
            )),
            None => Ok((None, self.store.handled_by(agent, 0)?)),
        }
    }

    /// The newest state that an agent left, if any.
    pub fn agent_state(&self, agent: &AgentName) -> Result<Option<Vec<u8>>, JournalError> {
        let file = self.store.agent_state(agent)?;
        file.map(|sha256| self.store.blobs.get(&sha256)).transpose()
    }

    /// The message of that id, if it was ever sent.
    pub fn message(&self, id: &MessageId) -> Result<Option<Envelope>, JournalError> {
        self.store.message(id.as_str())
    }

    /// All entries, in order.
    pub fn entries(&self) -> impl Iterator<Item = Result<Entry, JournalError>> + '_ {
        self.store.entries(1)
    }

    /// The number of the last entry.
    pub fn last_seq(&self) -> u64 {
        self.store.last_seq()
    }

    /// Milliseconds that processes have worked on the run: from each opening to the last entry before
    /// the next one.
    pub fn elapsed_ms(&self) -> Result<u64, JournalError> {
        let (mut total, mut opened, mut last) = (0, None, 0);
        for entry in self.entries() {
            let entry = entry?;
            if matches!(entry.record, Record::Opened { .. }) {
                total += opened.map_or(0, |from| u64::saturating_sub(last, from));
                opened = Some(entry.at_ms);
            }
            last = entry.at_ms;
        }
        Ok(total + opened.map_or(0, |from| last.saturating_sub(from)))
    }
}

/// The database, and whether it begins anew beside a log that has entries.
fn open_or_begin_anew(folder: &Path, database: &Path, blobs: &Blobs) -> Result<(Store, bool), JournalError> {
    let logged = Wal::path(folder).exists();
    let gone = logged && !database.exists();
    let broken = match Store::open(database, blobs.clone()) {
        Ok(store) => return Ok((store, gone)),
        Err(error @ (JournalError::Locked { .. } | JournalError::Version { .. })) => return Err(error),
        Err(error) => error,
    };
    if !logged {
        return Err(broken);
    }
    quarantine(folder, database)?;
    Ok((Store::open(database, blobs.clone())?, true))
}

fn quarantine(folder: &Path, database: &Path) -> Result<(), JournalError> {
    let aside: PathBuf = (1..)
        .map(|n: u32| folder.join(format!("journal.damaged-{n}")))
        .find(|path| !path.exists())
        .unwrap_or_else(|| folder.join("journal.damaged"));
    fs::rename(database, &aside).map_err(|source| JournalError::Io { path: aside, source })
}
