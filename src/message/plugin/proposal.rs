//! What an agent proposes to test.

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

/// The family of a proposed analysis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProposedFamily {
    /// The exposure and the outcome alone, by the test that fits the two columns.
    Association,
    /// With the columns of `given` and the other exposures held fixed.
    Adjusted,
    /// Inside the groups of `moderator`.
    Stratified,
    /// Whether the relation depends on `moderator`.
    Interaction,
    /// Over increasing amounts of the exposure.
    DoseResponse,
    /// Two measurements of the same units.
    Paired,
    /// The time to an event; the outcome is the time or the event.
    Survival,
}

impl ProposedFamily {
    /// The family as messages name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Association => "association",
            Self::Adjusted => "adjusted",
            Self::Stratified => "stratified",
            Self::Interaction => "interaction",
            Self::DoseResponse => "dose_response",
            Self::Paired => "paired",
            Self::Survival => "survival",
        }
    }
}

/// An analysis that an agent proposes. Of several exposures each is tested with the others held fixed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposedAnalysis {
    /// The table's name.
    pub dataset: String,
    /// The explaining columns.
    #[schemars(length(min = 1, max = 5), inner(length(min = 1)))]
    pub exposures: Vec<String>,
    /// The outcome column.
    #[schemars(length(min = 1))]
    pub outcome: String,
    /// Columns to hold fixed.
    #[serde(default)]
    #[schemars(length(max = 4))]
    pub given: Vec<String>,
    /// The column on which the relation may depend.
    #[serde(default)]
    pub moderator: Option<String>,
    /// The family; without it, that which follows from the columns: an interaction where there is a moderator, an
    /// adjusted analysis where columns are held fixed, an association otherwise.
    #[serde(default)]
    pub family: Option<ProposedFamily>,
    /// The predicted direction of each exposure: `+` or `-`.
    #[serde(default)]
    pub predicted: Option<String>,
    /// The reason for the proposal, in a sentence.
    #[schemars(length(min = 1, max = 600))]
    pub rationale: String,
}

/// What an agent proposes to test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AgentProposal {
    /// A hypothesis about two columns.
    Hypothesis(ProposedHypothesis),
    /// An analysis.
    Analysis(ProposedAnalysis),
}

impl AgentProposal {
    /// The type of its message in the protocol.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Hypothesis(_) => "propose_hypothesis",
            Self::Analysis(_) => "propose_analysis",
        }
    }
}
