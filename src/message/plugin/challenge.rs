//! An objection to a finding, and the answer to it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::message::AgentName;
use crate::science::{ExperimentId, HypothesisId};

/// The kind of doubt that a challenge raises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
// Variants without documentation keep the published schema a plain list of values.
#[allow(missing_docs)]
pub enum Grounds {
    Confounding,
    Outliers,
    GroupDependence,
    AlternativeTest,
    /// An effect appears where there should be none.
    NegativeControl,
    Measurement,
    Other,
}

impl Grounds {
    /// The grounds in words.
    pub fn as_words(self) -> &'static str {
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

/// The check that a challenge rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Check")]
pub struct ChallengeCheck {
    /// An experiment that the agent ran.
    pub experiment: ExperimentId,
    /// The check in a few words.
    #[schemars(length(min = 1, max = 120))]
    pub name: String,
    /// JSON pointer into the experiment's result, to an object `{n, p, effect, direction}`.
    pub pointer: String,
}

/// The numbers that a check gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CheckEstimate {
    /// Number of rows.
    #[serde(default)]
    pub n: Option<u64>,
    /// p-value.
    pub p: f64,
    /// Size of the effect.
    #[serde(default)]
    pub effect: Option<f64>,
    /// Direction of the effect: `+`, `-`, or a level.
    #[serde(default)]
    pub direction: Option<String>,
}

/// The estimate of a challenge's check, read from the recorded result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CheckResult {
    /// The challenged finding.
    pub finding: HypothesisId,
    /// The check.
    pub check: ChallengeCheck,
    /// Its numbers.
    pub estimate: CheckEstimate,
}

/// An objection to a finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Challenge {
    /// The challenged finding.
    pub finding: HypothesisId,
    /// The kind of doubt.
    pub grounds: Grounds,
    /// The objection, in a sentence or two.
    #[schemars(length(min = 1, max = 600))]
    pub statement: String,
    /// The check that supports the objection.
    #[serde(default)]
    pub check: Option<ChallengeCheck>,
    /// Whether to remove the finding from the report if the challenge is sustained.
    #[serde(default)]
    pub veto: bool,
}

/// The decision on a challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answered {
    /// The check contradicts the finding.
    Sustained,
    /// The check is consistent with the finding.
    Overruled,
    /// The challenge has no check that could decide.
    Unsupported,
}

impl Answered {
    /// The decision in a word.
    pub fn as_word(self) -> &'static str {
        match self {
            Self::Sustained => "sustained",
            Self::Overruled => "overruled",
            Self::Unsupported => "unsupported",
        }
    }
}

/// A challenge with the decision on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChallengeRecord {
    /// The agent that raised it.
    pub agent: AgentName,
    /// The challenge.
    pub challenge: Challenge,
    /// The numbers of its check.
    pub estimate: Option<CheckEstimate>,
    /// The decision.
    pub answer: Answered,
    /// The reason for the decision, in a sentence.
    pub reason: String,
    /// Whether the finding was removed from the report.
    pub vetoed: bool,
}
