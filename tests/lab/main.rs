//! The lab from end to end, by the binary and the public API: the examples, crashes, shuffled data, bad
//! input, and agents that fall.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod bad_input;
mod crashes;
mod falling_agents;
mod penguins;
mod shuffled;
mod support;
