//! The messages that agents send.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    challenge::Challenge,
    evidence::AddedEvidence,
    proposal::{ProposedAnalysis, ProposedHypothesis},
};
use crate::science::HypothesisId;

/// A message of an agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "body", rename_all = "snake_case")]
pub enum Speech {
    /// In answer to `cycle_started`: a hypothesis to test.
    ProposeHypothesis(Box<ProposedHypothesis>),
    /// In answer to `cycle_started`, from version 2: an analysis to carry out.
    ProposeAnalysis(Box<ProposedAnalysis>),
    /// An objection to a finding.
    Challenge(Box<Challenge>),
    /// A source that supports or contradicts a finding.
    AddEvidence(Box<AddedEvidence>),
    /// Scores for a finding.
    Score(Box<Score>),
    /// In answer to `research_finished`: a section of the report.
    WriteSection(Box<WrittenSection>),
    /// A remark for the reader of the report.
    Remark(Box<Remark>),
}

impl Speech {
    /// The message's type in the protocol.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::ProposeHypothesis(_) => "propose_hypothesis",
            Self::ProposeAnalysis(_) => "propose_analysis",
            Self::Challenge(_) => "challenge",
            Self::AddEvidence(_) => "add_evidence",
            Self::Score(_) => "score",
            Self::WriteSection(_) => "write_section",
            Self::Remark(_) => "remark",
        }
    }
}

/// The types of messages that propose what to test.
pub const PROPOSALS: [&str; 2] = ["propose_hypothesis", "propose_analysis"];

/// The types of messages.
pub const SPEECHES: [&str; 7] = [
    "propose_hypothesis",
    "propose_analysis",
    "challenge",
    "add_evidence",
    "score",
    "write_section",
    "remark",
];

/// Scores for a finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Score {
    /// The finding.
    pub finding: HypothesisId,
    /// Scores by name, each from 0 to 1.
    #[schemars(length(min = 1, max = 12))]
    pub scores: BTreeMap<String, f64>,
    /// The reason for the scores.
    #[serde(default)]
    #[schemars(length(max = 600))]
    pub comment: Option<String>,
}

/// A section of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WrittenSection {
    /// The section's heading.
    #[schemars(length(min = 1, max = 120))]
    pub title: String,
    /// Paragraphs of plain text.
    #[schemars(length(min = 1, max = 40), inner(length(max = 4000)))]
    pub paragraphs: Vec<String>,
}

/// A remark for the reader of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Remark {
    /// Plain text.
    #[schemars(length(min = 1, max = 600))]
    pub text: String,
}
