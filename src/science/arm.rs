//! Which table a test looked at.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The two arms of a run: the data as they are, and the same data with every column shuffled on its
/// own. Both go through the same decisions; what the second one "finds" is the run's own false alarm rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Arm {
    /// The data as given.
    Observed,
    /// Every column permuted independently.
    Shuffled,
}
