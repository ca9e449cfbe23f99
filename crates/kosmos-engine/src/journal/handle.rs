//! The handle that the rest of the lab holds.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{
    Blobs, Commit, Committed, Dropped, Durability, EffectState, Entry, JournalError, Kind, store::Store, wal::Wal,
    writer,
};
use crate::{AgentName, Envelope, MessageId, RunPayload};

/// How a journal is kept.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    #[allow(missing_docs)]
    pub durability: Durability,
}

/// A message that waits, with the failures of its handler so far.
#[derive(Debug, Clone)]
pub struct Pending<P: RunPayload> {
    #[allow(missing_docs)]
    pub envelope: Envelope<P>,
    #[allow(missing_docs)]
    pub failures: u32,
}

/// The journal of one run. Cheap to clone; the database closes with the last clone.
#[derive(Clone)]
pub struct Journal<P: RunPayload> {
    store: Arc<Store<P>>,
    requests: Requests<P>,
    rebuilt: bool,
}

/// Where commits go.
#[derive(Clone)]
enum Requests<P: RunPayload> {
    /// To the thread that writes.
    Writer(mpsc::Sender<writer::Request<P>>),
    /// Nowhere: they are written by whom they come from. For tests in simulated time, which must not pass meanwhile.
    #[cfg(test)]
    Here(Arc<std::sync::Mutex<Wal>>),
}

impl<P: RunPayload> Journal<P> {
    /// Opens the journal in a run's folder, or begins one. What the database lacks is put into it from `journal.jsonl`;
    /// a damaged one is put aside as `journal.damaged-N` and rebuilt.
    ///
    /// # Errors
    /// [`JournalError::Locked`] when another process has it; [`JournalError::Damaged`] when neither copy
    /// can be read, and [`JournalError::Lost`] when neither has all of it. Both are kept then, a damaged database as
    /// `journal.damaged-N`.
    pub fn open(folder: &Path, options: Options) -> Result<Self, JournalError> {
        Self::open_with(folder, options, false).map(|(journal, _)| journal)
    }

    /// Opens a journal which has lost entries without them and all that came after them; says which those were, if any.
    ///
    /// # Errors
    /// As [`Journal::open`], but for [`JournalError::Lost`].
    pub fn open_without_lost(folder: &Path, options: Options) -> Result<(Self, Option<Dropped>), JournalError> {
        Self::open_with(folder, options, true)
    }

    fn open_with(folder: &Path, options: Options, drop: bool) -> Result<(Self, Option<Dropped>), JournalError> {
        let database = folder.join("journal");
        let blobs = Blobs::open(folder.join("blobs"))?.with_durability(options.durability);
        let (store, rebuilt) = open_database_when_free(folder, &database, &blobs)?;
        let (wal, dropped) = Wal::open(folder, &store, options.durability, drop)?;
        let store = Arc::new(store);
        let (requests, receiver) = mpsc::channel();
        let writing = Arc::clone(&store);
        thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer::run_writer(&writing, wal, &receiver))
            .map_err(|source| JournalError::Io {
                path: folder.to_owned(),
                source,
            })?;
        let journal = Self {
            store,
            requests: Requests::Writer(requests),
            rebuilt,
        };
        Ok((journal, dropped))
    }

    /// A journal without a thread of its own.
    #[cfg(test)]
    pub(crate) fn on_this_thread(folder: &Path) -> Self {
        let durability = Durability::Process;
        let blobs = Blobs::open(folder.join("blobs")).unwrap();
        let store = Store::open(&folder.join("journal"), blobs).unwrap();
        let (wal, _) = Wal::open(folder, &store, durability, false).unwrap();
        Self {
            store: Arc::new(store),
            requests: Requests::Here(Arc::new(wal.into())),
            rebuilt: false,
        }
    }

    /// Empties such a journal.
    #[cfg(test)]
    pub(crate) fn wipe(&self) {
        if let Requests::Here(wal) = &self.requests {
            self.store.wipe();
            wal.lock().unwrap().wipe();
        }
    }

    /// Whether the database was damaged or gone and rebuilt from the log when it was opened.
    pub fn was_rebuilt(&self) -> bool {
        self.rebuilt
    }

    /// Writes a commit and returns once it is durable.
    pub async fn commit(&self, commit: Commit<P>) -> Result<Committed<P>, Arc<JournalError>> {
        let (reply, answer) = oneshot::channel();
        let closed = || Arc::new(JournalError::Closed);
        let request = writer::Request { commit, reply };
        match &self.requests {
            Requests::Writer(writer) => writer.send(request).map_err(|_| closed())?,
            #[cfg(test)]
            Requests::Here(wal) => writer::write_group(&self.store, &mut wal.lock().unwrap(), vec![request])?,
        }
        answer.await.map_err(|_| closed())?
    }

    /// The content-addressed files of the run.
    pub fn blobs(&self) -> &Blobs {
        &self.store.blobs
    }

    /// Messages that wait for their receivers, by receiver and age.
    pub fn pending_messages(&self) -> Result<Vec<Pending<P>>, JournalError> {
        let mut pending = Vec::new();
        for envelope in self.store.pending_messages()? {
            let failures = self.store.failure_count(&envelope.id);
            pending.push(Pending { envelope, failures });
        }
        Ok(pending)
    }

    /// What is known of an effect.
    pub fn effect_state(&self, key: &str) -> Result<Option<EffectState>, JournalError> {
        self.store.effect_state(key)
    }

    /// The newest snapshot of the director's state, if any, and the messages that it handled since.
    pub fn latest_snapshot_and_since(
        &self,
        agent: &AgentName,
    ) -> Result<(Option<Vec<u8>>, Vec<Envelope<P>>), JournalError> {
        match self.store.latest_snapshot() {
            Some((after, sha256)) => Ok((
                Some(self.store.blobs.get(&sha256)?),
                self.store.handled_by(agent, after)?,
            )),
            None => Ok((None, self.store.handled_by(agent, 0)?)),
        }
    }

    /// The newest state that an agent left, if any.
    pub fn load_agent_state(&self, agent: &AgentName) -> Result<Option<Vec<u8>>, JournalError> {
        let file = self.store.agent_state(agent);
        file.map(|sha256| self.store.blobs.get(&sha256)).transpose()
    }

    /// The message of that id, if it was ever sent.
    pub fn find_message(&self, id: &MessageId) -> Result<Option<Envelope<P>>, JournalError> {
        self.store.find_message(id)
    }

    /// All entries, in order.
    pub fn entries(&self) -> impl Iterator<Item = Result<Entry<P>, JournalError>> + '_ {
        self.store.entries_from(1)
    }

    /// The entries of these kinds, in order: many times as fast as to look at all of them.
    pub fn entries_of<'a>(&'a self, kinds: &'a [Kind]) -> impl Iterator<Item = Result<Entry<P>, JournalError>> + 'a {
        self.store.entries_of(kinds, 1)
    }

    /// The number of the last entry.
    pub fn last_seq(&self) -> u64 {
        self.store.last_seq()
    }

    /// Milliseconds that processes have worked on the run: from each opening to the last entry before
    /// the next one.
    pub fn elapsed_ms(&self) -> Result<u64, JournalError> {
        let opened: Vec<Entry<P>> = self.entries_of(&[Kind::Opened]).collect::<Result<_, _>>()?;
        let lasts = opened.iter().skip(1).map(|next| next.seq - 1);
        let mut total = 0;
        for (entry, last) in opened.iter().zip(lasts.chain([self.last_seq()])) {
            let until = self.store.entry_at(last)?.map_or(entry.at_ms, |last| last.at_ms);
            total += until.saturating_sub(entry.at_ms);
        }
        Ok(total)
    }
}

