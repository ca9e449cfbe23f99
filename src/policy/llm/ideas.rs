//! The form of a model's proposals.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is asked for in the first cycle.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(in crate::policy) struct Ideas {
    /// The hypotheses, most relevant first.
    pub(in crate::policy) hypotheses: Vec<Idea>,
}

/// What is asked for later.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(in crate::policy) struct FollowUps {
    /// The hypotheses, most telling first.
    pub(in crate::policy) hypotheses: Vec<Idea>,
    /// Analyses that no kind of hypothesis covers; may be empty.
    #[serde(default)]
    pub(in crate::policy) analyses: Vec<AnalysisIdea>,
}

/// A hypothesis that one of the built-in kinds tests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(in crate::policy) struct Idea {
    /// What is asked about the columns.
    pub(in crate::policy) kind: IdeaKind,
    /// The explaining column.
    pub(in crate::policy) x: String,
    /// The outcome column.
    pub(in crate::policy) y: String,
    /// Columns held fixed, for "adjusted"; empty otherwise.
    #[serde(default)]
    pub(in crate::policy) covariates: Vec<String>,
    /// The column of groups ("stratified") or the moderator ("interaction"); null otherwise.
    #[serde(default)]
    pub(in crate::policy) by: Option<String>,
    /// The column that says whether the event came ("survival"); null otherwise.
    #[serde(default)]
    pub(in crate::policy) event: Option<String>,
    /// The hypothesis in one sentence.
    pub(in crate::policy) statement: String,
    /// "+", "-" or "unknown".
    pub(in crate::policy) predicted: Predicted,
    /// Why it is worth a test, in one sentence.
    pub(in crate::policy) rationale: String,
}

/// What is asked about columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::policy) enum IdeaKind {
    Association,
    Adjusted,
    Stratified,
    Interaction,
    DoseResponse,
    Paired,
    Survival,
}

/// The direction that is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(in crate::policy) enum Predicted {
    #[serde(rename = "+")]
    Rising,
    #[serde(rename = "-")]
    Falling,
    #[serde(rename = "unknown")]
    Unknown,
}

/// An analysis that code has to be written for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(in crate::policy) struct AnalysisIdea {
    /// The explaining column.
    pub(in crate::policy) x: String,
    /// The outcome column.
    pub(in crate::policy) y: String,
    /// All columns that it reads, x and y among them.
    pub(in crate::policy) columns: Vec<String>,
    /// How it is done, step by step.
    pub(in crate::policy) method: String,
    /// A short name for the effect size.
    pub(in crate::policy) effect: String,
    /// The kind of plain test on x and y that would show the same; null where there is none.
    #[serde(default)]
    pub(in crate::policy) family: Option<String>,
    /// The hypothesis in one sentence.
    pub(in crate::policy) statement: String,
    /// Why it is worth a test, in one sentence.
    pub(in crate::policy) rationale: String,
}

impl From<Ideas> for FollowUps {
    fn from(ideas: Ideas) -> Self {
        Self {
            hypotheses: ideas.hypotheses,
            analyses: Vec::new(),
        }
    }
}
