//! Kosmos: an autonomous research lab in one binary.

pub mod journal;
pub mod message;
pub mod report;
pub mod sandbox;
pub mod science;
