//! `journal.jsonl` and `ledger.jsonl`: plain copies for people and other processes.

use std::{
    fs::{self, File, OpenOptions},
    io::{BufRead, BufReader, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use super::{
    Blobs, Entry, JournalError, ledger_lines,
    record::{Stored, decode},
    store::Store,
};

/// Appends to the plain copies.
pub(super) struct Mirror {
    journal: File,
    ledger: File,
    journal_path: PathBuf,
}

impl Mirror {
    /// Opens the copies in `folder` and brings them up to what the database holds: a torn last line is
    /// cut off, missing entries are appended, and the ledger is written anew.
    pub(super) fn open(folder: &Path, store: &Store) -> Result<Self, JournalError> {
        let journal_path = folder.join("journal.jsonl");
        let ledger_path = folder.join("ledger.jsonl");
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| JournalError::Io { path, source }
        };
        let (last, length) = end_of(&journal_path).map_err(io(&journal_path))?;
        let mut journal = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&journal_path)
            .map_err(io(&journal_path))?;
        journal.set_len(length).map_err(io(&journal_path))?;
        journal.seek(SeekFrom::End(0)).map_err(io(&journal_path))?;

        let mut text = Vec::new();
        for line in store.lines(last + 1) {
            text.extend_from_slice(&line?.1);
            text.push(b'\n');
        }
        journal.write_all(&text).map_err(io(&journal_path))?;

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
        Ok(Self {
            journal,
            ledger,
            journal_path,
        })
    }

    /// Appends entries and the lines that they are stored as.
    pub(super) fn append(&mut self, entries: &[Entry], lines: &[Vec<u8>], sync: bool) -> Result<(), JournalError> {
        let mut journal = Vec::new();
        for line in lines {
            journal.extend_from_slice(line);
            journal.push(b'\n');
        }
        let mut ledger = Vec::new();
        for entry in entries {
            push_ledger(&mut ledger, entry)?;
        }
        let write = || {
            self.ledger.write_all(&ledger)?;
            self.journal.write_all(&journal)?;
            if sync { self.journal.sync_data() } else { Ok(()) }
        };
        let mut write = write;
        write().map_err(|source| JournalError::Io {
            path: self.journal_path.clone(),
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

/// The last whole line's number and the length of the file up to its end.
fn end_of(path: &Path) -> std::io::Result<(u64, u64)> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((0, 0)),
        Err(error) => return Err(error),
    };
    let (mut last, mut length) = (0, 0);
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line)?;
        if read == 0 || line.last() != Some(&b'\n') {
            return Ok((last, length));
        }
        match serde_json::from_slice(&line) {
            Ok(Stored::Inline(entry)) if entry.seq == last + 1 => last = entry.seq,
            Ok(Stored::Blob { seq, .. }) if seq == last + 1 => last = seq,
            _ => return Ok((last, length)),
        }
        length += read as u64;
    }
}

/// Every whole line of a run's `journal.jsonl`, for other processes and for a rebuild: the stored line
/// and its number.
pub fn read_mirror(folder: &Path) -> Result<Vec<Vec<u8>>, JournalError> {
    let path = folder.join("journal.jsonl");
    let (_, length) = end_of(&path).map_err(|source| JournalError::Io {
        path: path.clone(),
        source,
    })?;
    let mut text = fs::read(&path).map_err(|source| JournalError::Io { path, source })?;
    text.truncate(usize::try_from(length).unwrap_or(usize::MAX));
    Ok(text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(<[u8]>::to_vec)
        .collect())
}

/// The entries of a run's `journal.jsonl`, for processes that do not hold the database.
///
/// # Errors
/// When the file cannot be read or names a payload file that is gone.
pub fn read_entries(folder: &Path, blobs: &Blobs) -> Result<Vec<Entry>, JournalError> {
    read_mirror(folder)?.iter().map(|line| decode(line, blobs)).collect()
}
