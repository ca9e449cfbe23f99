//! A family of tests under one error control.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Arm;

/// One family of the error control.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FamilyRecord {
    #[allow(missing_docs)]
    pub cycle: u32,
    #[allow(missing_docs)]
    pub arm: Arm,
    /// Its share of the run's alpha.
    pub alpha: f64,
    /// Tests in it.
    pub tests: u64,
    /// Significant ones.
    pub significant: u64,
}
