//! Between the director and the hypothesis generator.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Elsewhere, ResearchPlan};
use crate::science::{Arm, Hypothesis, HypothesisId, PartResult, Profile};

/// A test whose explore part is worth following up. Nothing of the rows held back is in it, so what is
/// proposed from it can be judged on them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct KnownTest {
    pub hypothesis: Hypothesis,
    pub explore: PartResult,
}

/// Propose hypotheses for a cycle of one arm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProposeHypotheses {
    /// From 1.
    pub cycle: u32,
    #[allow(missing_docs)]
    pub arm: Arm,
    #[allow(missing_docs)]
    pub plan: ResearchPlan,
    /// Profile of each data set, by name.
    pub profiles: Vec<(String, Profile)>,
    /// What looked promising on the explore part so far.
    pub known: Vec<KnownTest>,
    /// Everything registered so far: not to be proposed again.
    pub tested: Vec<HypothesisId>,
    /// At most so many.
    pub limit: usize,
    /// What showed nothing on the explore part; only for a model, which would propose it again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refuted: Vec<KnownTest>,
    /// What earlier runs of the project know of other data; this data had no part in it.
    #[serde(default, skip_serializing_if = "Elsewhere::is_empty")]
    pub elsewhere: Elsewhere,
    /// Where the director's model wants to look, in its words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub focus: Option<String>,
}

/// The proposals, best first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HypothesesProposed {
    #[allow(missing_docs)]
    pub cycle: u32,
    #[allow(missing_docs)]
    pub arm: Arm,
    #[allow(missing_docs)]
    pub hypotheses: Vec<Hypothesis>,
    /// Hypotheses that could have been proposed beyond the limit.
    pub left_out: u64,
    /// Why these, in a sentence.
    pub rationale: String,
    /// What a reader of the report should know of how they came about: a model that gave no usable answer, say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}
