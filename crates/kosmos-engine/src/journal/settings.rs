use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Durability;

/// The run's journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JournalSettings {
    /// The failures that a committed step survives.
    pub durability: Durability,
    /// Number of events between two snapshots of the director's state; in a long run the distance grows. At least 1.
    pub snapshot_every: u64,
}
