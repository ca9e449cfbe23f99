//! The messages that agents send.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{challenge::Challenge, evidence::AddedEvidence, proposal::ProposedHypothesis};
use crate::science::HypothesisId;

/// Something that an agent says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "body", rename_all = "snake_case")]
pub enum Speech {
    /// In answer to `cycle_started`: test this too.
    ProposeHypothesis(Box<ProposedHypothesis>),
    /// A finding is not what it seems.
    Challenge(Box<Challenge>),
    /// Others have something to say on a finding.
    AddEvidence(Box<AddedEvidence>),
    /// How good a finding is.
    Score(Box<Score>),
    /// In answer to `research_finished`: a section of the report.
    WriteSection(Box<WrittenSection>),
    /// For the report's reader.
    Remark(Box<Remark>),
}

impl Speech {
    /// Its type, as the protocol names it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::ProposeHypothesis(_) => "propose_hypothesis",
            Self::Challenge(_) => "challenge",
            Self::AddEvidence(_) => "add_evidence",
            Self::Score(_) => "score",
            Self::WriteSection(_) => "write_section",
            Self::Remark(_) => "remark",
        }
    }
}

/// The types of messages.
pub const SPEECHES: [&str; 6] = [
    "propose_hypothesis",
    "challenge",
    "add_evidence",
    "score",
    "write_section",
    "remark",
];

/// How good a finding is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Score {
    #[allow(missing_docs)]
    pub finding: HypothesisId,
    /// From 0 to 1 each.
    #[schemars(length(min = 1, max = 12))]
    pub scores: BTreeMap<String, f64>,
    #[serde(default)]
    #[allow(missing_docs)]
    #[schemars(length(max = 600))]
    pub comment: Option<String>,
}

/// A section of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WrittenSection {
    #[allow(missing_docs)]
    #[schemars(length(min = 1, max = 120))]
    pub title: String,
    /// Plain text.
    #[schemars(length(min = 1, max = 40))]
    pub paragraphs: Vec<String>,
}

/// For the report's reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Remark {
    #[allow(missing_docs)]
    #[schemars(length(min = 1, max = 600))]
    pub text: String,
}
