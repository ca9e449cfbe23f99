//! An agent as the director knows it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::message::AgentName;

/// An agent of a run as the director knows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AgentPlan {
    /// The agent's name.
    pub name: AgentName,
    /// The agent's version.
    pub version: String,
    /// One line about the agent.
    pub description: String,
    /// Types of the events that it receives.
    pub subscribes: Vec<String>,
    /// Types of the messages that it may send.
    pub publishes: Vec<String>,
    /// Whether it may veto findings.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub veto: bool,
    /// Experiments of the run's budget that are reserved for it.
    #[serde(default)]
    pub experiments: u64,
    /// Where it came from, in words after "from"; none in runs of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Its permissions, in words; empty in runs of earlier versions.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub permissions: String,
    /// Share of the run's findings that its challenges may take down, from 0 to 1; none for no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
}
