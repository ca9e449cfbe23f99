//! Nodes, edges and how many there are.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{EdgeKind, GraphError, Label, schema::SETS};

/// Properties by name.
pub type Properties = Map<String, Value>;

/// A node: a label, an id of our own, typed properties.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// The type of the node.
    pub label: Label,
    /// The id, `kind:content`.
    pub id: String,
    /// The properties by name.
    pub properties: Properties,
}

/// An edge between two ids.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Edge {
    /// The type of the edge.
    #[serde(rename = "type")]
    pub kind: EdgeKind,
    /// The id of the node that it begins at.
    pub from: String,
    /// The id of the node that it ends at.
    pub to: String,
    /// The properties by name.
    pub properties: Properties,
}

/// Nodes and edges to be written to the graph.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// The nodes.
    pub nodes: Vec<Node>,
    /// The edges.
    pub edges: Vec<Edge>,
}

/// Counts by label and by type, in order of name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GraphStats {
    /// Nodes by label.
    pub nodes: Vec<(String, u64)>,
    /// Edges by type.
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
    pub fn with_properties(mut self, properties: Value) -> Self {
        self.properties.extend(non_null_properties(properties));
        self
    }

    /// A property that is a text.
    pub fn text_property(&self, name: &str) -> Option<&str> {
        self.properties.get(name)?.as_str()
    }

    /// A property that is a number.
    pub fn number_property(&self, name: &str) -> Option<f64> {
        self.properties.get(name)?.as_f64()
    }

    /// The texts of a property that is a list of them.
    pub fn text_list_property(&self, name: &str) -> impl Iterator<Item = &str> {
        let items = self.properties.get(name).and_then(Value::as_array);
        items.into_iter().flatten().filter_map(Value::as_str)
    }
}

impl Edge {
    /// An edge without properties.
    pub fn new(kind: EdgeKind, from: &str, to: &str) -> Self {
        Self {
            kind,
            from: from.to_owned(),
            to: to.to_owned(),
            properties: Map::new(),
        }
    }

    /// The edge with the properties of a JSON object; nulls are left out.
    pub fn with_properties(mut self, properties: Value) -> Self {
        self.properties.extend(non_null_properties(properties));
        self
    }
}

impl Facts {
    /// Adds a node.
    pub fn add_node(&mut self, node: Node) {
        self.nodes.push(node);
    }

    /// Adds an edge.
    pub fn add_edge(&mut self, edge: Edge) {
        self.edges.push(edge);
    }

    /// Adds all of `other`.
    pub fn extend(&mut self, other: Self) {
        self.nodes.extend(other.nodes);
        self.edges.extend(other.edges);
    }

