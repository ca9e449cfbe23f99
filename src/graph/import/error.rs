//! Why a document is not read.

use std::io;

/// Why a document cannot be imported. `id` is the `@id` of what is at fault, as the document has it.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It ended in the middle, for example.
    #[error("the document is not JSON")]
    Json(#[source] serde_json::Error),
    /// The file or connection.
    #[error("the document could not be read")]
    Read(#[source] io::Error),
    /// JSON, but not ours.
    #[error("the document is no export of Kosmos's graph as jsonld: {0}")]
    Foreign(&'static str),
    /// From a later Kosmos.
    #[error(
        "the document is of version {found} of the schema and this Kosmos reads {known}: use the one that wrote it, or a newer one"
    )]
    Newer {
        /// The version that was found.
        found: u64,
        /// The newest version that this program knows.
        known: u64,
    },
    /// A node of a label that there is not.
    #[error("`{id}` is said to be a `{label}`, which the graph has not")]
    Label {
        /// The id.
        id: String,
        /// The unknown label.
        label: String,
    },
    /// An edge of a type that there is not.
    #[error("`{id}` has the relation `{relation}`, which the graph has not")]
    Relation {
        /// The id.
        id: String,
        /// The unknown type of edge.
        relation: String,
    },
    /// Not an IRI of a node or an edge, or not one of that label.
    #[error("`{id}` names no node or edge of the graph, or one of another label than it is said to have")]
    Id {
        /// The id.
        id: String,
    },
    /// Something of a node or an edge.
    #[error("`{member}` of `{id}` is not of the form that Kosmos writes")]
    Member {
        /// The id.
        id: String,
        /// The faulty member.
        member: String,
    },
    /// A node or an edge that is there already.
    #[error("`{id}` is there twice")]
    Twice {
        /// The id.
        id: String,
    },
    /// An edge to a node that is not there.
    #[error("`{id}` leads to `{node}`, which the document does not have")]
    NoEnd {
        /// The id of the edge.
        id: String,
        /// The missing node.
        node: String,
    },
    /// An edge from a node to itself.
    #[error("`{id}` leads from a node to itself, which no edge of the graph does")]
    Loop {
        /// The id.
        id: String,
    },
    /// Properties of an edge that is not there.
    #[error("`{id}` gives properties to an edge that its beginning does not have")]
    NoEdge {
        /// The id.
        id: String,
    },
}
