use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::HumanDuration;

/// Where knowledge is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Graph {
    /// The store of the knowledge graph.
    pub store: GraphStore,
    /// Address of the server. TLS: `bolt+s://` or `neo4j+s://`. Its password is in the environment variable `NEO4J_PASSWORD`,
    /// and nowhere else.
    pub uri: String,
    /// The user at the server.
    pub user: String,
    /// The database at the server; without it, the server's own choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// How long one exchange with the server may take.
    pub timeout: HumanDuration,
    /// How long a run waits for the graph in all. What could not be written by then waits in the run's journal.
    pub wait: HumanDuration,
    /// Nodes or edges that are written by one statement, at most.
    pub batch: u32,
    /// Nodes and edges that may wait in the journal; a run that has more pauses.
    pub outbox: u32,
}

/// The store of the knowledge graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GraphStore {
    /// In files under the home folder, shared by its runs; needs no service.
    Embedded,
    /// On a server that speaks Bolt and Cypher, such as Neo4j.
    Neo4j,
}
