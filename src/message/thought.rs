//! What agents ask of their model beyond proposals and code. Nothing here changes a number or a verdict.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Elsewhere, KnownTest};
use crate::science::{HypothesisId, Profile, TestRecord};

/// To the director's own model, by way of its mailbox: where should the next cycle look? It holds the explore part of
/// the rows only, because what it says has a hand in what is tested next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Deliberate {
    /// The cycle to come.
    pub cycle: u32,
    #[allow(missing_docs)]
    pub question: String,
    #[allow(missing_docs)]
    pub target: Option<String>,
    /// Profile of each data set, by name.
    pub profiles: Vec<(String, Profile)>,
    /// What looked promising on the explore part so far.
    pub known: Vec<KnownTest>,
    /// What showed nothing there.
    pub refuted: Vec<KnownTest>,
    /// What earlier runs of the project know of other data.
    #[serde(default, skip_serializing_if = "Elsewhere::is_empty")]
    pub elsewhere: Elsewhere,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Deliberated {
    #[allow(missing_docs)]
    pub cycle: u32,
    /// Where to look, in its words; none where the model gave no usable answer.
    pub focus: Option<String>,
    /// Whether another cycle is not worth its cost.
    pub stop: bool,
    /// Why.
    pub reason: String,
    /// What a reader of the report should know of how it came about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// To the data analyst: put the findings into words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InterpretFindings {
    /// The run's last cycle.
    pub cycle: u32,
    #[allow(missing_docs)]
    pub question: String,
    #[allow(missing_docs)]
    pub target: Option<String>,
    /// Columns that were assigned at random.
    pub randomised: Vec<String>,
    /// The findings, in the report's order.
    pub findings: Vec<TestRecord>,
    /// Tests of the whole run.
    pub tests: u64,
}

/// Words for one finding, checked against its numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Interpretation {
    /// The finding; none for the answer to the question.
    pub finding: Option<HypothesisId>,
    /// Plain text.
    pub text: String,
    /// The model that wrote it.
    pub model: String,
}

/// The words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FindingsInterpreted {
    /// In the order of the findings; the answer to the question comes first.
    pub interpretations: Vec<Interpretation>,
    /// What was left out and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}
