//! An agent as the director knows it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::message::AgentName;

/// An agent of a run, as far as the director deals with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgentPlan {
    #[allow(missing_docs)]
    pub name: AgentName,
    #[allow(missing_docs)]
    pub version: String,
    #[allow(missing_docs)]
    pub description: String,
    /// Types of the events that it is told.
    pub subscribes: Vec<String>,
    /// Types of the messages that it may send.
    pub publishes: Vec<String>,
    /// Whether it may take a finding out of the findings.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub veto: bool,
    /// Experiments of the run's budget that are kept for it.
    #[serde(default)]
    pub experiments: u64,
}
