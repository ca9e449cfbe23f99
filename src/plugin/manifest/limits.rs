//! Limits on an agent's resources.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::{ByteSize, HumanDuration};

/// Limits on an agent's resources.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Limits")]
pub struct AgentLimits {
    /// Time for one event.
    pub deadline: HumanDuration,
    /// Memory of all its processes together.
    pub memory: ByteSize,
    /// Concurrent processes and threads.
    pub processes: u32,
    /// Messages and calls per minute.
    pub messages_per_minute: u32,
    /// `wasm`: fuel for one event, about one unit per instruction.
    pub fuel: u64,
    /// Share of the run's experiments, tokens and money, from 0 to 1.
    pub budget_share: f64,
}

impl Default for AgentLimits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(120).into(),
            memory: ByteSize::new(1 << 30),
            processes: 64,
            messages_per_minute: 600,
            fuel: 20_000_000_000,
            budget_share: 0.25,
        }
    }
}
