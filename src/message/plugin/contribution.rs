//! An agent's answer to one event.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{challenge::CheckResult, speech::Speech};
use crate::message::AgentName;
use crate::science::ExperimentRecord;

/// To the director: what an agent has to say to an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Contribution {
    /// Of the event.
    pub occasion: String,
    #[allow(missing_docs)]
    pub agent: AgentName,
    /// What it may say, as it says it.
    pub said: Vec<Speech>,
    /// What it said and may not, or not so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refusal>,
    /// Scripts that it had run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub experiments: Vec<ExperimentRecord>,
    /// What its challenges rest on, as the results of those scripts have it, by finding and name of the check.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckResult>,
}

/// A message that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refusal {
    /// As far as it could be told.
    #[serde(rename = "type")]
    pub kind: String,
    #[allow(missing_docs)]
    pub reason: String,
}
