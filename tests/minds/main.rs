//! Models at endpoints, by the public surface: a scripted server in process stands for them, and a small real one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod asking;
mod budgets;
mod calling_off;
mod claims;
mod code;
mod desk;
mod dialects;
mod doctor;
mod faults;
mod hostile;
mod lab;
mod mixes;
mod probing;
mod real;
mod runs;
mod secrets;
mod shell;
mod thinking;
