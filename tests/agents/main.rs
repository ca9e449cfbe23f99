//! Agents that are folders, from end to end by the binary: how they join a run, what they may not do, and what becomes
//! of a run when they fall.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod challenges;
mod command;
mod joining;
mod killed;
mod misbehaviour;
mod protocols;
mod shipped;
mod trust;
#[cfg(feature = "wasm")]
mod wasm;
