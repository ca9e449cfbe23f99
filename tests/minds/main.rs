//! Models at endpoints, by the public surface: a scripted server in process stands for them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod asking;
mod budgets;
mod calling_off;
mod code;
mod desk;
mod dialects;
mod faults;
mod hostile;
mod lab;
mod mixes;
mod probing;
mod secrets;
mod server;
mod thinking;

#[path = "../lab/support.rs"]
#[allow(dead_code)]
mod support;
