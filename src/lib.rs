//! Kosmos: an autonomous research lab in one binary.

pub mod message;
pub mod report;
pub mod sandbox;
pub mod science;
