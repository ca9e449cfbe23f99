//! What the director knows of the model that others think with.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The model's part in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelPlan {
    /// Hypotheses of a cycle that it may propose.
    pub hypotheses: usize,
    /// Analyses of a cycle for which it writes the code.
    pub analyses: usize,
    /// Repairs of one script.
    pub max_repairs: u32,
}

/// To the director: the model's endpoint stays away, and the run is to end for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelLost {
    /// What was tried and what came of it, for a person.
    pub detail: String,
}
