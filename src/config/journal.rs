use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the run's journal is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Journal {
    /// What a committed step survives.
    pub durability: Durability,
    /// Events between two snapshots of the director's state; in a long run they are farther apart. At least 1.
    pub snapshot_every: u64,
}

/// What a committed step survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// The death of the process, `kill -9` included.
    Process,
    /// The loss of power too: every commit waits for the disk.
    Power,
}
