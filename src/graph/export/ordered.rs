//! Facts in the order of a dump.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap, HashSet},
};

use crate::graph::{Edge, Facts, GraphError, Label, Node, facts::unite};

/// Each node and edge once, in order, and no edge without its ends.
pub(in crate::graph) struct Ordered<'f> {
    pub(in crate::graph) nodes: Vec<Cow<'f, Node>>,
    pub(in crate::graph) edges: Vec<Cow<'f, Edge>>,
}

impl<'f> Ordered<'f> {
    /// What a store would give back that was given these facts.
    ///
    /// # Errors
    /// [`GraphError::Id`] for the end of an edge that is no id of ours.
    pub(in crate::graph) fn of(facts: &'f Facts) -> Result<Self, GraphError> {
        let mut nodes: Vec<Cow<'f, Node>> = facts.nodes.iter().map(Cow::Borrowed).collect();
        // Stable, so that later properties are added to earlier ones.
        nodes.sort_by(|a, b| a.id.cmp(&b.id));
        nodes.dedup_by(|later, kept| {
            let same = later.id == kept.id;
            if same {
                unite(&mut kept.to_mut().properties, later.properties.clone());
            }
            same
        });
        let known: HashSet<&str> = facts.nodes.iter().map(|node| &*node.id).collect();
        let ends = facts.edges.iter().flat_map(|edge| [&*edge.from, &*edge.to]);
        let missing: BTreeSet<&str> = ends.filter(|end| !known.contains(end)).collect();
        for id in missing {
            nodes.push(Cow::Owned(Node::new(Label::of(id)?, id)));
        }
        nodes.sort_by(|a, b| a.id.cmp(&b.id));
        let mut edges: Vec<Cow<'f, Edge>> = facts.edges.iter().map(Cow::Borrowed).collect();
        edges.sort_by(|a, b| key(a).cmp(&key(b)));
        edges.dedup_by(|later, kept| {
            let same = key(later) == key(kept);
            if same {
                unite(&mut kept.to_mut().properties, later.properties.clone());
            }
            same
        });
        Ok(Self { nodes, edges })
    }

    /// Where the node of each id is.
    pub(in crate::graph) fn positions(&self) -> HashMap<&str, usize> {
        let positions = self.nodes.iter().enumerate();
        positions.map(|(at, node)| (node.id.as_str(), at)).collect()
    }
}

fn key(edge: &Edge) -> (&str, &str, &str) {
    (&edge.from, edge.kind.name(), &edge.to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Relation;
    use serde_json::json;

    #[test]
    fn what_is_given_twice_is_merged_and_missing_ends_are_made() {
        let mut facts = Facts::default();
        facts.node(Node::new(Label::Run, "run:b").with(json!({ "a": 1, "b": 1, "runs": ["b"] })));
        facts.node(Node::new(Label::Run, "run:a"));
        facts.node(Node::new(Label::Run, "run:b").with(json!({ "b": 2, "runs": ["a"] })));
        for p in [1, 2] {
            facts.edge(Edge::new(Relation::Uses, "run:b", "dataset:x").with(json!({ "p": p })));
        }
        let ordered = Ordered::of(&facts).unwrap();
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
