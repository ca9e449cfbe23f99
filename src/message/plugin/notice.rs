//! An event on its way to an agent.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::event::Event;
use crate::science::ExperimentId;

/// To an agent: an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Notify {
    /// Identifies the event within the run; answers are used in the order of their occasions.
    pub occasion: String,
    /// The event.
    pub event: Event,
    /// The canonical tables that the agent's scripts may read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<KeptTable>,
    /// The cycle of the event.
    #[serde(default)]
    pub cycle: u32,
}

/// The location of a canonical table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeptTable {
    /// The table's name in the run.
    pub dataset: String,
    /// The profile's experiment, whose folder contains the table.
    pub experiment: ExperimentId,
    /// SHA-256 of the table's file.
    pub sha256: String,
}
