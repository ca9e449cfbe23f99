//! Facts in the order of a dump.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap, HashSet},
};

use crate::graph::{Edge, Facts, GraphError, Label, Node, facts::unite_properties};

/// Each node and edge once, in order, and no edge without its ends.
pub(in crate::graph) struct Ordered<'f> {
    pub(in crate::graph) nodes: Vec<Cow<'f, Node>>,
    pub(in crate::graph) edges: Vec<Cow<'f, Edge>>,
}

impl<'f> Ordered<'f> {
    /// Puts facts into the order in which a store gives them back.
    ///
    /// # Errors
    /// [`GraphError::Id`] for the end of an edge that is no id of ours.
    pub(in crate::graph) fn from_facts(facts: &'f Facts) -> Result<Self, GraphError> {
        let mut nodes: Vec<Cow<'f, Node>> = facts.nodes.iter().map(Cow::Borrowed).collect();
        // Stable, so that later properties are added to earlier ones.
        nodes.sort_by(|a, b| a.id.cmp(&b.id));
        nodes.dedup_by(|later, kept| {
            let same = later.id == kept.id;
            if same {
                unite_properties(&mut kept.to_mut().properties, later.properties.clone());
            }
            same
        });
        let known: HashSet<&str> = facts.nodes.iter().map(|node| &*node.id).collect();
        let ends = facts.edges.iter().flat_map(|edge| [&*edge.from, &*edge.to]);
        let missing: BTreeSet<&str> = ends.filter(|end| !known.contains(end)).collect();
        for id in missing {
            nodes.push(Cow::Owned(Node::new(Label::of_node_id(id)?, id)));
        }
        nodes.sort_by(|a, b| a.id.cmp(&b.id));
        let mut edges: Vec<Cow<'f, Edge>> = facts.edges.iter().map(Cow::Borrowed).collect();
        edges.sort_by(|a, b| edge_order_key(a).cmp(&edge_order_key(b)));
        edges.dedup_by(|later, kept| {
            let same = edge_order_key(later) == edge_order_key(kept);
            if same {
                unite_properties(&mut kept.to_mut().properties, later.properties.clone());
            }
            same
        });
        Ok(Self { nodes, edges })
    }

    /// Where the node of each id is.
    pub(in crate::graph) fn node_positions(&self) -> HashMap<&str, usize> {
        let positions = self.nodes.iter().enumerate();
        positions.map(|(at, node)| (node.id.as_str(), at)).collect()
    }
}

fn edge_order_key(edge: &Edge) -> (&str, &str, &str) {
    (&edge.from, edge.kind.name(), &edge.to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::EdgeKind;
    use serde_json::json;

    #[test]
    fn what_is_given_twice_is_merged_and_missing_ends_are_made() {
        let mut facts = Facts::default();
        facts.add_node(Node::new(Label::Run, "run:b").with_properties(json!({ "a": 1, "b": 1, "runs": ["b"] })));
        facts.add_node(Node::new(Label::Run, "run:a"));
        facts.add_node(Node::new(Label::Run, "run:b").with_properties(json!({ "b": 2, "runs": ["a"] })));
        for p in [1, 2] {
            facts.add_edge(Edge::new(EdgeKind::Uses, "run:b", "dataset:x").with_properties(json!({ "p": p })));
        }
        let ordered = Ordered::from_facts(&facts).unwrap();
        let ids: Vec<_> = ordered.nodes.iter().map(|node| node.id.as_str()).collect();
        assert_eq!(ids, ["dataset:x", "run:a", "run:b"]);
        assert_eq!(
            ordered.nodes[2].properties,
            *json!({ "a": 1, "b": 2, "runs": ["a", "b"] }).as_object().unwrap()
        );
        assert_eq!(ordered.edges.len(), 1);
        assert_eq!(ordered.edges[0].properties["p"], 2);
    }
}
