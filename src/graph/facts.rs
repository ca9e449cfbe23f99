//! Nodes, edges and how many there are.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A node: a label, an id of our own, typed properties.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Node {
    pub label: String,
    pub id: String,
    pub properties: Map<String, Value>,
}

/// An edge between two ids.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Edge {
    #[serde(rename = "type")]
    pub kind: String,
    pub from: String,
    pub to: String,
    pub properties: Map<String, Value>,
}

/// What is to be in the graph.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Facts {
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
}

/// Counts by label and by type, in order of name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct GraphStats {
    pub nodes: Vec<(String, u64)>,
    pub edges: Vec<(String, u64)>,
}

impl Node {
    /// A node without properties.
    pub fn new(label: &str, id: &str) -> Self {
        Self {
            label: label.to_owned(),
            id: id.to_owned(),
            properties: Map::new(),
        }
    }

    /// The node with the properties of a JSON object; nulls are left out.
    pub fn with(mut self, properties: Value) -> Self {
        self.properties.extend(present(properties));
        self
    }
}

impl Edge {
    /// An edge without properties.
    pub fn new(kind: &str, from: &str, to: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            from: from.to_owned(),
            to: to.to_owned(),
            properties: Map::new(),
        }
    }

    /// The edge with the properties of a JSON object; nulls are left out.
    pub fn with(mut self, properties: Value) -> Self {
        self.properties.extend(present(properties));
        self
    }
}

impl Facts {
    /// Adds a node.
    pub fn node(&mut self, node: Node) {
        self.nodes.push(node);
    }

    /// Adds an edge.
    pub fn edge(&mut self, edge: Edge) {
        self.edges.push(edge);
    }
}

fn present(properties: Value) -> impl Iterator<Item = (String, Value)> {
    let object = match properties {
        Value::Object(object) => object,
        _ => Map::new(),
    };
    object.into_iter().filter(|(_, value)| !value.is_null())
}
