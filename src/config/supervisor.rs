use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::HumanDuration;

/// How agents that fail are restarted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Supervisor {
    /// Restarts of one agent within `window`, at most; one more fails the run. 0: never restart.
    pub max_restarts: u32,
    /// The length of time over which restarts are counted.
    pub window: HumanDuration,
    /// Wait before the first restart; it doubles with each further one.
    pub backoff_min: HumanDuration,
    /// Longest wait before a restart. Not shorter than `backoff_min`.
    pub backoff_max: HumanDuration,
    /// Times that a message is tried before it is set aside as a dead letter. At least 1.
    pub max_attempts: u32,
    /// Time that an agent has for one message; a slower one counts as frozen and is restarted.
    pub handler_deadline: HumanDuration,
    /// Who is restarted when an agent falls.
    pub strategy: Strategy,
}

/// Who is restarted when an agent falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// The agent alone.
    OneForOne,
    /// It, and those that are registered after it: the six in the order of the README, then those of folders.
    RestForOne,
}
