//! What version 2 of the schema adds to a graph: an analysis and a relation for each hypothesis.
//!
//! Both follow from the hypothesis's node alone, so that a graph of version 1 becomes what a run of today would have
//! written, and what is added again changes nothing.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{Edge, EdgeKind, Facts, GraphError, GraphStats, GraphStore, Label, Node, Properties, SETS, names};

/// The analysis of a hypothesis and the relation that it is about, or the relation of a finding; nothing for other
/// nodes, and for one that is known only as the end of an edge.
pub fn derive_analysis(node: &Node) -> Facts {
    let mut facts = Facts::default();
    let (Some(claim), Some(x), Some(y)) = (
        names::claim_of_node(&node.id),
        node.text_property("x"),
        node.text_property("y"),
    ) else {
        return facts;
    };
    let origin = origin_of(node);
    let from = match node.label {
        Label::Hypothesis => {
            let analysis = names::analysis_node_id(&claim);
            let property = |name: &str| node.properties.get(name);
            let told = json!({
                "family": property("kind"),
                "exposure": x,
                "outcome": y,
                "given": property("covariates"),
                "moderator": property("by"),
                "event": property("event"),
            });
            facts.add_node(with_origin(Label::Analysis, &analysis, told, &origin));
            facts.add_edge(edge_with_origin(EdgeKind::AnalysedBy, &node.id, &analysis, &origin));
            analysis
        }
        Label::Finding => node.id.clone(),
        _ => return facts,
    };
    let relation = names::relation_node_id([x, y]);
    let mut columns = [x, y].map(|column| column.trim().to_lowercase());
    columns.sort();
    facts.add_node(with_origin(
        Label::Relation,
        &relation,
        json!({ "columns": columns }),
        &origin,
    ));
    facts.add_edge(edge_with_origin(EdgeKind::About, &from, &relation, &origin));
    for column in [x, y] {
        let concept = names::concept_node_id(column);
        facts.add_edge(edge_with_origin(EdgeKind::Mentions, &relation, &concept, &origin));
    }
    facts
}

/// The facts as version 1 of the schema has them: without analyses and relations.
pub fn without_analyses(facts: Facts) -> Facts {
    let is_new = |label: Label| matches!(label, Label::Analysis | Label::Relation);
    let (new, nodes): (Vec<Node>, Vec<Node>) = facts.nodes.into_iter().partition(|node| is_new(node.label));
    let gone: BTreeSet<String> = new.into_iter().map(|node| node.id).collect();
    let is_left = |edge: &Edge| !gone.contains(&edge.from) && !gone.contains(&edge.to);
    Facts {
        nodes,
        edges: facts.edges.into_iter().filter(is_left).collect(),
    }
}

/// Where a node comes from.
fn origin_of(node: &Node) -> Properties {
    let sets = SETS
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), node.properties.get(name)?.clone())));
    sets.collect::<Map<String, Value>>()
}

fn with_origin(label: Label, id: &str, properties: Value, origin: &Properties) -> Node {
    Node::new(label, id)
        .with_properties(properties)
        .with_properties(Value::Object(origin.clone()))
}

fn edge_with_origin(kind: EdgeKind, from: &str, to: &str, origin: &Properties) -> Edge {
    Edge::new(kind, from, to).with_properties(Value::Object(origin.clone()))
}

impl GraphStats {
    /// The version of the schema that the graph is complete in: 1 if a hypothesis has no analysis.
    pub fn schema_version(&self) -> u32 {
        let count = |counts: &[(String, u64)], name: &str| {
            let found = counts.iter().find(|(known, _)| known == name);
            found.map_or(0, |(_, n)| *n)
        };
        let nodes = |label: Label| count(&self.nodes, label.name());
        let edges = |kind: EdgeKind| count(&self.edges, kind.name());
        let analysed = edges(EdgeKind::AnalysedBy) >= nodes(Label::Hypothesis);
        let related = edges(EdgeKind::About) >= nodes(Label::Analysis) + nodes(Label::Finding);
        match analysed && related {
            true => super::VERSION,
            false => super::OLDEST_READ,
        }
    }
}

