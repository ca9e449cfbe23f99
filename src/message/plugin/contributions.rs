//! Everything that the agents of a run contributed to its report.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    challenge::ChallengeRecord,
    contribution::Refusal,
    evidence::AddedEvidence,
    speech::{Score, WrittenSection},
};
use crate::message::AgentName;

/// What the agents of a run had to say, for its report.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Contributions {
    #[allow(missing_docs)]
    pub challenges: Vec<ChallengeRecord>,
    /// With who said it.
    pub evidence: Vec<(AgentName, AddedEvidence)>,
    #[allow(missing_docs)]
    pub scores: Vec<(AgentName, Score)>,
    #[allow(missing_docs)]
    pub sections: Vec<(AgentName, WrittenSection)>,
    #[allow(missing_docs)]
    pub remarks: Vec<(AgentName, String)>,
    /// What was not taken, each once, and how often.
    pub refused: Vec<RefusedTimes>,
    /// Events that an agent gave no answer to.
    pub missing: Vec<MissingAnswer>,
}

impl Contributions {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A refusal and how often it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct RefusedTimes {
    pub agent: AgentName,
    pub refusal: Refusal,
    pub times: u64,
}

/// An event without an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct MissingAnswer {
    pub agent: AgentName,
    pub event: String,
    pub occasion: String,
    pub reason: String,
}
