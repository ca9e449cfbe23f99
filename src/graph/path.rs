//! The shortest way between two nodes.

use std::collections::{BTreeMap, BTreeSet};

use super::{Edge, EdgeKind, GraphStore, Label, Node, QuestionError, Walk, known_variable, questions::find_node};

/// Edges by which everything is near: those of where things come from.
pub const PROVENANCE: [EdgeKind; 5] = [
    EdgeKind::HasVariable,
    EdgeKind::Uses,
    EdgeKind::Asks,
    EdgeKind::SpawnedBy,
    EdgeKind::ProposedBy,
];

/// Edges that one search looks at, at most.
pub const MOST_EDGES: usize = 500_000;

/// Nodes whose edges are asked for at once.
const AT_ONCE: usize = 500;

/// The parameters of a search.
#[derive(Debug, Clone)]
pub struct Search {
    /// Id where it begins.
    pub from: String,
    /// Id where it ends.
    pub to: String,
    /// Edges of the way, at most.
    pub longest: usize,
    /// Types of edges that are not followed.
    pub without: Vec<EdgeKind>,
}

/// The result of a search.
#[derive(Debug, Clone, PartialEq)]
pub enum FoundPath {
    /// A shortest way: nodes from one end to the other, and the edges between them in the same order.
    Path {
        /// The nodes.
        nodes: Vec<Node>,
        /// The edges.
        edges: Vec<Edge>,
    },
    /// There is none of that length or shorter.
    None,
    /// There is none among the first [`MOST_EDGES`] edges.
    GivenUp,
}

/// The id of what a person means: a variable's name, or an id.
///
/// # Errors
/// As [`known_variable`], and those of the store.
pub async fn resolve_end(store: &dyn GraphStore, asked: &str) -> Result<String, QuestionError> {
    if Label::of_node_id(asked).is_ok() && find_node(store, asked).await?.is_some() {
        return Ok(asked.to_owned());
    }
    known_variable(store, asked).await
}

/// Searches from both ends, a step of the end with fewer nodes at a time.
///
/// # Errors
/// Those of the store.
pub async fn find_path(store: &dyn GraphStore, search: &Search) -> Result<FoundPath, QuestionError> {
    if search.from == search.to {
        return load_path(store, vec![search.from.clone()], Vec::new()).await;
    }
    let mut sides = [Side::new(&search.from), Side::new(&search.to)];
    let mut left = MOST_EDGES;
    for _ in 0..search.longest {
        let [a, b] = &mut sides;
        let (near, far) = match a.rim.len() <= b.rim.len() {
            true => (a, b),
            false => (b, a),
        };
        if near.rim.is_empty() {
            return Ok(FoundPath::None);
        }
        let whole = near.grow_frontier(store, &search.without, &mut left).await?;
        // All that both have reached lie on a shortest way.
        if let Some(met) = near.rim.iter().find(|id| far.reached.contains_key(*id)).cloned() {
            let [a, b] = &sides;
            let (mut nodes, mut edges) = a.trail_to_end(&met);
            nodes.reverse();
            edges.reverse();
            let (onwards, more) = b.trail_to_end(&met);
            nodes.extend(onwards.into_iter().skip(1));
            edges.extend(more);
            return load_path(store, nodes, edges).await;
        }
        if !whole {
            return Ok(FoundPath::GivenUp);
        }
    }
    Ok(FoundPath::None)
}

/// The nodes that are reached from one end.
struct Side {
    /// Each node with the edge by which it was reached; the end itself has none.
    reached: BTreeMap<String, Option<Edge>>,
    /// Those that were reached last.
    rim: BTreeSet<String>,
}

impl Side {
    fn new(end: &str) -> Self {
        Self {
            reached: BTreeMap::from([(end.to_owned(), None)]),
            rim: BTreeSet::from([end.to_owned()]),
        }
    }

    /// Goes a step further. Says whether all edges were looked at.
    async fn grow_frontier(
        &mut self,
        store: &dyn GraphStore,
        without: &[EdgeKind],
        left: &mut usize,
    ) -> Result<bool, QuestionError> {
        let rim: Vec<String> = std::mem::take(&mut self.rim).into_iter().collect();
        let mut whole = true;
        for ids in rim.chunks(AT_ONCE) {
            let mut edges = store.around(ids.to_vec(), *left).await?;
            whole = edges.len() < *left;
            *left -= edges.len();
            // So that every store finds the same way.
            edges.sort_by(|a, b| (&a.from, a.kind, &a.to).cmp(&(&b.from, b.kind, &b.to)));
            let here: BTreeSet<&String> = ids.iter().collect();
            for edge in edges.into_iter().filter(|edge| !without.contains(&edge.kind)) {
                for (near, far) in [(&edge.from, &edge.to), (&edge.to, &edge.from)] {
                    if here.contains(near) && !self.reached.contains_key(far) {
                        self.rim.insert(far.clone());
                        self.reached.insert(far.clone(), Some(edge.clone()));
                    }
                }
            }
            if !whole {
                break;
            }
        }
        Ok(whole)
    }

    /// From a node back to the end.
    fn trail_to_end(&self, from: &str) -> (Vec<String>, Vec<Edge>) {
        let (mut nodes, mut edges) = (vec![from.to_owned()], Vec::new());
        let mut at = from.to_owned();
        while let Some(Some(edge)) = self.reached.get(&at) {
            at = match edge.to == at {
                true => edge.from.clone(),
                false => edge.to.clone(),
            };
            nodes.push(at.clone());
            edges.push(edge.clone());
        }
        (nodes, edges)
    }
}

/// The way with all that is known of its nodes.
async fn load_path(store: &dyn GraphStore, ids: Vec<String>, edges: Vec<Edge>) -> Result<FoundPath, QuestionError> {
    let known = store
        .walk(Walk::starting_at(ids.iter().cloned()))
        .await?
        .into_iter()
        .flatten();
    let mut known: BTreeMap<String, Node> = known.map(|node| (node.id.clone(), node)).collect();
    let mut nodes = Vec::new();
    for id in ids {
        nodes.push(match known.remove(&id) {
            Some(node) => node,
            None => Node::new(Label::of_node_id(&id)?, &id),
        });
    }
    Ok(FoundPath::Path { nodes, edges })
}
