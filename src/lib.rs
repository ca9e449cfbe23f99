//! Kosmos: an autonomous research lab in one binary.

pub mod config;
