//! How two runs are related.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::RunId;

/// Where a run branched from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Branch {
    /// The run whose beginning it shares.
    pub run: RunId,
    /// The first cycle that it does not share.
    pub cycle: u32,
}
