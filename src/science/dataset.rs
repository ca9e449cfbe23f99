//! A table of a run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ExperimentId, Profile};

/// A table of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DatasetRecord {
    #[allow(missing_docs)]
    pub name: String,
    /// As the user gave it, absolute.
    pub path: String,
    #[allow(missing_docs)]
    pub sha256: String,
    #[allow(missing_docs)]
    pub bytes: u64,
    /// The experiment that profiled it and wrote the canonical table.
    pub experiment: Option<ExperimentId>,
    #[allow(missing_docs)]
    pub profile: Option<Profile>,
}
