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

/// The contributions of the run's agents to its report.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Contributions {
    /// Challenges with the decisions on them.
    pub challenges: Vec<ChallengeRecord>,
    /// Evidence, with the agent that added it.
    pub evidence: Vec<(AgentName, AddedEvidence)>,
    /// Scores, with the agent that gave them.
    pub scores: Vec<(AgentName, Score)>,
    /// Sections of the report, with the agent that wrote them.
    pub sections: Vec<(AgentName, WrittenSection)>,
    /// Remarks, with the agent that made them.
    pub remarks: Vec<(AgentName, String)>,
    /// Rejected messages, each once with its count.
    pub refused: Vec<RefusedTimes>,
    /// Events that an agent did not answer.
    pub missing: Vec<MissingAnswer>,
}

impl Contributions {
    /// Whether no agent contributed anything.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A rejected message with its count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefusedTimes {
    /// The agent that sent it.
    pub agent: AgentName,
    /// Its type and the reason.
    pub refusal: Refusal,
    /// How often it was rejected.
    pub times: u64,
}

/// An event that an agent did not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MissingAnswer {
    /// The agent.
    pub agent: AgentName,
    /// The event's type.
    pub event: String,
    /// The event's occasion.
    pub occasion: String,
    /// The reason, in a sentence.
    pub reason: String,
}
