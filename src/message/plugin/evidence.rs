//! A source that has something to say about a finding.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::science::HypothesisId;

/// What a source says of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Stance {
    Supports,
    Contradicts,
    Context,
}

impl Stance {
    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Supports => "supports",
            Self::Contradicts => "contradicts",
            Self::Context => "context",
        }
    }
}

/// Where something is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct CitedSource {
    #[schemars(length(min = 1, max = 400))]
    pub title: String,
    #[serde(default)]
    pub authors: Option<Vec<String>>,
    #[serde(default)]
    pub year: Option<i32>,
    #[serde(default)]
    pub doi: Option<String>,
    #[serde(default)]
    pub url: Option<String>,
    /// Where in it, such as `p. 3`.
    #[serde(default)]
    #[schemars(length(max = 120))]
    pub locator: Option<String>,
    /// Word for word.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub passage: Option<String>,
}

/// Others have something to say on a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct AddedEvidence {
    pub finding: HypothesisId,
    pub stance: Stance,
    #[schemars(length(min = 1, max = 600))]
    pub statement: String,
    pub source: CitedSource,
}
