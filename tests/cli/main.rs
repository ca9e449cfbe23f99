//! The `kosmos` binary as a person or a program at a shell meets it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod bad_input;
mod config_show;
mod data;
mod help;
mod machine;
mod minds;
mod sandbox;
mod terminal;
