//! Tables and experiments in the form that agents receive.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::science::{ExperimentId, Profile, Role, Template};

/// A table in the form that agents receive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ToldDataset {
    /// The table's name in the run.
    pub name: String,
    /// SHA-256 of the table's file.
    pub sha256: String,
    /// Number of rows.
    pub rows: u64,
    /// The columns.
    pub columns: Vec<ToldColumn>,
    /// The profile; in `run_started` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
}

/// A column in the form that agents receive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ToldColumn {
    /// The column's name.
    pub name: String,
    /// The column's role.
    pub role: Role,
    /// Whether hypotheses may use the column.
    pub usable: bool,
    /// Number of distinct values.
    pub distinct: u64,
    /// Number of missing values.
    pub missing: u64,
}

/// An experiment in the form that agents receive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ToldExperiment {
    /// The experiment's id.
    pub id: ExperimentId,
    /// The template of its script.
    pub template: Template,
    /// The table's name in the run.
    pub dataset: String,
    /// `ok`, or the way in which it failed.
    pub outcome: String,
    /// The reason of the failure, in a sentence.
    pub failure: Option<String>,
    /// SHA-256 of the script.
    pub script_sha256: String,
    /// SHA-256 of `result.json`, if the script left one.
    pub result_sha256: Option<String>,
}
