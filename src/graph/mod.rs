//! The knowledge graph: nodes and edges behind a seam that stores implement.

mod embedded;
mod facts;

use futures::future::BoxFuture;

pub use embedded::EmbeddedGraph;
pub use facts::{Edge, Facts, GraphStats, Node};

/// A graph store's failure.
#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    /// The embedded database.
    #[error("the graph's database failed")]
    Store(#[from] sled::Error),
    /// Something stored is not of its form.
    #[error("an entry of the graph is not of its form")]
    Codec(#[from] serde_json::Error),
    /// The work was called off.
    #[error("the graph's work was interrupted")]
    Interrupted,
}

/// Where facts are kept. Writing is a merge on our ids, so a repeated write changes nothing.
pub trait GraphStore: Send + Sync {
    /// Adds nodes and edges, or gives them these properties where they are there already.
    fn merge(&self, facts: Facts) -> BoxFuture<'static, Result<(), GraphError>>;
    /// Counts by label and type.
    fn stats(&self) -> BoxFuture<'static, Result<GraphStats, GraphError>>;
    /// Everything, in order of id.
    fn dump(&self) -> BoxFuture<'static, Result<Facts, GraphError>>;
}
