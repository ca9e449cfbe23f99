//! A table of a run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ExperimentId, Profile};

/// A table of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DatasetRecord {
    /// The table's name, unique in the run.
    pub name: String,
    /// As the user gave it, absolute.
    pub path: String,
    /// The SHA-256 of the file.
    pub sha256: String,
    /// The size of the file in bytes.
    pub bytes: u64,
    /// The names of the tables that it was joined from; empty if it has a file of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joined: Vec<String>,
    /// The experiment that profiled it and wrote the canonical table.
    pub experiment: Option<ExperimentId>,
    /// The profile, once it is made.
    pub profile: Option<Profile>,
}
