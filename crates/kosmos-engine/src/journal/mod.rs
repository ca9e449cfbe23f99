//! The journal: what happened, in order, so that it never has to happen twice.
//!
//! `journal.jsonl` is the write-ahead log: a commit counts once its lines are there, and other processes read them there. One
//! sled database per run holds the same lines for whoever asks for one of them: what its files lack after a crash comes from
//! the log, and what is damaged in the log from there. Inboxes, handled messages and effects are an index in memory, a fold of
//! the lines. One writer thread groups commits and shares one write among them.

mod blobs;
mod chunks;
mod commit;
mod durability;
mod effects;
mod error;
mod handle;
mod index;
mod record;
mod store;
mod wal;
mod writer;

#[cfg(test)]
mod tests;

pub use blobs::Blobs;
pub use commit::{Commit, Committed};
pub use durability::Durability;
pub use effects::EffectState;
pub use error::JournalError;
pub use handle::{Journal, Options, Pending, is_in_use};
pub use record::{Entry, Kind, Record};
pub use wal::Dropped;
pub use wal::{group_by_commit, read_entries, write_entries};
