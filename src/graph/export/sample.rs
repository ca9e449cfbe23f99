//! The part of a graph that a page can show.

use super::Ordered;
use crate::graph::Label;

/// Nodes and edges that a browser moves without a stutter.
pub const NODES: usize = 2000;
const EDGES: usize = 8000;
/// Of these each label has its part before the first take the rest.
const SHARE: usize = NODES / 5;

/// Labels, the most informative first.
const RANKED: [Label; 13] = [
    Label::Question,
    Label::Finding,
    Label::Concept,
    Label::Dataset,
    Label::Run,
    Label::Relation,
    Label::Hypothesis,
    Label::Analysis,
    Label::Agent,
    Label::Paper,
    Label::Variable,
    Label::Experiment,
    Label::Result,
];

/// Indices of nodes and edges, in order.
pub struct Sample {
    pub nodes: Vec<usize>,
    /// With the places of their ends among `nodes`.
    pub edges: Vec<(usize, [usize; 2])>,
}

/// Everything, or else of each label the nodes with most edges, and the edges between them.
pub fn sample_graph(graph: &Ordered<'_>) -> Sample {
    let positions = graph.node_positions();
    let position = |id: &str| positions.get(id).copied();
    let ends: Vec<Option<[usize; 2]>> = graph
        .edges
        .iter()
        .map(|edge| Some([position(&edge.from)?, position(&edge.to)?]))
        .collect();
    let nodes = choose_nodes(graph, &ends);
    let mut places = vec![None; graph.nodes.len()];
    for (place, &node) in nodes.iter().enumerate() {
        if let Some(slot) = places.get_mut(node) {
            *slot = Some(place);
        }
    }
    let place = |node: usize| places.get(node).copied().flatten();
    let inside = ends.iter().enumerate().filter_map(|(at, ends)| {
        let [from, to] = (*ends)?;
        Some((at, [place(from)?, place(to)?]))
    });
    Sample {
        edges: inside.take(EDGES).collect(),
        nodes,
    }
}

fn choose_nodes(graph: &Ordered<'_>, ends: &[Option<[usize; 2]>]) -> Vec<usize> {
    if graph.nodes.len() <= NODES {
        return (0..graph.nodes.len()).collect();
    }
    let mut degrees = vec![0_usize; graph.nodes.len()];
    for &end in ends.iter().flatten().flatten() {
        if let Some(degree) = degrees.get_mut(end) {
            *degree += 1;
        }
    }
    let mut first = Vec::new();
    let mut rest = Vec::new();
    for label in RANKED {
        let of_label = graph.nodes.iter().enumerate().filter(|(_, node)| node.label == label);
        let mut of_label: Vec<usize> = of_label.map(|(at, _)| at).collect();
        of_label.sort_by_key(|&at| std::cmp::Reverse(degrees.get(at).copied()));
        let (share, more) = of_label.split_at(SHARE.min(of_label.len()));
        first.extend_from_slice(share);
        rest.extend_from_slice(more);
    }
    // Eleven shares may already be too many.
    first.extend(rest);
    first.truncate(NODES);
    first.sort_unstable();
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Edge, EdgeKind, Facts, Node};

    #[test]
    fn what_says_most_is_kept_of_a_large_graph() {
        let mut facts = Facts::default();
        for n in 0..5000 {
            let result = format!("result:{n}");
            facts.add_node(Node::new(Label::Result, &result));
            facts.add_node(Node::new(Label::Variable, &format!("variable:{n}")));
            if n % 10 == 0 {
                facts.add_edge(Edge::new(
                    EdgeKind::DerivedFrom,
                    &format!("finding:{}", n % 50),
                    &result,
                ));
            }
        }
        let ordered = Ordered::from_facts(&facts).unwrap();
        let sample = sample_graph(&ordered);
        assert_eq!(sample.nodes.len(), NODES);
        let of = |label| {
            sample
                .nodes
                .iter()
                .filter(|&&at| ordered.nodes[at].label == label)
                .count()
        };
        assert_eq!(of(Label::Finding), 5);
        assert_eq!(of(Label::Result), SHARE);
        assert_eq!(sample.edges.len(), SHARE, "the results with edges come first");
        for (at, ends) in &sample.edges {
            let [from, to] = ends.map(|place| ordered.nodes[sample.nodes[place]].id.clone());
            assert_eq!((&from, &to), (&ordered.edges[*at].from, &ordered.edges[*at].to));
        }
    }
}
