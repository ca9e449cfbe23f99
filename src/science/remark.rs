//! A remark on the part of a model in a run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something that a reader should know of how the model's part came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelRemark {
    /// The cycle that it is about.
    pub cycle: u32,
    /// The agent that says it.
    pub agent: String,
    /// One line.
    pub text: String,
}
