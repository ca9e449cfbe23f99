//! A hypothesis that an agent proposes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The kind of a proposed hypothesis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
// Variants without documentation keep the published schema a plain list of values.
#[allow(missing_docs)]
pub enum ProposedKind {
    /// An association, by the test that fits the two columns.
    Association,
    Adjusted,
    Stratified,
    Interaction,
    DoseResponse,
}

/// A hypothesis that an agent proposes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposedHypothesis {
    /// The table's name.
    pub dataset: String,
    /// The kind of relation.
    pub kind: ProposedKind,
    /// The explaining column.
    #[schemars(length(min = 1))]
    pub x: String,
    /// The outcome column.
    #[schemars(length(min = 1))]
    pub y: String,
    /// Columns to hold fixed (`adjusted`).
    #[serde(default)]
    pub covariates: Vec<String>,
    /// The column of strata or the moderator (`stratified`, `interaction`).
    #[serde(default)]
    pub by: Option<String>,
    /// The predicted direction: `+`, `-`, or a level.
    #[serde(default)]
    pub predicted: Option<String>,
    /// The reason for the proposal, in a sentence.
    #[schemars(length(min = 1, max = 600))]
    pub rationale: String,
}
