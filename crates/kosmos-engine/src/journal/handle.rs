//! The handle that the rest of the program uses.

use std::{
    fs, io,
    path::Path,
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{
    Blobs, Commit, Committed, Dropped, Durability, EffectState, Entry, JournalError, Kind,
    store::Store,
    wal::{Wal, fill_from_log},
    writer,
};
use crate::{AgentName, Envelope, MessageId, RunPayload};
use kosmos_core::{
    plain_path::PlainPath,
    run_dir::{EntryKind, OddNames, RunDir},
    run_files,
};

/// The newest snapshot of an agent, if any, and the messages that it has handled since.
type SnapshotAndSince<P> = (Option<Vec<u8>>, Vec<Envelope<P>>);

/// Options of a journal.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The failures that a commit survives.
    pub durability: Durability,
}

/// A message that is not handled yet.
#[derive(Debug, Clone)]
pub struct Pending<P: RunPayload> {
    /// The message.
    pub envelope: Envelope<P>,
    /// Failures of its handler so far.
    pub failures: u32,
}

/// The journal of one run. Cheap to clone. The database closes with the last clone.
#[derive(Clone)]
pub struct Journal<P: RunPayload> {
    store: Arc<Store<P>>,
    requests: Requests<P>,
    rebuilt: bool,
}

/// Where commits are written.
#[derive(Clone)]
enum Requests<P: RunPayload> {
    /// On the writer thread.
    Writer(mpsc::Sender<writer::Request<P>>),
    /// Nowhere: the journal was opened to be read.
    Nowhere,
    /// On the caller's thread: for tests in simulated time, which must not advance meanwhile.
    #[cfg(test)]
    Here(Arc<std::sync::Mutex<Wal>>),
}

impl<P: RunPayload> Journal<P> {
    /// Opens the journal in a run's folder, or creates one. Entries that the database lacks are read from
    /// `journal.jsonl`; a damaged database is moved to `journal.damaged-N` and rebuilt.
    ///
    /// # Errors
    /// [`JournalError::Locked`] if another process has it, [`JournalError::Damaged`] if neither copy can be read, and
    /// [`JournalError::Lost`] if neither has all entries. Both copies are then kept, a damaged database as
    /// `journal.damaged-N`.
    pub fn open(folder: &Path, options: Options) -> Result<Self, JournalError> {
        Self::open_with(folder, options, false).map(|(journal, _)| journal)
    }

    /// Opens a journal that has lost entries, without these and all entries after them. Returns which they were, if
    /// any.
    ///
    /// # Errors
    /// As [`Journal::open`], except [`JournalError::Lost`].
    pub fn open_without_lost(folder: &Path, options: Options) -> Result<(Self, Option<Dropped>), JournalError> {
        Self::open_with(folder, options, true)
    }

    /// Opens the journal in a run's folder to be read, from `journal.jsonl` alone. The database beside it is not
    /// opened, nothing is written or locked, and a commit is refused as [`JournalError::Closed`].
    ///
    /// # Errors
    /// If the log cannot be read or is damaged.
    pub fn read_log(folder: &Path) -> Result<Self, JournalError> {
        let run = open_folder(folder)?;
        let store = Store::in_memory(Blobs::of_run(run.clone()));
        fill_from_log(&run, &store)?;
        Ok(Self {
            store: Arc::new(store),
            requests: Requests::Nowhere,
            rebuilt: false,
        })
    }

