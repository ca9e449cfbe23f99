//! The knowledge graph: nodes and edges behind a seam that stores implement.

mod embedded;
mod export;
mod facts;
mod import;
mod neo4j;
mod picture;
mod schema;

use futures::future::BoxFuture;

pub use embedded::EmbeddedGraph;
pub use export::{Format, UnknownFormat, export};
pub use facts::{Edge, Facts, GraphStats, Node};
pub use import::{ImportError, import};
pub use neo4j::{Neo4jGraph, Neo4jOptions};
pub use picture::svg;
pub(crate) use picture::{Ink, Words, drawing};
pub use schema::{Label, Relation};

/// A graph store's failure.
#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    /// The embedded database.
    #[error("the graph's database failed")]
    Store(#[from] sled::Error),
    /// Something stored is not of its form.
    #[error("an entry of the graph is not of its form")]
    Codec(#[from] serde_json::Error),
    /// An id that does not say what it is of.
    #[error("`{id}` is no id of the graph")]
    Id {
        #[allow(missing_docs)]
        id: String,
    },
    /// A property that a graph database has no type for.
    #[error("the property `{name}` of `{id}` is neither a text, a number, a truth value nor a list of those")]
    Property {
        #[allow(missing_docs)]
        id: String,
        #[allow(missing_docs)]
        name: String,
    },
    /// The server does not answer: it may do so later.
    #[error("the graph server at {address} does not answer: {reason}")]
    Away {
        #[allow(missing_docs)]
        address: String,
        #[allow(missing_docs)]
        reason: String,
    },
    /// The server answers and will not do it, now or later.
    #[error("the graph server at {address} refuses: {reason}; {remedy}")]
    Refused {
        #[allow(missing_docs)]
        address: String,
        #[allow(missing_docs)]
        reason: String,
        #[allow(missing_docs)]
        remedy: &'static str,
    },
    /// The work was called off.
    #[error("the graph's work was interrupted")]
    Interrupted,
}

/// Where facts are kept. Writing is a merge on our ids, so a repeated write changes nothing; the end of an edge that is not
/// there yet is made, so that the order of writes does not matter.
pub trait GraphStore: Send + Sync {
    /// Adds nodes and edges, or gives them these properties where they are there already.
    fn merge(&self, facts: Facts) -> BoxFuture<'static, Result<(), GraphError>>;
    /// Counts by label and type.
    fn stats(&self) -> BoxFuture<'static, Result<GraphStats, GraphError>>;
    /// Everything: nodes in order of id, edges in order of beginning, type and end. The same facts give the same dump in
    /// every store.
    fn dump(&self) -> BoxFuture<'static, Result<Facts, GraphError>>;
    /// Removes all nodes and edges of the schema.
    fn clear(&self) -> BoxFuture<'static, Result<(), GraphError>>;
}
