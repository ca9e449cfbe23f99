//! Kosmos: an autonomous research lab in one binary.

pub mod actors;
pub mod agent;
pub mod data;
pub mod graph;
pub mod interpreter;
pub mod journal;
pub mod message;
pub mod policy;
pub mod report;
pub mod sandbox;
pub mod science;
pub mod stats;
pub mod supervisor;
