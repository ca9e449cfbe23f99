//! Models at endpoints, by the public surface: a scripted server in process stands for them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod asking;
mod budgets;
mod calling_off;
mod desk;
mod proxy;
mod real;
mod dialects;
mod faults;
mod mixes;
mod probing;
mod secrets;
mod server;
#[path = "../lab/support.rs"]
mod support;
