//! Kosmos: an autonomous research lab in one binary.

pub mod cli;
pub mod config;
pub mod progress;
pub mod telemetry;
