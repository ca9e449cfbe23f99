//! Messages between the director and the hypothesis generator.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Elsewhere, ModelAnswers, ResearchPlan};
use crate::science::{Arm, Hypothesis, HypothesisId, PartResult, Profile};

/// A test whose explore part is worth a follow-up. It shows nothing of the held-back rows, which can therefore judge
/// what is proposed from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KnownTest {
    /// The tested hypothesis.
    pub hypothesis: Hypothesis,
    /// The numbers in the explore part.
    pub explore: PartResult,
}

/// A test that is worth a follow-up by the rule book, as it came out on all rows. A model never sees it: what a model
/// proposes cannot be counted before looking, so that rows it has not seen must judge it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Lead {
    /// The tested hypothesis.
    pub hypothesis: Hypothesis,
    /// Its p.
    pub p: f64,
    /// `+`, `-`, or the level with the larger mean or rate.
    pub direction: Option<String>,
}

/// To the hypothesis generator: propose hypotheses for a cycle of one arm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProposeHypotheses {
    /// The cycle's number, from 1.
    pub cycle: u32,
    /// The arm of the cycle.
    pub arm: Arm,
    /// The run's plan.
    pub plan: ResearchPlan,
    /// Profile of each data set, by name.
    pub profiles: Vec<(String, Profile)>,
    /// Tests that look promising in the explore part so far.
    pub known: Vec<KnownTest>,
    /// Tests that look promising on all rows, and those that the question asks for; for the rule book.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leads: Vec<Lead>,
    /// Ids of all registered hypotheses, which must not be proposed again.
    pub tested: Vec<HypothesisId>,
    /// Maximum number of hypotheses.
    pub limit: usize,
    /// Tests that show nothing in the explore part; only for a model, which would propose them again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refuted: Vec<KnownTest>,
    /// Results of the project's earlier runs on other data, independent of this data.
    #[serde(default, skip_serializing_if = "Elsewhere::is_empty")]
    pub elsewhere: Elsewhere,
    /// The direction that the director's model suggests, in its words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub focus: Option<String>,
}

/// To the director: the proposals, best first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HypothesesProposed {
    /// The cycle's number.
    pub cycle: u32,
    /// The arm of the cycle.
    pub arm: Arm,
    /// The proposed hypotheses.
    pub hypotheses: Vec<Hypothesis>,
    /// Number of further hypotheses beyond the limit.
    pub left_out: u64,
    /// The reason for these hypotheses, in a sentence.
    pub rationale: String,
    /// Remarks for the reader of the report, for example that the model gave no usable answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// How the question to the model ended.
    #[serde(default, skip_serializing_if = "ModelAnswers::is_empty")]
    pub model: ModelAnswers,
}
