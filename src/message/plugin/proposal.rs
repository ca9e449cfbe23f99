//! A hypothesis that an agent proposes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What kind of relation an agent proposes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum ProposedKind {
    /// Of whichever test fits the two columns.
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
    #[allow(missing_docs)]
    pub dataset: String,
    #[allow(missing_docs)]
    pub kind: ProposedKind,
    /// The explaining column.
    #[schemars(length(min = 1))]
    pub x: String,
    /// The outcome column.
    #[schemars(length(min = 1))]
    pub y: String,
    /// Columns held fixed (`adjusted`).
    #[serde(default)]
    pub covariates: Vec<String>,
    /// The column of strata or the moderator (`stratified`, `interaction`).
    #[serde(default)]
    pub by: Option<String>,
    /// `+`, `-`, or a level.
    #[serde(default)]
    pub predicted: Option<String>,
    /// Why, in a sentence.
    #[schemars(length(min = 1, max = 600))]
    pub rationale: String,
}
