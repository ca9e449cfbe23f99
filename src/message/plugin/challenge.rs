//! An objection to a finding, and the answer to it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::message::AgentName;
use crate::science::{ExperimentId, HypothesisId};

/// What a challenge doubts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Grounds {
    Confounding,
    Outliers,
    GroupDependence,
    AlternativeTest,
    /// There should be nothing, and there is.
    NegativeControl,
    Measurement,
    Other,
}

impl Grounds {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Confounding => "confounding",
            Self::Outliers => "outliers",
            Self::GroupDependence => "group dependence",
            Self::AlternativeTest => "alternative test",
            Self::NegativeControl => "negative control",
            Self::Measurement => "measurement",
            Self::Other => "other",
        }
    }
}

/// A second look that a challenge rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// One that the agent had run.
    pub experiment: ExperimentId,
    /// What was done, in a few words.
    #[schemars(length(min = 1, max = 120))]
    pub name: String,
    /// JSON pointer into its result, to `{n, p, effect, direction}`.
    pub pointer: String,
}

/// What a check gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct CheckEstimate {
    #[serde(default)]
    pub n: Option<u64>,
    pub p: f64,
    #[serde(default)]
    pub effect: Option<f64>,
    #[serde(default)]
    pub direction: Option<String>,
}

/// The estimate that a challenge rests on, read from the recorded result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct CheckResult {
    pub finding: HypothesisId,
    pub check: Check,
    pub estimate: CheckEstimate,
}

/// A finding is not what it seems.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Challenge {
    #[allow(missing_docs)]
    pub finding: HypothesisId,
    #[allow(missing_docs)]
    pub grounds: Grounds,
    /// What is wrong with it, in a sentence or two.
    #[schemars(length(min = 1, max = 600))]
    pub statement: String,
    #[serde(default)]
    #[allow(missing_docs)]
    pub check: Option<Check>,
    /// Whether it should not be reported as a finding at all, if the challenge is sustained.
    #[serde(default)]
    pub veto: bool,
}

/// How a challenge was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answered {
    /// The check contradicts the finding.
    Sustained,
    /// It bears the finding out.
    Overruled,
    /// There is no check to go by.
    Unsupported,
}

impl Answered {
    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sustained => "sustained",
            Self::Overruled => "overruled",
            Self::Unsupported => "unsupported",
        }
    }
}

/// A challenge with its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct ChallengeRecord {
    pub agent: AgentName,
    pub challenge: Challenge,
    /// What the check gave.
    pub estimate: Option<CheckEstimate>,
    pub answer: Answered,
    /// Why, in a sentence.
    pub reason: String,
    /// Whether it took the finding out of the findings.
    pub vetoed: bool,
}
