//! The engine's journal with this program's messages: what happened, in order, so that it never has to happen twice.

pub use kosmos_engine::journal::{
    Blobs, Dropped, Durability, EffectState, JournalError, Kind, Options, fingerprint_of, first_fingerprint,
    group_by_commit, is_in_use, read_entries, write_entries,
};

pub use crate::message::Opening;
pub use kosmos_core::run_dir::RunDir;

kosmos_engine::bind_payload!(journal, crate::message::Payload => Commit, Committed, Entry, Journal, Pending, Record);
