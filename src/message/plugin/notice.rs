//! An event on its way to an agent.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::event::Event;
use crate::science::ExperimentId;

/// To an agent: something happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Notify {
    /// Names the event within the run; answers are taken in this order.
    pub occasion: String,
    #[allow(missing_docs)]
    pub event: Event,
    /// The canonical tables that scripts of the agent's may read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<KeptTable>,
    /// The cycle that it belongs to.
    #[serde(default)]
    pub cycle: u32,
}

/// Where a canonical table is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeptTable {
    #[allow(missing_docs)]
    pub dataset: String,
    /// The profile's, whose folder it is in.
    pub experiment: ExperimentId,
    #[allow(missing_docs)]
    pub sha256: String,
}
