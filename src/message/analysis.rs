//! Messages between the director and the data analyst.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::science::{
    Arm, DescriptionRecord, ExperimentId, ExperimentRecord, FamilyRecord, Hypothesis, Part, Profile, TestRecord,
    TestResult, Tier, Untested,
};
use crate::study::LevelContrast;

/// To the data analyst: read and check the result of an experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AnalyseResult {
    /// The finished experiment.
    pub experiment: ExperimentRecord,
}

/// To the director: the profile from an experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DataProfiled {
    /// The experiment's id.
    pub experiment: ExperimentId,
    /// The table's name in the run.
    pub dataset: String,
    /// The profile.
    pub profile: Profile,
    /// SHA-256 of the canonical table.
    pub table_sha256: Option<String>,
}

/// To the director: an experiment's tests, checked against its protocol but not yet judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FindingDrafted {
    /// The experiment's id.
    pub experiment: ExperimentId,
    /// Its tests.
    pub tests: Vec<TestResult>,
    /// Set if the result violates its contract: the experiment counts as failed.
    pub invalid: Option<String>,
}

/// A test to judge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Draft")]
pub struct TestDraft {
    /// The tested hypothesis.
    pub hypothesis: Hypothesis,
    /// The experiment that tested it.
    pub experiment: ExperimentId,
    /// SHA-256 of the script.
    pub script_sha256: String,
    /// SHA-256 of the result.
    pub result_sha256: String,
    /// The test's position in the result.
    pub index: usize,
    /// The test's numbers.
    pub result: TestResult,
    /// The model that wrote the script; none for a template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_by: Option<String>,
    /// The numbers from a second, independent script; required if a model wrote the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<Box<Confirmation>>,
}

impl TestDraft {
    /// The two levels that it compares, in the rows that it is judged on; none where it compares no levels, or more.
    pub fn contrast(&self) -> Option<LevelContrast> {
        let estimate = match self.hypothesis.part {
            Part::Whole => self.result.whole.as_ref(),
            Part::Confirm => self.result.confirm.as_ref(),
        };
        estimate?.units.as_ref()?.contrast.clone()
    }
}

/// A test's numbers from a second script.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Confirmation {
    /// The second experiment.
    pub experiment: ExperimentId,
    /// SHA-256 of its script.
    pub script_sha256: String,
    /// SHA-256 of its result.
    pub result_sha256: String,
    /// The test's position in the result.
    pub index: usize,
    /// The second numbers.
    pub result: TestResult,
    /// The model that wrote the script; none for a template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_by: Option<String>,
    /// Whether a built-in template was used, and not a second script by a model.
    pub by_template: bool,
    /// Whether the second script's code is the first one's but for its form, which is one way and not two.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub same_code: bool,
    /// The template's hypothesis, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
}

/// A tier of the error control in a cycle, as it was registered.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TierPlan {
    /// The tier.
    pub tier: Tier,
    /// Its share of the run's false discovery rate.
    pub alpha: f64,
    /// Tests that were registered, with those that gave nothing.
    pub tests: u64,
    /// The sum of their weights.
    pub weight: f64,
}

/// To the data analyst: judge the tests of a cycle, each tier as a family of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JudgeCycle {
    /// The cycle's number.
    pub cycle: u32,
    /// The arm of the cycle.
    pub arm: Arm,
    /// The run's false discovery rate.
    pub alpha: f64,
    /// The tiers that have tests in this cycle; none in runs of version 0.1, which had none.
    #[serde(default)]
    pub tiers: Vec<TierPlan>,
    /// Columns that were assigned at random.
    pub randomised: Vec<String>,
    /// The tests.
    pub drafts: Vec<TestDraft>,
}

/// To the director: the verdicts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CycleJudged {
    /// The cycle's number.
    pub cycle: u32,
    /// The arm of the cycle.
    pub arm: Arm,
    /// The families of the cycle and their error rates, by tier.
    #[serde(default)]
    pub families: Vec<FamilyRecord>,
    /// The one family of a cycle in runs of version 0.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<FamilyRecord>,
    /// The judged tests.
    pub records: Vec<TestRecord>,
    /// The descriptions, which are not judged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub descriptions: Vec<DescriptionRecord>,
    /// Hypotheses that could not be tested, with the reason.
    pub untested: Vec<Untested>,
}

impl CycleJudged {
    /// The families of the cycle, also of a run of version 0.1.
    pub fn all_families(&self) -> impl Iterator<Item = &FamilyRecord> {
        self.families.iter().chain(&self.family)
    }
}
