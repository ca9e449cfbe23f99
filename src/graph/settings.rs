use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use kosmos_core::text::HumanDuration;

/// The knowledge graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GraphSettings {
    /// The store of the knowledge graph.
    pub store: GraphStoreKind,
    /// Address of the server. TLS: `bolt+s://` or `neo4j+s://`. The password is read from the environment variable
    /// `NEO4J_PASSWORD` only.
    pub uri: String,
    /// User name at the server.
    pub user: String,
    /// Database at the server. Unset: the server's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// Time limit of one request to the server.
    pub timeout: HumanDuration,
    /// Total time that a run waits for the graph. After that, nodes and edges wait in the run's journal.
    pub wait: HumanDuration,
    /// Maximum number of nodes or edges written by one statement.
    pub batch: u32,
    /// Maximum number of nodes and edges waiting in the journal; a run that exceeds it pauses.
    pub outbox: u32,
}

/// The store of the knowledge graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GraphStoreKind {
    /// In files under the home folder, shared by its runs; needs no service.
    Embedded,
    /// On a server that speaks Bolt and Cypher, such as Neo4j.
    Neo4j,
}
