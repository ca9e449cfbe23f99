use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where knowledge is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Graph {
    /// The store of the knowledge graph.
    pub store: GraphStore,
}

/// The store of the knowledge graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GraphStore {
    /// In files under the home folder; needs no service.
    Embedded,
}
