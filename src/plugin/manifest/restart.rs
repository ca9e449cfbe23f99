//! The restart policy of an agent.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::HumanDuration;

/// Restart policy of an agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Restart {
    /// When the agent is restarted.
    pub policy: RestartKind,
    /// Maximum number of restarts within `window`; after one more, the agent takes no further part.
    pub max_restarts: u32,
    /// The period over which restarts are counted.
    pub window: HumanDuration,
    /// Maximum number of attempts at an event. One that is not answered within the deadline is not tried again.
    pub max_attempts: u32,
}

impl Default for Restart {
    fn default() -> Self {
        Self {
            policy: RestartKind::Permanent,
            max_restarts: 5,
            window: Duration::from_secs(600).into(),
            max_attempts: 3,
        }
    }
}

/// When an agent is restarted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RestartKind {
    /// After every end.
    #[default]
    Permanent,
    /// After a failure; an agent that exits with code 0 takes no further part.
    Transient,
    /// Never.
    Temporary,
}
