//! Attacks on the sandbox, on agents and on the network that were written before the code that meets them; `attacks.md`
//! lists them.
//!
//! | file | what |
//! |---|---|
//! | `open` | the attacks that get through, each with the reason, and the comparison with what happened |
//! | `sandbox` | scripts in both sandboxes, some of them in pairs |
//! | `agents` | agents that are folders, in whole runs and in `kosmos agents` |
//! | `network` | one agent that calls servers of the test by `net.fetch` |
//!
//! Each attack is a file or folder of its own, which begins with what it tries and what would be a breach.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod agents;
mod canary;
mod network;
mod open;
mod sandbox;
