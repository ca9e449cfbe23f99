//! A claim that a test can bear out or not.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Arm, HypothesisId, Tier};

/// The family of tests that a hypothesis belongs to; a name from [`kind`] or of a later template.
pub type HypothesisKind = String;

/// The kinds that the built-in templates judge.
pub mod kind {
    /// Two numeric columns.
    pub const NUMERIC_NUMERIC: &str = "numeric_numeric";
    /// A numeric column over two or more groups.
    pub const GROUP_NUMERIC: &str = "group_numeric";
    /// Two categorical columns.
    pub const CATEGORICAL_CATEGORICAL: &str = "categorical_categorical";
    /// A binary outcome over a numeric column.
    pub const NUMERIC_BINARY: &str = "numeric_binary";
    /// Two measurements of the same units.
    pub const PAIRED: &str = "paired";
    /// Time to an event.
    pub const SURVIVAL: &str = "survival";
    /// An association with other columns held fixed.
    pub const ADJUSTED: &str = "adjusted";
    /// An association inside the levels of another column.
    pub const STRATIFIED: &str = "stratified";
    /// An association that depends on another column.
    pub const INTERACTION: &str = "interaction";
    /// An outcome over increasing amounts of a column.
    pub const DOSE_RESPONSE: &str = "dose_response";
    /// A term of a designed experiment.
    pub const DESIGNED: &str = "designed";
    /// A number that changes with another along any curve.
    pub const CURVE: &str = "curve";
    /// A spread that changes along a number.
    pub const SPREAD: &str = "spread";
    /// A number of successes out of a number of trials.
    pub const PROPORTION: &str = "proportion";
    /// A count in proportion to time or another amount at risk.
    pub const COUNTS: &str = "counts";
    /// The share, mean or rate of a column, which is no test.
    pub const DESCRIBE: &str = "describe";
    /// An analysis that a model writes the code for.
    pub const CUSTOM: &str = "custom";
}

/// The rows that a hypothesis is judged on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// All rows: the hypothesis was not chosen by looking at the data.
    Whole,
    /// The rows held back: the hypothesis was chosen on the others.
    Confirm,
}

/// Why a hypothesis is tested before others; each in 0..=1, none of them from the values of the data
/// for first-cycle hypotheses.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Scores {
    /// To the question and the target.
    pub relevance: f64,
    /// Expected information: how open the outcome is.
    pub information: f64,
    /// Distance from what was tested before.
    pub novelty: f64,
    /// Share of rows on which it can be tested.
    pub testability: f64,
}

impl Scores {
    /// One figure to rank by.
    pub fn combined_score(&self) -> f64 {
        0.5 * self.relevance + 0.2 * self.information + 0.15 * self.novelty + 0.15 * self.testability
    }
}

/// The protocol by which a `custom` hypothesis is tested; it is fixed before any code is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Analysis")]
pub struct CustomProtocol {
    /// The columns that it reads.
    pub columns: Vec<String>,
    /// The computation in plain words: derived variables, the statistical test, the meaning of the effect.
    pub method: String,
    /// The name of the effect size, such as `spearman_rho` or `mean_difference`.
    pub effect: String,
    /// The kind whose built-in template tests the same claim, where there is one.
    pub family: Option<HypothesisKind>,
    /// The claim in the words of the model that proposed it, for a second author, who does not see the method. None in
    /// runs of version 0.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<String>,
}

/// A typed, testable hypothesis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Hypothesis {
    /// Derived from all that the hypothesis claims.
    pub id: HypothesisId,
    /// The table it speaks of.
    pub dataset: String,
    /// The data as given, or shuffled.
    pub arm: Arm,
    /// Its family of tests.
    pub kind: HypothesisKind,
    /// The explaining column (or the first of two).
    pub x: String,
    /// The outcome column (or the second of two).
    pub y: String,
    /// Columns held fixed (`adjusted`, `proportion`, `counts`), or the others of the design (`designed`), or the one
    /// that a count is out of (`describe`).
    #[serde(default)]
    pub covariates: Vec<String>,
    /// The column of strata or the moderator (`stratified`, `interaction`, `designed`), what a count is out of
    /// (`proportion`, `counts`), or the groups (`describe`).
    #[serde(default)]
    pub by: Option<String>,
    /// The event column (`survival`).
    #[serde(default)]
    pub event: Option<String>,
    /// The rows it is judged on.
    pub part: Part,
    /// One sentence that a person can read.
    pub statement: String,
    /// `+`, `-` or a level, where the question or an earlier finding predicts one.
    pub predicted: Option<String>,
    /// The hypothesis that this one follows up.
    pub parent: Option<HypothesisId>,
    /// Why it was proposed, in a few words.
    pub rationale: String,
    /// Why it comes before others.
    pub scores: Scores,
    /// The tier of the error control that it is in.
    #[serde(default)]
    pub tier: Tier,
    /// Its weight in the error control, fixed before the data are seen: in the survey relative to the others, of a
    /// follow-up the part of the tier's rate that it owns, of a primary analysis 1.
    pub weight: f64,
    /// The model that proposed it; none where the rule book did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed_by: Option<String>,
    /// How it is tested (`custom`), none otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub analysis: Option<CustomProtocol>,
    /// The meaning of its directions in words, by `+` and `-`; empty where that follows from the kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub directions: BTreeMap<String, String>,
}

impl Hypothesis {
    /// Whether it describes a column, and claims nothing that could be tested.
    pub fn is_description(&self) -> bool {
        self.kind == kind::DESCRIBE
    }

    /// The id that follows from the claim: the same claim on the same data always has the same id.
    pub fn derive_id(&self) -> HypothesisId {
        let claim = (
            (&self.dataset, &self.arm, &self.kind, &self.x, &self.y),
            (&self.covariates, &self.by, &self.event, &self.part),
        );
        let bytes = match &self.analysis {
            None => serde_json::to_vec(&claim),
            Some(analysis) => serde_json::to_vec(&(claim, analysis)),
        };
        HypothesisId::derive(bytes.unwrap_or_default())
    }

    /// Sets the derived id.
    pub fn with_id(mut self) -> Self {
        self.id = self.derive_id();
        self
    }
}
