//! The journal: what happened, in order, so that it never has to happen twice.
//!
//! One sled database per run holds the entries and, as folds of them, the inboxes, the handled messages
//! and the effects. One writer thread groups commits and shares one flush among them; `journal.jsonl`
//! mirrors the entries for other processes, and a damaged database is rebuilt from it.

mod blobs;
mod commit;
mod effects;
mod error;
mod handle;
mod ledger;
mod mirror;
mod record;
mod store;
mod writer;

pub use blobs::Blobs;
pub use commit::{Commit, Committed};
pub use effects::EffectState;
pub use error::JournalError;
pub use handle::{Journal, Options, Pending};
pub use ledger::ledger_lines;
pub use mirror::{read_entries, read_mirror};
pub use record::{Entry, Record};

/// When a commit counts as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Survives the end of the process at any instant.
    Process,
    /// Survives the loss of power: an fsync at each commit.
    Power,
}
