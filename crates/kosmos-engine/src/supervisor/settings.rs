use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use kosmos_core::text::HumanDuration;

use super::Strategy;

/// How failed agents are restarted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SupervisorSettings {
    /// Maximum number of restarts of one agent within `window`; one more fails the run. 0: never restart.
    pub max_restarts: u32,
    /// Period over which restarts are counted.
    pub window: HumanDuration,
    /// Wait before the first restart; it doubles with each further restart.
    pub backoff_min: HumanDuration,
    /// Longest wait before a restart. Not shorter than `backoff_min`.
    pub backoff_max: HumanDuration,
    /// Attempts at a message before it becomes a dead letter. At least 1.
    pub max_attempts: u32,
    /// Time limit for one message; an agent that exceeds it is restarted.
    pub handler_deadline: HumanDuration,
    /// The agents that are restarted if one fails.
    pub strategy: Strategy,
}