    fn open_with(folder: &Path, options: Options, drop: bool) -> Result<(Self, Option<Dropped>), JournalError> {
        let run = open_folder(folder)?;
        let blobs = Blobs::create(run.clone())?.with_durability(options.durability);
        let (store, rebuilt) = open_database_when_free(&run, &blobs)?;
        let (wal, dropped) = Wal::open(&run, &store, options.durability, drop)?;
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

    /// Opens a journal without a writer thread.
    #[cfg(test)]
    pub(crate) fn on_this_thread(folder: &Path) -> Self {
        let durability = Durability::Process;
        let run = open_folder(folder).unwrap();
        let blobs = Blobs::create(run.clone()).unwrap();
        let store = Store::open(&folder.join(run_files::JOURNAL_DATABASE), blobs).unwrap();
        let (wal, _) = Wal::open(&run, &store, durability, false).unwrap();
        Self {
            store: Arc::new(store),
            requests: Requests::Here(Arc::new(wal.into())),
            rebuilt: false,
        }
    }

    /// Removes all entries.
    #[cfg(test)]
    pub(crate) fn wipe(&self) {
        if let Requests::Here(wal) = &self.requests {
            self.store.wipe();
            wal.lock().unwrap().wipe();
        }
    }

    /// Returns true if the database was damaged or missing when the journal was opened, and was rebuilt from the log.
    pub fn was_rebuilt(&self) -> bool {
        self.rebuilt
    }

    /// Writes a commit. Returns once it is durable.
    pub async fn commit(&self, commit: Commit<P>) -> Result<Committed<P>, Arc<JournalError>> {
        let (reply, answer) = oneshot::channel();
        let closed = || Arc::new(JournalError::Closed);
        let request = writer::Request { commit, reply };
        match &self.requests {
            Requests::Writer(writer) => writer.send(request).map_err(|_| closed())?,
            Requests::Nowhere => return Err(closed()),
            #[cfg(test)]
            Requests::Here(wal) => writer::write_group(&self.store, &mut wal.lock().unwrap(), vec![request])?,
        }
        answer.await.map_err(|_| closed())?
    }

    /// Returns the content-addressed files of the run.
    pub fn blobs(&self) -> &Blobs {
        &self.store.blobs
    }

    /// Returns the run's folder.
    pub fn run_dir(&self) -> &RunDir {
        self.store.blobs.run_dir()
    }

    /// Returns the messages that are not handled yet, by receiver and age.
    pub fn pending_messages(&self) -> Result<Vec<Pending<P>>, JournalError> {
        let mut pending = Vec::new();
        for envelope in self.store.pending_messages()? {
            let failures = self.store.failure_count(&envelope.id);
            pending.push(Pending { envelope, failures });
        }
        Ok(pending)
    }

    /// Returns the state of an effect; none if it has no intent.
    pub fn effect_state(&self, key: &str) -> Result<Option<EffectState>, JournalError> {
        self.store.effect_state(key)
    }

    /// Returns the newest snapshot of the director's state, if any, and the messages that it has handled since.
    pub fn latest_snapshot_and_since(&self, agent: &AgentName) -> Result<SnapshotAndSince<P>, JournalError> {
        match self.store.latest_snapshot() {
            Some((after, sha256)) => Ok((
                Some(self.store.blobs.get(&sha256)?),
                self.store.handled_by(agent, after)?,
            )),
            None => Ok((None, self.store.handled_by(agent, 0)?)),
        }
    }

    /// Returns the newest snapshot of an agent's state, if any.
    pub fn load_agent_state(&self, agent: &AgentName) -> Result<Option<Vec<u8>>, JournalError> {
        let file = self.store.agent_state(agent);
        file.map(|sha256| self.store.blobs.get(&sha256)).transpose()
    }

    /// Returns the message of that id, if it was sent.
    pub fn find_message(&self, id: &MessageId) -> Result<Option<Envelope<P>>, JournalError> {
        self.store.find_message(id)
    }

    /// Returns all entries, in order.
    pub fn entries(&self) -> impl Iterator<Item = Result<Entry<P>, JournalError>> + '_ {
        self.store.entries_from(1)
    }

    /// Returns the entries of these kinds, in order. Other entries are not decoded, which makes it many times faster.
    pub fn entries_of<'a>(&'a self, kinds: &'a [Kind]) -> impl Iterator<Item = Result<Entry<P>, JournalError>> + 'a {
        self.store.entries_of(kinds, 1)
    }

    /// Returns the number of the last entry; 0 if there is none.
    pub fn last_seq(&self) -> u64 {
        self.store.last_seq()
    }

