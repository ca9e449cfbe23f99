//! `journal.jsonl`, the write-ahead log, and `ledger.jsonl`, the application's digest of it.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
};

use kosmos_core::{failpoint, files, plain_path::PlainPath, run_dir::RunDir, run_files};

use super::{
    Blobs, Durability, Entry, JournalError, Record,
    record::{decode_entry, encode_entry, read_position},
    store::{Store, Written},
};
use crate::RunPayload;

/// Appends to the log and the ledger.
pub(super) struct Wal {
    log: File,
    ledger: File,
    path: PathBuf,
    durability: Durability,
}

impl Wal {
    /// Returns true if the log begins with a whole commit.
    pub(super) fn has_entries(run: &RunDir) -> Result<bool, JournalError> {
        match scan_commits(run, 0, |_| {}) {
            Ok(end) => Ok(end.highest > 0),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(log_error(run, source)),
        }
    }

    /// Opens the log and makes it equal to the database: cuts off an incomplete last commit, and copies whole commits
    /// that one of them lacks from the other. Rewrites the ledger.
    ///
    /// Damage to the log in entries that the database lacks is an error or, with `drop`, the end of the journal.
    pub(super) fn open<P: RunPayload>(
        run: &RunDir,
        store: &Store<P>,
        durability: Durability,
        drop: bool,
    ) -> Result<(Self, Option<Dropped>), JournalError> {
        let path = run.place_of(&log_place());
        let ledger_path = run.place_of(&ledger_place());
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| JournalError::Io { path, source }
        };
        let mut log_file = run.open_to_append(&log_place()).map_err(io(&path))?;
        let known = store.last_seq();
        let mut failure = Ok(());
        let end = scan_commits(run, known, |commit| {
            if failure.is_ok() {
                failure = store.replay_commit(&commit);
            }
        })
        .map_err(io(&path))?;
        failure?;
        let dropped = end.lost_after(store.last_seq());
        if let Some(lost) = &dropped
            && !drop
        {
            let Dropped { line, from, to } = *lost;
            return Err(JournalError::Lost { path, line, from, to });
        }
        store.flush_to_disk()?;

        log_file.set_len(end.length).map_err(io(&path))?;
        let mut text = Vec::new();
        for line in store.lines_from(end.last + 1) {
            text.extend_from_slice(&line?);
            text.push(b'\n');
        }
        log_file.write_all(&text).map_err(io(&path))?;

        let mut ledger_text = Vec::new();
        for line in store.lines_from(1) {
            let line = line?;
            if P::may_have_ledger_lines(&line) {
                push_ledger(&mut ledger_text, &store.decode_line(&line)?)?;
            }
        }
        let ledger_file = run
            .write_atomically(&ledger_place(), files::Sync::No, |file| file.write_all(&ledger_text))
            .and_then(|()| run.open_to_append(&ledger_place()))
            .map_err(io(&ledger_path))?;
        if durability == Durability::Power {
            log_file.sync_all().map_err(io(&path))?;
        }
        durability.sync_names(run, None).map_err(io(run.path()))?;
        let wal = Self {
            log: log_file,
            ledger: ledger_file,
            path,
            durability,
        };
        Ok((wal, dropped))
    }

    /// Appends commits with one write, and with one fsync if they have to survive a power failure.
    pub(super) fn append_commits<'a, P: RunPayload>(
        &mut self,
        commits: impl Iterator<Item = &'a Written<P>>,
    ) -> Result<(), JournalError> {
        let (mut log, mut ledger) = (Vec::new(), Vec::new());
        for written in commits {
            log.extend_from_slice(&written.lines.text);
            for entry in &written.entries {
                push_ledger(&mut ledger, entry)?;
            }
        }
        let write = || {
            failpoint::write_all(&self.log, "journal.log", &log)?;
            if self.durability == Durability::Power {
                self.log.sync_data()?;
                failpoint::crash("journal.log.synced", "");
            }
            match ledger.is_empty() {
                true => Ok(()),
                false => failpoint::write_all(&self.ledger, "journal.ledger", &ledger),
            }
        };
        write().map_err(|source| JournalError::Io {
            path: self.path.clone(),
            source,
        })
    }
}

#[cfg(test)]
impl Wal {
    /// Empties both files.
    pub(super) fn wipe(&mut self) {
        self.log.set_len(0).unwrap();
        self.ledger.set_len(0).unwrap();
    }
}

fn push_ledger<P: RunPayload>(text: &mut Vec<u8>, entry: &Entry<P>) -> Result<(), JournalError> {
    let Record::Sent { envelope } = &entry.record else {
        return Ok(());
    };
    for line in P::ledger_lines(entry.seq, envelope) {
        serde_json::to_writer(&mut *text, &line)?;
        text.push(b'\n');
    }
    Ok(())
}

/// The entries that a damaged log and its database have both lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dropped {
    /// The first damaged line of the log, from 1.
    pub line: u64,
    /// The first missing entry.
    pub from: u64,
    /// The last entry that the log mentions; less than `from` if it mentions none.
    pub to: u64,
}

/// The contents of a log.
#[derive(Debug, Default)]
struct LogEnd {
    /// The last entry of the whole commits before the first line that is damaged or out of order.
    last: u64,
    /// The bytes up to there.
    length: u64,
    /// The highest entry that ends a commit.
    highest: u64,
    /// Lines that are damaged or follow a gap: the line's number, and the entry expected there.
    damaged: Vec<(u64, u64)>,
}

