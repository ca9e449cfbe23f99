//! A family of tests under one error control.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Arm;

/// One family of the error control.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FamilyRecord {
    /// The cycle, from 1.
    pub cycle: u32,
    /// The data as given, or shuffled.
    pub arm: Arm,
    /// Its share of the run's alpha.
    pub alpha: f64,
    /// Tests in it.
    pub tests: u64,
    /// Significant ones.
    pub significant: u64,
}
