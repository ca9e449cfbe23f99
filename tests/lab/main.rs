//! The lab from end to end, by the binary and the public API: the examples, crashes, shuffled data, bad
//! input, agents that fall, and containers of a real engine.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod archive;
mod asked;
mod bad_input;
mod chaos;
mod codebooks;
mod crash_matrix;
mod crashes;
mod described;
mod engine;
mod falling_agents;
mod foreign;
mod fork;
mod golden;
mod growth;
mod joins;
mod own_runs;
mod parts;
mod penguins;
mod power;
mod readers;
mod rows;
mod shuffled;
mod storage_faults;
mod trial;
mod verify;