impl LogEnd {
    /// Returns what is lost if the database holds the entries up to `held`. The lines of an incomplete last commit do
    /// not count: it was never acknowledged.
    fn lost_after(&self, held: u64) -> Option<Dropped> {
        let beyond = self.damaged.iter().find(|(_, entry)| *entry > held);
        let (line, _) = match self.highest > held {
            true => self.damaged.first().or(beyond)?,
            false => beyond?,
        };
        Some(Dropped {
            line: *line,
            from: held + 1,
            to: self.highest,
        })
    }
}

fn log_place() -> PlainPath {
    PlainPath::of(run_files::JOURNAL_LOG)
}

fn ledger_place() -> PlainPath {
    PlainPath::of(run_files::LEDGER)
}

fn log_error(run: &RunDir, source: io::Error) -> JournalError {
    let path = run.place_of(&log_place());
    JournalError::Io { path, source }
}

/// Reads a line with its end, which may be missing from the last one.
///
/// # Errors
/// If it is longer than any that Kosmos writes.
fn read_line(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    reader.take(LONGEST_LINE + 1).read_until(b'\n', &mut line)?;
    match line.len() as u64 > LONGEST_LINE {
        false => Ok(line),
        true => {
            let told = format!("it has a line of more than {LONGEST_LINE} bytes");
            Err(io::Error::new(io::ErrorKind::InvalidData, told))
        }
    }
}

/// The longest line that is read. Longer entries are kept in files of their own, in former versions from a larger size
/// on.
const LONGEST_LINE: u64 = run_files::BLOB_BYTES;

/// Passes the lines of each whole commit after entry `after` to `each`, without gaps. Damaged or repeated lines before
/// them do no harm.
fn scan_commits(run: &RunDir, after: u64, mut each: impl FnMut(Vec<Vec<u8>>)) -> io::Result<LogEnd> {
    let mut reader = BufReader::new(run.open_file(&log_place())?);
    let (mut end, mut in_order) = (LogEnd::default(), true);
    let (mut seen, mut length, mut next, mut number) = (0, 0, after + 1, 0);
    let mut commit = Vec::new();
    loop {
        let mut line = read_line(&mut reader)?;
        length += line.len() as u64;
        // An incomplete last line.
        if line.pop() != Some(b'\n') {
            return Ok(end);
        }
        number += 1;
        let Some((seq, more)) = read_position(&line) else {
            in_order = false;
            end.damaged.push((number, seen + 1));
            continue;
        };
        in_order &= seq == seen + 1;
        if seq > seen + 1 {
            end.damaged.push((number, seen + 1));
        }
        seen = seen.max(seq);
        if !more {
            end.highest = end.highest.max(seq);
            if in_order {
                (end.last, end.length) = (seq, length);
            }
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

/// Fills an empty store with all whole commits of a run's log.
///
/// # Errors
/// If the file cannot be read or is damaged.
pub(super) fn fill_from_log<P: RunPayload>(run: &RunDir, store: &Store<P>) -> Result<(), JournalError> {
    let mut failure = Ok(());
    let end = scan_commits(run, 0, |commit| {
        if failure.is_ok() {
            failure = store.replay_commit(&commit);
        }
    });
    let end = end.map_err(|source| log_error(run, source))?;
    failure?;
    match end.lost_after(store.last_seq()) {
        Some(Dropped { line, .. }) => {
            let path = run.place_of(&log_place());
            Err(JournalError::DamagedLog { path, line })
        }
        None => store.settle_waiting(),
    }
}

/// Reads the entries of all whole commits from a run's `journal.jsonl`, without the database. Nothing is written.
///
/// # Errors
/// If the file cannot be read or is damaged, or if a content-addressed file that it names is missing.
pub fn read_entries<P: RunPayload>(run: &RunDir) -> Result<Vec<Entry<P>>, JournalError> {
    let mut lines = Vec::new();
    let end = scan_commits(run, 0, |commit| lines.extend(commit));
    let end = end.map_err(|source| log_error(run, source))?;
    if let Some(Dropped { line, .. }) = end.lost_after(lines.len() as u64) {
        let path = run.place_of(&log_place());
        return Err(JournalError::DamagedLog { path, line });
    }
    let blobs = Blobs::of_run(run.clone());
    lines.iter().map(|line| decode_entry(line, &blobs)).collect()
}

/// Groups entries, which are in order, by commit.
pub fn group_by_commit<P: RunPayload>(entries: Vec<Entry<P>>) -> Vec<Vec<Entry<P>>> {
    let mut commits = Vec::new();
    let mut open = Vec::new();
    for entry in entries {
        let more = entry.more;
        open.push(entry);
        if !more {
            commits.push(std::mem::take(&mut open));
        }
    }
    if !open.is_empty() {
        commits.push(open);
    }
    commits
}

/// Creates the journal of a run, log and database, with these commits. Entries keep their times and are renumbered.
/// Commits without entries are left out.
///
/// # Errors
/// If there is a log already, or if it cannot be written.
pub fn write_entries<P: RunPayload>(
    run: &RunDir,
    commits: Vec<Vec<Entry<P>>>,
    durability: Durability,
) -> Result<(), JournalError> {
    let blobs = Blobs::create(run.clone())?.with_durability(durability);
    let mut text = Vec::new();
    let mut seq = 0;
    for commit in commits {
        let last = seq + commit.len() as u64;
        for mut entry in commit {
            seq += 1;
            (entry.seq, entry.more) = (seq, seq < last);
            text.extend_from_slice(&encode_entry(&entry, &blobs)?);
            text.push(b'\n');
        }
    }
    let written = run.create_file(&log_place()).and_then(|mut log| log.write_all(&text));
    written.map_err(|source| log_error(run, source))?;
    // The next opening then finds a complete database, not one that seems to be lost.
    let store = Store::<P>::open(&run.path().join(run_files::JOURNAL_DATABASE), blobs)?;
    Wal::open(run, &store, durability, false).map(drop)
}
