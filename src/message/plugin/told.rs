//! Tables and experiments, as agents are told of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::science::{ExperimentId, Profile, Role, Template};

/// A table, as agents are told of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct ToldDataset {
    pub name: String,
    pub sha256: String,
    pub rows: u64,
    pub columns: Vec<ToldColumn>,
    /// In `run_started` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
}

/// A column, as agents are told of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct ToldColumn {
    pub name: String,
    pub role: Role,
    /// Whether hypotheses may use it.
    pub usable: bool,
    pub distinct: u64,
    pub missing: u64,
}

/// An experiment, as agents are told of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct ToldExperiment {
    pub id: ExperimentId,
    pub template: Template,
    pub dataset: String,
    /// `ok`, or what went wrong.
    pub outcome: String,
    pub failure: Option<String>,
    pub script_sha256: String,
    pub result_sha256: Option<String>,
}
