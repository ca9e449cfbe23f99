//! One cycle of a run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A summary of one cycle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CycleSummary {
    /// From 1.
    pub cycle: u32,
    /// Hypotheses registered on the observed data.
    pub registered: u64,
    /// Judged.
    pub tested: u64,
    /// Significant after run-wide control.
    pub significant: u64,
    /// Hypotheses that could have been tested and were left out, with the reason.
    pub left_out: u64,
    /// Why this cycle tested what it did, in a sentence.
    pub rationale: String,
}
