//! The formats of earlier versions of Kosmos, frozen: a run that one of them began is reported and verified in
//! its own words.
//!
//! Only `lab::run_version` imports this. A copy holds what has changed since that version, and uses the rest
//! as it is now: whoever changes something that a copy uses, so that an old run would be told in another way,
//! puts the former state into the copy first. `tests/lab/golden.rs` holds each copy against runs of its
//! version.

pub(crate) mod v1;
