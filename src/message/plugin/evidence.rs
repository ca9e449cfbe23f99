//! A source that supports or contradicts a finding.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::science::HypothesisId;

/// The position of a source towards a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
// Variants without documentation keep the published schema a plain list of values.
#[allow(missing_docs)]
pub enum Stance {
    Supports,
    Contradicts,
    Context,
}

impl Stance {
    /// The stance in a word.
    pub fn as_word(self) -> &'static str {
        match self {
            Self::Supports => "supports",
            Self::Contradicts => "contradicts",
            Self::Context => "context",
        }
    }
}

/// A publication or another source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CitedSource {
    /// Its title.
    #[schemars(length(min = 1, max = 400))]
    pub title: String,
    /// Its authors.
    #[serde(default)]
    #[schemars(length(max = 100), inner(length(max = 200)))]
    pub authors: Option<Vec<String>>,
    /// Year of publication.
    #[serde(default)]
    pub year: Option<i32>,
    /// Its DOI.
    #[serde(default)]
    #[schemars(length(max = 400))]
    pub doi: Option<String>,
    /// Its address.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub url: Option<String>,
    /// The place in the source, such as `p. 3`.
    #[serde(default)]
    #[schemars(length(max = 120))]
    pub locator: Option<String>,
    /// The passage, verbatim.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub passage: Option<String>,
}

/// A source that supports or contradicts a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddedEvidence {
    /// The finding.
    pub finding: HypothesisId,
    /// The source's position towards it.
    pub stance: Stance,
    /// The content of the source in a sentence or two.
    #[schemars(length(min = 1, max = 600))]
    pub statement: String,
    /// The source.
    pub source: CitedSource,
}