/// What a graph lacks of the present version; nothing if it is complete.
///
/// # Errors
/// Those of the store.
pub async fn find_upgrade(store: &dyn GraphStore) -> Result<Facts, GraphError> {
    let mut facts = Facts::default();
    if store.stats().await?.schema_version() == super::VERSION {
        return Ok(facts);
    }
    for label in [Label::Hypothesis, Label::Finding] {
        for node in store.list(label, usize::MAX).await? {
            facts.extend(derive_analysis(&node));
        }
    }
    Ok(facts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::science::{ClaimId, CustomProtocol, Hypothesis, HypothesisId, kind};

    /// The id of a claim as version 1 derived it.
    fn claim_of_version_1(hypothesis: &Hypothesis) -> ClaimId {
        let (mut x, mut y) = (hypothesis.x.clone(), hypothesis.y.clone());
        if hypothesis.kind == "numeric_numeric" && y < x {
            std::mem::swap(&mut x, &mut y);
        }
        let mut covariates = hypothesis.covariates.clone();
        covariates.sort();
        let custom = hypothesis.analysis.as_ref().map(|custom| {
            let mut columns = custom.columns.clone();
            columns.sort();
            json!([columns, custom.effect])
        });
        let claim = json!([
            hypothesis.kind,
            x,
            y,
            covariates,
            hypothesis.by,
            hypothesis.event,
            custom
        ]);
        ClaimId::derive(claim.to_string())
    }

    fn column() -> impl Strategy<Value = String> {
        "[a-c \u{e9}\"]{1,3}"
    }

    fn any_hypothesis() -> impl Strategy<Value = Hypothesis> {
        let kinds = vec![
            kind::NUMERIC_NUMERIC,
            kind::GROUP_NUMERIC,
            kind::CATEGORICAL_CATEGORICAL,
            kind::NUMERIC_BINARY,
            kind::PAIRED,
            kind::SURVIVAL,
            kind::ADJUSTED,
            kind::STRATIFIED,
            kind::INTERACTION,
            kind::DOSE_RESPONSE,
            kind::CUSTOM,
        ];
        let others = proptest::collection::vec(column(), 0..4);
        let maybe = || proptest::option::of(column());
        (
            proptest::sample::select(kinds),
            [column(), column()],
            others,
            maybe(),
            maybe(),
            any::<bool>(),
        )
            .prop_map(|(kind, [x, y], covariates, by, event, confirm)| {
                let custom = (kind == kind::CUSTOM).then(|| CustomProtocol {
                    columns: vec![y.clone(), x.clone()],
                    method: "m".to_owned(),
                    effect: "slope".to_owned(),
                    family: None,
                    claim: Some("c".to_owned()),
                });
                serde_json::from_value(json!({
                    "id": HypothesisId::unnamed(), "dataset": "d", "arm": "observed", "kind": kind, "x": x, "y": y,
                    "covariates": covariates, "by": by, "event": event, "analysis": custom,
                    "part": if confirm { "confirm" } else { "whole" }, "statement": "s", "predicted": null,
                    "parent": null, "rationale": "", "weight": 1.0, "tier": "follow_up",
                    "scores": {"relevance": 0.8, "information": 1.0, "novelty": 1.0, "testability": 1.0},
                }))
                .unwrap()
            })
    }

    fn node_of(hypothesis: &Hypothesis) -> Node {
        let id = names::hypothesis_node_id(&hypothesis.derive_claim_id());
        Node::new(Label::Hypothesis, &id).with_properties(json!({
            "kind": hypothesis.kind, "x": hypothesis.x, "y": hypothesis.y, "covariates": hypothesis.covariates,
            "by": hypothesis.by, "event": hypothesis.event, "runs": ["r"], "messages": ["m"],
        }))
    }

    proptest! {
        /// So that projects remember what was settled, and the rate that was spent on it.
        #[test]
        fn a_claim_of_version_1_keeps_its_id_as_the_simplest_analysis(hypothesis in any_hypothesis()) {
            let claim = claim_of_version_1(&hypothesis);
            prop_assert_eq!(&hypothesis.derive_claim_id(), &claim);
            let facts = derive_analysis(&node_of(&hypothesis));
            let analysis = facts.nodes.iter().find(|node| node.label == Label::Analysis).unwrap();
            prop_assert_eq!(names::claim_of_node(&analysis.id), Some(claim));
            prop_assert_eq!(analysis.text_property("family"), Some(hypothesis.kind.as_str()));
        }

        #[test]
        fn a_relation_is_the_same_whichever_column_comes_first(x in column(), y in column()) {
            let (there, back) = ([x.as_str(), y.as_str()], [y.as_str(), x.as_str()]);
            prop_assert_eq!(names::relation_node_id(there), names::relation_node_id(back));
        }
    }

    #[test]
    fn what_is_added_is_complete_and_has_the_origin_of_the_hypothesis() {
        let mut graph = Facts::default();
        graph.add_node(
            Node::new(Label::Hypothesis, "hypothesis:c-0123456789abcdef").with_properties(json!({
                "kind": "adjusted", "x": "Age", "y": "days", "covariates": ["ward"], "runs": ["r1", "r2"],
            })),
        );
        graph.add_node(
            Node::new(Label::Finding, "finding:c-0123456789abcdef:0011").with_properties(json!({
                "x": "Age", "y": "days", "runs": ["r2"], "experiments": ["e-1"],
            })),
        );
        // Known only as the parent of another.
        graph.add_node(Node::new(Label::Hypothesis, "hypothesis:c-fedcba9876543210"));
        assert_eq!(graph.count_by_kind().schema_version(), 1);
        let mut added = Facts::default();
        for node in &graph.nodes {
            added.extend(derive_analysis(node));
        }
        graph.nodes.pop();
        graph.extend(added);
        let graph = graph.merge_duplicates().unwrap();
        assert_eq!(graph.count_by_kind().schema_version(), 2);
        let node = |label: Label| graph.nodes.iter().find(|node| node.label == label).unwrap();
        let analysis = json!(node(Label::Analysis).properties);
        let expected = json!({
            "family": "adjusted", "exposure": "Age", "outcome": "days", "given": ["ward"], "runs": ["r1", "r2"],
        });
        assert_eq!(analysis, expected);
        let relation = json!(node(Label::Relation).properties);
        let expected = json!({ "columns": ["age", "days"], "runs": ["r1", "r2"], "experiments": ["e-1"] });
        assert_eq!(relation, expected);
        let about = graph.edges.iter().filter(|edge| edge.kind == EdgeKind::About);
        let about: Vec<&str> = about.map(|edge| edge.from.as_str()).collect();
        assert_eq!(
            about,
            ["analysis:c-0123456789abcdef", "finding:c-0123456789abcdef:0011"]
        );
        assert!(graph.check_storable().is_ok());
    }
}
