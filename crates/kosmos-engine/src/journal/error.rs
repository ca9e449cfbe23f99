//! Failures of the journal.

use std::path::PathBuf;

/// A failure of the journal. A run must not continue after one.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another process works on this run.
    #[error("the run is in use by another process: its journal `{path}` is locked")]
    Locked {
        /// The database's folder.
        path: PathBuf,
    },
    /// Neither the database nor the log can be read.
    #[error("the journal `{path}` cannot be read and cannot be rebuilt: {detail}")]
    Damaged {
        /// The database's folder, or the run's.
        path: PathBuf,
        /// The damage.
        detail: String,
    },
    /// Neither the log nor the database has these entries.
    #[error(
        "`{}` is damaged at line {line}, and the journal's database does not have its entry: {}",
        path.display(), describe_missing(*from, *to)
    )]
    Lost {
        /// The log.
        path: PathBuf,
        /// The first damaged line, from 1.
        line: u64,
        /// The first missing entry.
        from: u64,
        /// The last entry that the log mentions.
        to: u64,
    },
    /// The log is damaged, and was read without the database, which another process may hold.
    #[error("`{}` is damaged at line {line}", path.display())]
    DamagedLog {
        /// The log.
        path: PathBuf,
        /// The first damaged line, from 1.
        line: u64,
    },
    /// A line does not match its checksum.
    #[error("an entry of the journal does not match its checksum")]
    Altered,
    /// Another version wrote the journal.
    #[error("the journal has schema version {found}; this program reads version {expected}")]
    Version {
        /// The journal's version.
        found: u32,
        /// This program's version.
        expected: u32,
    },
    /// The database failed.
    #[error("the journal's database failed")]
    Store(#[from] sled::Error),
    /// A file cannot be read or written.
    #[error("cannot read or write `{path}`")]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// An entry is malformed.
    #[error("malformed entry in the journal")]
    Codec(#[from] serde_json::Error),
    /// A content-addressed file that the journal names is missing or altered.
    #[error("the content-addressed file {sha256} is missing or altered")]
    Blob {
        /// Its hash.
        sha256: String,
    },
    /// The writer thread has ended.
    #[error("the journal is closed")]
    Closed,
}

fn describe_missing(from: u64, to: u64) -> String {
    match to > from {
        true => format!("entries {from} to {to} are lost"),
        false => format!("entry {from} and all after it are lost"),
    }
}
