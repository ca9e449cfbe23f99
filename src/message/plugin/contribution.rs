//! An agent's answer to one event.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{challenge::CheckResult, speech::Speech};
use crate::message::AgentName;
use crate::science::ExperimentRecord;

/// To the director: an agent's answer to an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Contribution {
    /// The event's occasion, as in [`Notify`](super::Notify).
    pub occasion: String,
    /// The agent that answers.
    pub agent: AgentName,
    /// The accepted messages.
    pub said: Vec<Speech>,
    /// The rejected messages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refusal>,
    /// Experiments that the agent ran.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub experiments: Vec<ExperimentRecord>,
    /// The numbers of the challenges' checks, read from the results of those experiments, by finding and name of the
    /// check.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckResult>,
}

/// A rejected message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refusal {
    /// The message's type, as far as it is known.
    #[serde(rename = "type")]
    pub kind: String,
    /// The reason, in a sentence.
    pub reason: String,
}