/// Whether a process holds the journal of the run in `folder`.
pub fn is_in_use(folder: &Path) -> bool {
    // The lock of the database, tried for an instant: who opens the journal meanwhile tries again.
    let Ok(file) = fs::File::open(folder.join("journal").join("db")) else {
        return false;
    };
    matches!(file.try_lock_shared(), Err(fs::TryLockError::WouldBlock))
}

/// Opens the database; one that is held is tried again for a moment, since [`in_use`] and a handle that was just dropped
/// hold it for no longer.
fn open_database_when_free<P: RunPayload>(
    folder: &Path,
    database: &Path,
    blobs: &Blobs,
) -> Result<(Store<P>, bool), JournalError> {
    let until = Instant::now() + HELD;
    loop {
        match open_or_create_database(folder, database, blobs) {
            Err(JournalError::Locked { .. }) if Instant::now() < until => thread::sleep(HELD / 20),
            opened => return opened,
        }
    }
}

/// How long a database that another holds is waited for.
const HELD: Duration = Duration::from_millis(200);

/// The database, and whether it begins anew beside a log that has entries.
fn open_or_create_database<P: RunPayload>(
    folder: &Path,
    database: &Path,
    blobs: &Blobs,
) -> Result<(Store<P>, bool), JournalError> {
    let there = database.exists();
    let broken = match there {
        true => match Store::open(database, blobs.clone()) {
            Ok(store) if store.last_seq() > 0 => return Ok((store, false)),
            Ok(_) => None,
            // Whole, and not for this program.
            Err(
                error @ (JournalError::Locked { .. }
                | JournalError::Version { .. }
                | JournalError::Codec(_)
                | JournalError::Blob { .. }),
            ) => return Err(error),
            Err(error) => Some(error),
        },
        false => None,
    };
    let logged = Wal::has_entries(folder)?;
    let rebuilt = logged && (broken.is_some() || !there);
    match broken {
        Some(error) if !logged => return Err(error),
        Some(_) => set_aside_database(folder, database)?,
        None if !logged && has_experiments(folder) => {
            return Err(JournalError::Damaged {
                path: folder.to_owned(),
                detail: "neither the database nor journal.jsonl has an entry, and the run has experiments".to_owned(),
            });
        }
        None => {}
    }
    Ok((Store::open(database, blobs.clone())?, rebuilt))
}

/// Whether the run came as far as an experiment, which is long after the journal's first entry.
fn has_experiments(folder: &Path) -> bool {
    fs::read_dir(folder.join("experiments")).is_ok_and(|mut entries| entries.next().is_some())
}

fn set_aside_database(folder: &Path, database: &Path) -> Result<(), JournalError> {
    let aside: PathBuf = (1..)
        .map(|n: u32| folder.join(format!("journal.damaged-{n}")))
        .find(|path| !path.exists())
        .unwrap_or_else(|| folder.join("journal.damaged"));
    fs::rename(database, &aside).map_err(|source| JournalError::Io { path: aside, source })
}
