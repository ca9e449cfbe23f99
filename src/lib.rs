//! Kosmos: an autonomous research lab in one binary.

pub mod agent;
pub mod journal;
pub mod message;
pub mod policy;
pub mod report;
pub mod sandbox;
pub mod science;
pub mod stats;
pub mod supervisor;
