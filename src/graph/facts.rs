//! Nodes, edges and how many there are.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{GraphError, Label, Relation};

/// A node: a label, an id of our own, typed properties.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Node {
    pub label: Label,
    pub id: String,
    pub properties: Map<String, Value>,
}

/// An edge between two ids.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Edge {
    #[serde(rename = "type")]
    pub kind: Relation,
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
    pub fn new(label: Label, id: &str) -> Self {
        Self {
            label,
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
    pub fn new(kind: Relation, from: &str, to: &str) -> Self {
        Self {
            kind,
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

    /// Whether every store can keep them.
    ///
    /// # Errors
    /// [`GraphError::Id`] and [`GraphError::Property`] for the first that none can.
    pub fn check(&self) -> Result<(), GraphError> {
        for node in &self.nodes {
            if Label::of(&node.id)? != node.label {
                return Err(GraphError::Id { id: node.id.clone() });
            }
            check(&node.id, &node.properties)?;
        }
        for edge in &self.edges {
            Label::of(&edge.from)?;
            Label::of(&edge.to)?;
            check(&edge.from, &edge.properties)?;
        }
        Ok(())
    }
}

fn check(id: &str, properties: &Map<String, Value>) -> Result<(), GraphError> {
    let plain = |value: &Value| match value {
        Value::String(_) | Value::Bool(_) => true,
        Value::Number(number) => number.is_i64() || number.is_f64(),
        _ => false,
    };
    let fits = |value: &Value| match value {
        Value::Array(items) => items.iter().all(plain),
        other => plain(other),
    };
    match properties.iter().find(|(_, value)| !fits(value)) {
        None => Ok(()),
        Some((name, _)) => Err(GraphError::Property {
            id: id.to_owned(),
            name: name.clone(),
        }),
    }
}

fn present(properties: Value) -> impl Iterator<Item = (String, Value)> {
    let object = match properties {
        Value::Object(object) => object,
        _ => Map::new(),
    };
    object.into_iter().filter(|(_, value)| !value.is_null())
}
