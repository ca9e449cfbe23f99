//! The knowledge graph: nodes and edges behind a seam that stores implement.

mod embedded;
mod export;
mod facts;
mod import;
pub mod names;
mod neo4j;
pub mod path;
mod picture;
mod questions;
mod schema;
mod settings;
mod upgrade;
mod walk;

use futures::future::BoxFuture;

pub use embedded::EmbeddedGraph;
pub use export::{Format, UnknownFormat, export_graph};
pub use facts::{Edge, Facts, GraphStats, Node, Properties};
pub use import::{ImportError, import_jsonld};
pub use neo4j::{Neo4jGraph, Neo4jOptions, RawRecords};
pub use picture::render_svg;
pub(crate) use picture::{Ink, PictureWording, VisibleWords, draw_graph};
pub use questions::{AnswerTable, Parameter, QUESTIONS, Question, QuestionError, known_project, known_variable};
pub use schema::{EdgeKind, Label, OLDEST_READ, SETS, VERSION};
pub use settings::{GraphSettings, GraphStoreKind};
pub use upgrade::{derive_analysis, find_upgrade, without_analyses};
pub use walk::{MOST_TRAILS, Trail, Walk, WalkStep, Way};

/// A graph store's failure.
#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    /// The embedded database.
    #[error("the graph's database failed")]
    Store(#[from] sled::Error),
    /// Something stored is not of its form.
    #[error("an entry of the graph is not of its form")]
    Codec(#[from] serde_json::Error),
    /// The embedded database cannot be read.
    #[error("the graph in {place} is damaged")]
    Damaged {
        /// The place of the graph.
        place: String,
    },
    /// It was written by a Kosmos with another schema.
    #[error(
        "the graph in {place} has schema {found}, and this version of Kosmos reads schemas {OLDEST_READ} to {VERSION}"
    )]
    Version {
        /// The place of the graph.
        place: String,
        /// The version that was found.
        found: u32,
    },
    /// An id that does not say what it is of.
    #[error("`{id}` is no id of the graph")]
    Id {
        /// The id.
        id: String,
    },
    /// A property that a graph database has no type for.
    #[error("the property `{name}` of `{id}` is neither a text, a number, a truth value nor a list of those")]
    Property {
        /// The id.
        id: String,
        /// The name.
        name: String,
    },
    /// A property whose name stores need for themselves.
    #[error("`{id}` has a property `id`, which is the name of its own id in a graph database")]
    Reserved {
        /// The id.
        id: String,
    },
    /// The server does not answer: it may do so later.
    #[error("the graph server at {address} does not answer: {reason}")]
    Away {
        /// The address of the server.
        address: String,
        /// The reason.
        reason: String,
    },
    /// The server answers and will not do it, now or later.
    #[error("the graph server at {address} refuses: {reason}")]
    Refused {
        /// The address of the server.
        address: String,
        /// The reason.
        reason: String,
        /// The action that helps.
        remedy: &'static str,
    },
    /// A query of the user's own.
    #[error("the graph server does not take the query: {reason}")]
    Query {
        /// The reason.
        reason: String,
    },
    /// The work was called off.
    #[error("the graph's work was interrupted")]
    Interrupted,
}

impl GraphError {
    /// The remedy, if there is one.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Damaged { .. } | Self::Version { .. } => {
                Some("move it away; `kosmos graph sync --again` writes it again from the journals of the runs")
            }
            Self::Away { .. } => {
                Some("start the graph server, or name another in graph.uri; a run of a project needs it when it starts")
            }
            Self::Refused { remedy, .. } => Some(remedy),
            Self::Query { .. } => Some("fix the query"),
            _ => None,
        }
    }
}

/// Where facts are kept. Writing is a merge on our ids, so a repeated write changes nothing; the end of an
/// edge that is not there yet is made, so that the order of writes does not matter.
pub trait GraphStore: Send + Sync {
    /// Adds nodes and edges, or gives them these properties where they are there already: the [`SETS`] among them are
    /// united, any other is replaced.
    fn merge(&self, facts: Facts) -> BoxFuture<'static, Result<(), GraphError>>;
    /// Where a way through the graph leads.
    fn walk(&self, walk: Walk) -> BoxFuture<'static, Result<Vec<Trail>, GraphError>>;
    /// Edges that begin or end at these nodes, so many at most.
    fn around(&self, ids: Vec<String>, limit: usize) -> BoxFuture<'static, Result<Vec<Edge>, GraphError>>;
    /// Nodes of a label in order of id, so many at most.
    fn list(&self, label: Label, limit: usize) -> BoxFuture<'static, Result<Vec<Node>, GraphError>>;
    /// Counts by label and type.
    fn stats(&self) -> BoxFuture<'static, Result<GraphStats, GraphError>>;
    /// Everything: nodes in order of id, edges in order of beginning, type and end. The same facts give the same dump
    /// in every store.
    fn dump(&self) -> BoxFuture<'static, Result<Facts, GraphError>>;
    /// Removes all nodes and edges of the schema.
    fn clear(&self) -> BoxFuture<'static, Result<(), GraphError>>;
}
