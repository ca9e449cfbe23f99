//! The journal: an ordered record of what happened, so that nothing has to happen twice.
//!
//! `journal.jsonl` is the write-ahead log: a commit counts once its lines are in it, and other processes read it. One
//! sled database per run holds the same lines for access by number. After a crash the database gets what it lacks from
//! the log, and a damaged log gets what it lacks from the database. An index in memory, a fold of the lines, knows
//! pending messages, handled messages and effects. One writer thread groups commits, so that they share a write.
//!
//! | module | holds |
//! |---|---|
//! | `handle` | [`Journal`], the handle that the rest of the program uses |
//! | `record`, `commit`, `effects` | the entries of the journal, and what one step writes |
//! | `writer`, `wal`, `store`, `chunks` | the writer thread, the log, the database |
//! | `index` | the index in memory |
//! | `fingerprint` | the hash of the first record, by which a run is known again |
//! | `blobs`, `durability` | content-addressed files, and what a write survives |

mod blobs;
mod chunks;
mod commit;
mod durability;
mod effects;
mod error;
mod fingerprint;
mod handle;
mod index;
mod record;
mod settings;
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
pub use fingerprint::{fingerprint_of, first_fingerprint};
pub use handle::{Journal, Options, Pending, is_in_use};
pub use record::{Entry, Kind, Record};
pub use settings::JournalSettings;
pub use wal::Dropped;
pub use wal::{group_by_commit, read_entries, write_entries};