    /// Returns the milliseconds that processes have worked on the run: from each opening to the last entry before the
    /// next.
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

fn open_folder(folder: &Path) -> Result<RunDir, JournalError> {
    RunDir::open(folder).map_err(|source| JournalError::Io {
        path: folder.to_owned(),
        source,
    })
}

fn database_place() -> PlainPath {
    PlainPath::of(run_files::JOURNAL_DATABASE)
}

/// Returns true if a process holds the journal of the run in `folder`.
pub fn is_in_use(folder: &Path) -> bool {
    // Takes the lock of the database for an instant. A process that opens the journal at this moment tries again.
    let file = database_place().join_path(&PlainPath::of("db"));
    let Ok(file) = RunDir::open(folder).and_then(|run| run.open_file(&file)) else {
        return false;
    };
    matches!(file.try_lock_shared(), Err(fs::TryLockError::WouldBlock))
}

/// Opens the database. A locked one is tried again for a moment: [`is_in_use`] and a handle that was just dropped hold
/// the lock for no longer.
fn open_database_when_free<P: RunPayload>(run: &RunDir, blobs: &Blobs) -> Result<(Store<P>, bool), JournalError> {
    let until = Instant::now() + HELD;
    loop {
        match open_or_create_database(run, blobs) {
            Err(JournalError::Locked { .. }) if Instant::now() < until => thread::sleep(HELD / 20),
            opened => return opened,
        }
    }
}

/// How long a locked database is tried.
const HELD: Duration = Duration::from_millis(200);

/// Opens or creates the database. Returns true with it if it is to be rebuilt from the log.
fn open_or_create_database<P: RunPayload>(run: &RunDir, blobs: &Blobs) -> Result<(Store<P>, bool), JournalError> {
    let path = run.place_of(&database_place());
    let there = has_database(run)?;
    let broken = match there {
        true => match Store::open(&path, blobs.clone()) {
            Ok(store) if store.last_seq() > 0 => return Ok((store, false)),
            Ok(_) => None,
            // It is not damaged, but this program cannot use it.
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
    let logged = Wal::has_entries(run)?;
    let rebuilt = logged && (broken.is_some() || !there);
    match broken {
        Some(error) if !logged => return Err(error),
        Some(_) => set_aside_database(run)?,
        None if !logged && has_experiments(run) => {
            return Err(JournalError::Damaged {
                path: run.path().to_owned(),
                detail: "neither the database nor journal.jsonl has an entry, and the run has experiments".to_owned(),
            });
        }
        None => {}
    }
    Ok((Store::open(&path, blobs.clone())?, rebuilt))
}

/// Returns true if the run has a database. It opens its files by their paths, so that none of them may be a link.
///
/// # Errors
/// If it has something other than files and folders, or cannot be listed.
fn has_database(run: &RunDir) -> Result<bool, JournalError> {
    let entries = match run.tree(Some(&database_place()), OddNames::Skip) {
        Ok(entries) => entries,
        Err(error) if error.source.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => {
            return Err(JournalError::Io {
                path: error.place,
                source: error.source,
            });
        }
    };
    let odd = |kind: &EntryKind| matches!(kind, EntryKind::Link | EntryKind::Other);
    match entries.iter().find(|(_, kind)| odd(kind)) {
        Some((inside, _)) => {
            let told = "it is neither a file nor a folder: remove the folder of the database, which is made again";
            Err(JournalError::Io {
                path: run.place_of(inside),
                source: io::Error::new(io::ErrorKind::InvalidInput, told),
            })
        }
        None => Ok(true),
    }
}

/// Returns true if the run has experiments, which come long after the journal's first entry.
fn has_experiments(run: &RunDir) -> bool {
    let entries = run.list(Some(&PlainPath::of(run_files::EXPERIMENTS)));
    entries.is_ok_and(|entries| !entries.is_empty())
}

fn set_aside_database(run: &RunDir) -> Result<(), JournalError> {
    let names = (1..1000).map(|n| format!("journal.damaged-{n}"));
    let mut places = names.filter_map(|name| name.parse::<PlainPath>().ok());
    let aside = places
        .find(|place| matches!(run.kind_of(place), Ok(None)))
        .unwrap_or_else(|| PlainPath::of("journal.damaged"));
    run.rename(&database_place(), &aside)
        .map_err(|source| JournalError::Io {
            path: run.place_of(&aside),
            source,
        })
}
