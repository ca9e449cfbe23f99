//! The language model as the director knows it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The model's part in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelPlan {
    /// Maximum number of hypotheses that it may propose per cycle.
    pub hypotheses: usize,
    /// Maximum number of analyses per cycle for which it writes the code.
    pub analyses: usize,
    /// Maximum number of repairs of one script.
    pub max_repairs: u32,
}

/// To the director: the model's endpoint is unreachable, and the run is to end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelLost {
    /// The failure and its remedy, for a person.
    pub detail: String,
}
