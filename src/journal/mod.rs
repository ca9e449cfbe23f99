//! The journal: what happened, in order, so that it never has to happen twice.
//!
//! One sled database per run holds the entries and, as folds of them, the inboxes, the handled messages
//! and the effects; each commit is one transaction. `journal.jsonl` is the write-ahead log: a commit counts once its lines
//! are there, other processes read them there, and what the database's files lack after a crash comes from there. One
//! writer thread groups commits and shares one write among them.

mod blobs;
mod changes;
mod commit;
mod durability;
mod effects;
mod error;
mod handle;
mod ledger;
mod record;
mod store;
mod tail;
mod wal;
mod writer;

#[cfg(test)]
mod tests;

pub use blobs::Blobs;
pub use commit::{Commit, Committed};
pub use durability::Durability;
pub use effects::EffectState;
pub use error::JournalError;
pub use handle::{Journal, Options, Pending, in_use};
pub use ledger::ledger_lines;
pub use record::{Branch, Entry, Kind, Record};
pub use wal::Dropped;
pub use wal::{commits, read_entries, write_entries};
