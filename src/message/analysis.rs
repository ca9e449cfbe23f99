//! Between the director and the data analyst.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::science::{
    Arm, ExperimentId, ExperimentRecord, FamilyRecord, Hypothesis, Profile, TestRecord, TestResult, Untested,
};

/// Read and check the result of an experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AnalyseResult {
    #[allow(missing_docs)]
    pub experiment: ExperimentRecord,
}

/// The profile that an experiment found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct DataProfiled {
    pub experiment: ExperimentId,
    pub dataset: String,
    pub profile: Profile,
    /// Of the canonical table.
    pub table_sha256: Option<String>,
}

/// The tests that an experiment made, checked against its protocol and not yet judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct FindingDrafted {
    pub experiment: ExperimentId,
    pub tests: Vec<TestResult>,
    /// Set when the result breaks its contract: it counts as a failed experiment.
    pub invalid: Option<String>,
}

/// A test to judge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct Draft {
    pub hypothesis: Hypothesis,
    pub experiment: ExperimentId,
    pub script_sha256: String,
    pub result_sha256: String,
    /// Place among the tests of the result.
    pub index: usize,
    pub result: TestResult,
    /// The model that wrote the script; none where a template did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_by: Option<String>,
    /// What a second, independent way to the same numbers gave; needed of code that a model wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<Box<Confirmation>>,
}

/// A second way to the numbers of a test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct Confirmation {
    pub experiment: ExperimentId,
    pub script_sha256: String,
    pub result_sha256: String,
    /// Place among the tests of the result.
    pub index: usize,
    pub result: TestResult,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_by: Option<String>,
    /// Whether a built-in template gave it, and not a second script of the model's.
    pub by_template: bool,
    /// What the template tests, in a sentence: its numbers speak of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
}

/// Judge the family of a cycle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JudgeCycle {
    #[allow(missing_docs)]
    pub cycle: u32,
    #[allow(missing_docs)]
    pub arm: Arm,
    /// The run's false discovery rate.
    pub alpha: f64,
    /// This family's share of it.
    pub family_alpha: f64,
    /// Columns that were assigned at random.
    pub randomised: Vec<String>,
    #[allow(missing_docs)]
    pub drafts: Vec<Draft>,
}

/// The verdicts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct CycleJudged {
    pub cycle: u32,
    pub arm: Arm,
    pub family: FamilyRecord,
    pub records: Vec<TestRecord>,
    pub untested: Vec<Untested>,
}
