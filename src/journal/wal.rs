//! `journal.jsonl`, the write-ahead log, and `ledger.jsonl`, a plain copy of what it says of hypotheses.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use super::{
    Blobs, Durability, Entry, JournalError,
    blobs::sync_folder,
    ledger_lines,
    record::{Stored, decode},
    store::{Store, Written},
};

/// Appends to the log and the ledger.
pub(super) struct Wal {
    log: File,
    ledger: File,
    path: PathBuf,
    durability: Durability,
}

impl Wal {
    /// The log of the run in `folder`.
    pub(super) fn path(folder: &Path) -> PathBuf {
        folder.join("journal.jsonl")
    }

    /// Opens the log and makes it and the database equal: a last commit that is not whole is cut off, whole ones that
    /// the database lacks are put into it, and the other way round. The ledger is written anew.
    pub(super) fn open(folder: &Path, store: &Store, durability: Durability) -> Result<Self, JournalError> {
        let path = Self::path(folder);
        let ledger_path = folder.join("ledger.jsonl");
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| JournalError::Io { path, source }
        };
        let mut log = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(io(&path))?;
        let known = store.last_seq();
        let mut failure = Ok(());
        let end = scan(&path, known, |commit| {
            if failure.is_ok() {
                failure = store.replay(commit);
            }
        })
        .map_err(io(&path))?;
        failure?;
        store.flush()?;
        if end.highest > store.last_seq() {
            let (from, to) = (store.last_seq() + 1, end.highest);
            tracing::warn!(path = %path.display(), from, to, "these entries are unfinished or behind a damaged one, and are dropped: what they tell of is done again");
        }

        log.set_len(end.length).map_err(io(&path))?;
        log.seek(SeekFrom::End(0)).map_err(io(&path))?;
        let mut text = Vec::new();
        for line in store.lines(end.last + 1) {
            text.extend_from_slice(&line?);
            text.push(b'\n');
        }
        log.write_all(&text).map_err(io(&path))?;

        let mut ledger = Vec::new();
        for entry in store.entries(1) {
            push_ledger(&mut ledger, &entry?)?;
        }
        let partial = folder.join(".ledger.jsonl.partial");
        fs::write(&partial, &ledger).map_err(io(&partial))?;
        fs::rename(&partial, &ledger_path).map_err(io(&ledger_path))?;
        let ledger = OpenOptions::new()
            .append(true)
            .open(&ledger_path)
            .map_err(io(&ledger_path))?;
        if durability == Durability::Power {
            log.sync_all().and_then(|()| sync_folder(folder)).map_err(io(&path))?;
        }
        Ok(Self {
            log,
            ledger,
            path,
            durability,
        })
    }

    /// Appends commits: one write for all, and one fsync where they have to survive the loss of power.
    pub(super) fn append<'a>(&mut self, commits: impl Iterator<Item = &'a Written>) -> Result<(), JournalError> {
        let (mut log, mut ledger) = (Vec::new(), Vec::new());
        for written in commits {
            for line in written.lines.iter() {
                log.extend_from_slice(&line.text);
                log.push(b'\n');
                push_ledger(&mut ledger, &line.entry)?;
            }
        }
        let mut write = || {
            self.log.write_all(&log)?;
            if self.durability == Durability::Power {
                self.log.sync_data()?;
            }
            match ledger.is_empty() {
                true => Ok(()),
                false => self.ledger.write_all(&ledger),
            }
        };
        write().map_err(|source| JournalError::Io {
            path: self.path.clone(),
            source,
        })
    }
}

fn push_ledger(text: &mut Vec<u8>, entry: &Entry) -> Result<(), JournalError> {
    for line in ledger_lines(entry) {
        serde_json::to_writer(&mut *text, &line)?;
        text.push(b'\n');
    }
    Ok(())
}

/// What a log holds.
#[derive(Debug, Default)]
struct End {
    /// The last entry of the whole commits that it begins with, up to the first line that is damaged or out of order.
    last: u64,
    /// Bytes up to there.
    length: u64,
    /// The highest entry of all.
    highest: u64,
}

/// Gives each whole commit after entry `after` to `each`, as its lines and without gaps. What is damaged, or there twice, does
/// not matter before them.
fn scan(path: &Path, after: u64, mut each: impl FnMut(Vec<Vec<u8>>)) -> io::Result<End> {
    let mut reader = BufReader::new(File::open(path)?);
    let (mut end, mut in_order) = (End::default(), true);
    let (mut seen, mut length, mut next) = (0, 0, after + 1);
    let mut commit = Vec::new();
    loop {
        let mut line = Vec::new();
        length += reader.read_until(b'\n', &mut line)? as u64;
        if line.pop() != Some(b'\n') {
            return Ok(end);
        }
        let Ok(stored) = serde_json::from_slice::<Stored>(&line) else {
            in_order = false;
            continue;
        };
        let (seq, more) = (stored.seq(), stored.more());
        end.highest = end.highest.max(seq);
        in_order &= seq == seen + 1;
        seen += 1;
        if in_order && !more {
            (end.last, end.length) = (seq, length);
        }
        if seq == next {
            next += 1;
            commit.push(line);
            if !more {
                each(std::mem::take(&mut commit));
            }
        }
    }
}

/// The entries of a run's `journal.jsonl`, of whole commits, for processes that do not hold the database.
///
/// # Errors
/// When the file cannot be read or names a payload file that is gone.
pub fn read_entries(folder: &Path, blobs: &Blobs) -> Result<Vec<Entry>, JournalError> {
    let path = Wal::path(folder);
    let mut lines = Vec::new();
    scan(&path, 0, |commit| lines.extend(commit)).map_err(|source| JournalError::Io { path, source })?;
    lines.iter().map(|line| decode(line, blobs)).collect()
}
