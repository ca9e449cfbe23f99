//! What can go wrong with a journal.

use std::path::PathBuf;

/// A journal's failure; after one of these a run must not go on.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another process works on this run.
    #[error("the run is in use by another process (its journal `{path}` is locked): wait for it or stop it")]
    Locked {
        #[allow(missing_docs)]
        path: PathBuf,
    },
    /// Neither the database nor the log can be read.
    #[error("the journal `{path}` cannot be read and cannot be rebuilt: {detail}")]
    Damaged {
        #[allow(missing_docs)]
        path: PathBuf,
        #[allow(missing_docs)]
        detail: String,
    },
    /// Entries that neither copy has.
    #[error(
        "`{}` is damaged at line {line}, and the journal's database does not have what was there: {}",
        path.display(), describe_missing(*from, *to)
    )]
    Lost {
        #[allow(missing_docs)]
        path: PathBuf,
        /// From 1: the first that is damaged.
        line: u64,
        /// The first entry that is missing.
        from: u64,
        /// The last entry that the log tells of.
        to: u64,
    },
    /// The log, read by a process that does not hold the database.
    #[error("`{}` is damaged at line {line}", path.display())]
    DamagedLog {
        #[allow(missing_docs)]
        path: PathBuf,
        /// From 1: the first that is damaged.
        line: u64,
    },
    /// A line that is not as it was written.
    #[error("an entry of the journal does not have the checksum that it was written with")]
    Altered,
    /// A journal of another version.
    #[error(
        "the journal is of schema version {found}, this program reads version {expected}: use the version of Kosmos that wrote it"
    )]
    Version {
        #[allow(missing_docs)]
        found: u32,
        #[allow(missing_docs)]
        expected: u32,
    },
    /// The database.
    #[error("the journal's database failed")]
    Store(#[from] sled::Error),
    /// A file.
    #[error("cannot write `{path}`")]
    Io {
        #[allow(missing_docs)]
        path: PathBuf,
        #[allow(missing_docs)]
        source: std::io::Error,
    },
    /// An entry that is not of its form.
    #[error("an entry of the journal is not of its form")]
    Codec(#[from] serde_json::Error),
    /// A payload file that the journal names is gone or altered.
    #[error("the content-addressed file {sha256} is missing or altered")]
    Blob {
        #[allow(missing_docs)]
        sha256: String,
    },
    /// The writer has ended.
    #[error("the journal is closed")]
    Closed,
}

fn describe_missing(from: u64, to: u64) -> String {
    match to > from {
        true => format!("entries {from} to {to} cannot be had"),
        false => format!("entry {from} and what may have followed it cannot be had"),
    }
}
