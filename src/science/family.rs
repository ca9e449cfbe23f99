//! A family of tests under one error control.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Arm, Tier};

/// One family of the error control: the analyses of a tier in a cycle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FamilyRecord {
    /// The cycle, from 1.
    pub cycle: u32,
    /// The data as given, or shuffled.
    pub arm: Arm,
    /// The tier.
    #[serde(default)]
    pub tier: Tier,
    /// The tier's share of the run's alpha, which the follow-ups of all cycles have together.
    pub alpha: f64,
    /// Tests in it.
    pub tests: u64,
    /// Significant ones.
    pub significant: u64,
}
