//! Kosmos: an autonomous research lab in one binary.

pub mod agent;
pub mod journal;
pub mod message;
pub mod report;
pub mod sandbox;
pub mod science;
pub mod supervisor;