    /// Nodes and edges.
    pub fn len(&self) -> usize {
        self.nodes.len() + self.edges.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Each node and edge once, with all that was said of it, in the order of a dump: what a graph holds in which
    /// nothing but these facts was written, in their order. An end of an edge that is no node of them becomes one.
    ///
    /// # Errors
    /// As [`Facts::check_storable`].
    pub fn merge_duplicates(self) -> Result<Self, GraphError> {
        self.check_storable()?;
        let mut nodes: BTreeMap<String, Node> = BTreeMap::new();
        for node in self.nodes {
            match nodes.get_mut(&node.id) {
                Some(known) => unite_properties(&mut known.properties, node.properties),
                None => {
                    nodes.insert(
                        node.id.clone(),
                        Node {
                            properties: sort_sets(node.properties),
                            ..node
                        },
                    );
                }
            }
        }
        let mut edges: BTreeMap<(String, &str, String), Edge> = BTreeMap::new();
        for edge in self.edges {
            for end in [&edge.from, &edge.to] {
                if !nodes.contains_key(end) {
                    nodes.insert(end.clone(), Node::new(Label::of_node_id(end)?, end));
                }
            }
            let key = (edge.from.clone(), edge.kind.name(), edge.to.clone());
            match edges.get_mut(&key) {
                Some(known) => unite_properties(&mut known.properties, edge.properties),
                None => {
                    edges.insert(
                        key,
                        Edge {
                            properties: sort_sets(edge.properties),
                            ..edge
                        },
                    );
                }
            }
        }
        Ok(Self {
            nodes: nodes.into_values().collect(),
            edges: edges.into_values().collect(),
        })
    }

    /// How many there are, by label and type.
    pub fn count_by_kind(&self) -> GraphStats {
        GraphStats {
            nodes: count_names(self.nodes.iter().map(|node| node.label.name())),
            edges: count_names(self.edges.iter().map(|edge| edge.kind.name())),
        }
    }

    /// Whether every store can keep them.
    ///
    /// # Errors
    /// [`GraphError::Id`] and [`GraphError::Property`] for the first that none can.
    pub fn check_storable(&self) -> Result<(), GraphError> {
        for node in &self.nodes {
            if Label::of_node_id(&node.id)? != node.label {
                return Err(GraphError::Id { id: node.id.clone() });
            }
            if node.properties.contains_key("id") {
                return Err(GraphError::Reserved { id: node.id.clone() });
            }
            check_properties(&node.id, &node.properties)?;
        }
        for edge in &self.edges {
            Label::of_node_id(&edge.from)?;
            Label::of_node_id(&edge.to)?;
            check_properties(&edge.from, &edge.properties)?;
        }
        Ok(())
    }
}

/// Counts of names, in their order.
pub(super) fn count_names(names: impl Iterator<Item = &'static str>) -> Vec<(String, u64)> {
    let mut counts = BTreeMap::new();
    for name in names {
        *counts.entry(name.to_owned()).or_insert(0) += 1;
    }
    counts.into_iter().collect()
}

/// Adds properties to those that are there: sets are united, any other is replaced.
pub(super) fn unite_properties(known: &mut Properties, new: Properties) {
    for (name, value) in new {
        match (SETS.contains(&name.as_str()), known.get_mut(&name)) {
            (true, Some(old)) => *old = union_of_sets(&[old, &value]),
            (true, None) => {
                known.insert(name, union_of_sets(&[&value]));
            }
            (false, _) => {
                known.insert(name, value);
            }
        }
    }
    known.retain(|name, value| !SETS.contains(&name.as_str()) || value.as_array().is_some_and(|set| !set.is_empty()));
}

/// The same properties with their sets in order.
pub(super) fn sort_sets(properties: Properties) -> Properties {
    let mut known = Map::new();
    unite_properties(&mut known, properties);
    known
}

fn union_of_sets(sets: &[&Value]) -> Value {
    let texts = sets.iter().filter_map(|set| set.as_array()).flatten();
    let all: BTreeSet<&str> = texts.filter_map(Value::as_str).collect();
    all.into_iter().collect()
}

fn check_properties(id: &str, properties: &Properties) -> Result<(), GraphError> {
    let plain = |value: &Value| match value {
        Value::String(_) | Value::Bool(_) => true,
        Value::Number(number) => number.is_i64() || number.is_f64(),
        _ => false,
    };
    let fits = |name: &str, value: &Value| match value {
        Value::Array(items) if SETS.contains(&name) => items.iter().all(Value::is_string),
        _ if SETS.contains(&name) => false,
        Value::Array(items) => items.iter().all(plain),
        other => plain(other),
    };
    match properties.iter().find(|(name, value)| !fits(name, value)) {
        None => Ok(()),
        Some((name, _)) => Err(GraphError::Property {
            id: id.to_owned(),
            name: name.clone(),
        }),
    }
}

fn non_null_properties(properties: Value) -> impl Iterator<Item = (String, Value)> {
    let object = match properties {
        Value::Object(object) => object,
        _ => Map::new(),
    };
    object.into_iter().filter(|(_, value)| !value.is_null())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(properties: Value) -> GraphError {
        let mut facts = Facts::default();
        facts.add_node(Node::new(Label::Run, "run:1").with_properties(properties));
        facts.merge_duplicates().unwrap_err()
    }

    #[test]
    fn what_a_store_could_not_keep_is_refused() {
        assert!(matches!(refused(json!({ "id": "run:2" })), GraphError::Reserved { .. }));
        for value in [
            json!({ "a": { "b": 1 } }),
            json!({ "a": [[1]] }),
            json!({ "runs": "one" }),
            json!({ "runs": [1] }),
        ] {
            assert!(matches!(refused(value.clone()), GraphError::Property { .. }), "{value}");
        }
        let mut facts = Facts::default();
        facts.add_node(Node::new(Label::Run, "finding:1"));
        assert!(matches!(facts.merge_duplicates(), Err(GraphError::Id { .. })));
    }

    #[test]
    fn what_is_said_twice_is_there_once_with_its_sets_united() {
        let said = [
            json!({ "runs": ["b"], "n": 1, "old": true }),
            json!({ "runs": ["a", "b"], "n": 2, "messages": [] }),
        ];
        let mut facts = Facts::default();
        for properties in said {
            facts.add_node(Node::new(Label::Result, "result:1").with_properties(properties.clone()));
            facts.add_edge(Edge::new(EdgeKind::Supports, "result:1", "hypothesis:1").with_properties(properties));
        }
        let settled = facts.merge_duplicates().unwrap();
        let expected = json!({ "runs": ["a", "b"], "n": 2, "old": true });
        assert_eq!(json!(settled.nodes[1].properties), expected);
        assert_eq!(json!(settled.edges[0].properties), expected);
        assert_eq!((settled.nodes.len(), settled.edges.len()), (2, 1));
        assert_eq!(settled.nodes[0], Node::new(Label::Hypothesis, "hypothesis:1"));
    }
}
