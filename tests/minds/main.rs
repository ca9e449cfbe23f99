//! Models at endpoints, by the public surface: a scripted server in process stands for them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod asking;
mod budgets;
mod calling_off;
mod desk;
mod dialects;
mod faults;
mod mixes;
mod probing;
mod proxy;
mod real;
mod secrets;
mod server;
#[allow(dead_code)]
#[path = "../lab/support.rs"]
mod support;
