//! Questions of agents to their model other than proposals and code. None of them changes a number or a verdict.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Elsewhere, KnownTest, ModelAnswers};
use crate::science::{HypothesisId, Profile, TestRecord};

/// To the director itself: ask the model where the next cycle should look. Shows only the explore part of the rows,
/// because the answer influences what is tested next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Deliberate {
    /// The next cycle.
    pub cycle: u32,
    /// The research question.
    pub question: String,
    /// The outcome column, if one was named.
    pub target: Option<String>,
    /// Profile of each data set, by name.
    pub profiles: Vec<(String, Profile)>,
    /// Tests that look promising in the explore part so far.
    pub known: Vec<KnownTest>,
    /// Tests that show nothing there.
    pub refuted: Vec<KnownTest>,
    /// Results of the project's earlier runs on other data.
    #[serde(default, skip_serializing_if = "Elsewhere::is_empty")]
    pub elsewhere: Elsewhere,
}

/// To the director: the model's answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Deliberated {
    /// The next cycle.
    pub cycle: u32,
    /// Where to look, in the model's words; none if it gave no usable answer.
    pub focus: Option<String>,
    /// Whether the model considers another cycle not worth its cost.
    pub stop: bool,
    /// The model's reason.
    pub reason: String,
    /// Remarks for the reader of the report.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// How the question to the model ended.
    #[serde(default, skip_serializing_if = "ModelAnswers::is_empty")]
    pub model: ModelAnswers,
}

/// To the data analyst: have the model describe the findings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InterpretFindings {
    /// The run's last cycle.
    pub cycle: u32,
    /// The research question.
    pub question: String,
    /// The outcome column, if one was named.
    pub target: Option<String>,
    /// Columns that were assigned at random.
    pub randomised: Vec<String>,
    /// The findings, in the report's order.
    pub findings: Vec<TestRecord>,
    /// Number of tests in the run.
    pub tests: u64,
}

/// A description of one finding, checked against its numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Interpretation {
    /// The finding; none for the answer to the question.
    pub finding: Option<HypothesisId>,
    /// Plain text.
    pub text: String,
    /// The model that wrote it.
    pub model: String,
}

/// To the director: the descriptions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FindingsInterpreted {
    /// In the order of the findings, after the answer to the question.
    pub interpretations: Vec<Interpretation>,
    /// Omissions, with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// How the question to the model ended.
    #[serde(default, skip_serializing_if = "ModelAnswers::is_empty")]
    pub model: ModelAnswers,
}
