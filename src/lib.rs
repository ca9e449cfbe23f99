//! Kosmos: an autonomous research lab in one binary.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)
)]

pub mod actors;
pub mod agent;
pub mod cli;
pub mod config;
pub mod data;
pub mod graph;
pub mod interpreter;
pub mod journal;
pub mod lab;
pub mod message;
pub mod policy;
pub mod progress;
pub mod report;
pub mod sandbox;
pub mod science;
pub mod stats;
pub mod supervisor;
pub mod telemetry;
