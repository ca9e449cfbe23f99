//! What is exported as JSON-LD can be imported again.

use std::collections::BTreeMap;

use kosmos::graph::{Edge, EdgeKind, Facts, Format, ImportError, Label, Node, export_graph, import_jsonld};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::samples::{TEXTS, hostile, penguins};

fn exported(facts: &Facts) -> Vec<u8> {
    let mut out = Vec::new();
    export_graph(facts, Format::Jsonld, &mut out).unwrap();
    out
}

/// What a store would give back: each node and edge once, in order, the ends of edges too.
fn normal(facts: &Facts) -> Facts {
    let mut nodes: BTreeMap<String, Node> = BTreeMap::new();
    for node in &facts.nodes {
        let kept = nodes
            .entry(node.id.clone())
            .or_insert_with(|| Node::new(node.label, &node.id));
        kept.properties.extend(node.properties.clone());
    }
    let mut edges: BTreeMap<_, Edge> = BTreeMap::new();
    for edge in &facts.edges {
        for end in [&edge.from, &edge.to] {
            nodes
                .entry(end.clone())
                .or_insert_with(|| Node::new(Label::of_node_id(end).unwrap(), end));
        }
        let key = (edge.from.clone(), edge.kind.name(), edge.to.clone());
        let kept = edges
            .entry(key)
            .or_insert_with(|| Edge::new(edge.kind, &edge.from, &edge.to));
        kept.properties.extend(edge.properties.clone());
    }
    Facts {
        nodes: nodes.into_values().collect(),
        edges: edges.into_values().collect(),
    }
}

/// Equal to the last bit: as values, -0.0 and 0.0 are equal, and as texts they are not.
fn assert_same(found: &Facts, expected: &Facts) {
    assert!(found == expected, "{found:?}\n{expected:?}");
    assert_eq!(json!(found).to_string(), json!(expected).to_string());
}

#[test]
fn samples_come_back_as_they_were() {
    for mut facts in [penguins(), hostile(), Facts::default()] {
        // Loops are no facts of Kosmos and are refused.
        facts.edges.retain(|edge| edge.from != edge.to);
        assert_same(
            &import_jsonld(&mut exported(&facts).as_slice()).unwrap(),
            &normal(&facts),
        );
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        proptest::sample::select(TEXTS.to_vec()).prop_map(str::to_owned),
        "[\\x00-\\x7f]{0,12}",
    ]
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        text().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(0)].prop_map(Value::from),
        any::<f64>()
            .prop_filter("JSON has no others", |float| float.is_finite())
            .prop_map(Value::from),
        prop_oneof![Just(-0.0), Just(0.0), Just(f64::MAX), Just(5e-324)].prop_map(Value::from),
    ]
}

fn properties() -> impl Strategy<Value = Map<String, Value>> {
    let value = prop_oneof![3 => scalar(), 1 => proptest::collection::vec(scalar(), 0..4).prop_map(Value::from)];
    proptest::collection::btree_map(text(), value, 0..5).prop_map(|all| all.into_iter().collect())
}

fn id() -> impl Strategy<Value = (Label, String)> {
    (proptest::sample::select(Label::ALL.to_vec()), text())
        .prop_map(|(label, content)| (label, format!("{}:{content}", label.name().to_lowercase())))
}

/// Any that a store keeps, in any order, some of them twice and some edges without their ends.
fn facts() -> impl Strategy<Value = Facts> {
    let ids = proptest::collection::vec(id(), 1..8);
    ids.prop_flat_map(|ids| {
        let one = proptest::sample::select(ids);
        let node = (one.clone(), properties()).prop_map(|((label, id), properties)| Node { label, id, properties });
        let kinds = proptest::sample::select(EdgeKind::ALL.to_vec());
        let edge = (one.clone(), kinds, one, properties()).prop_map(|((_, from), kind, (_, to), properties)| Edge {
            kind,
            from,
            to,
            properties,
        });
        (
            proptest::collection::vec(node, 0..8),
            proptest::collection::vec(edge, 0..8),
        )
    })
    .prop_map(|(nodes, mut edges)| {
        // No edge of the graph is one.
        edges.retain(|edge| edge.from != edge.to);
        Facts { nodes, edges }
    })
}

proptest! {
    #[test]
    fn any_facts_come_back_as_they_were(facts in facts()) {
        prop_assert!(facts.check_storable().is_ok());
        let document = exported(&facts);
        let found = import_jsonld(&mut document.as_slice()).unwrap();
        assert_same(&found, &normal(&facts));
        prop_assert_eq!(exported(&found), document);
    }

    #[test]
    fn no_document_that_was_cut_is_taken_for_a_whole_one(facts in facts(), cut in any::<proptest::sample::Index>()) {
        let document = exported(&facts);
        // The line end after the last brace is no loss.
        let cut = cut.index(document.len() - 1);
        let refused = import_jsonld(&mut &document[..cut]).unwrap_err();
        prop_assert!(matches!(refused, ImportError::Json(_)), "{}", refused);
    }
}

/// A document of one edge, in which a text is replaced by another.
fn changed(old: &str, new: &str) -> Result<Facts, ImportError> {
    let mut facts = Facts::default();
    facts.add_node(Node::new(Label::Run, "run:1").with_properties(json!({ "n": 1, "p": 0.5, "names": ["a"] })));
    facts.add_edge(Edge::new(EdgeKind::Uses, "run:1", "dataset:1").with_properties(json!({ "at": "x" })));
    let document = String::from_utf8(exported(&facts)).unwrap();
    assert!(document.contains(old), "{old}: {document}");
    import_jsonld(&mut document.replace(old, new).as_bytes())
}

#[test]
fn what_is_not_of_our_form_is_refused_by_its_name() {
    type Check = fn(&ImportError) -> bool;
    let run = "urn:kosmos:node:run:1";
    let cases: [(&str, &str, &str, Check); 23] = [
        ("schema:1:\"", "schema:2:\"", "version 2", |error| {
            matches!(error, ImportError::Newer { found: 2, known: 1 })
        }),
        (
            "urn:kosmos:schema:1:\"",
            "https://schema.org/\"",
            "no schema",
            |error| matches!(error, ImportError::Foreign(_)),
        ),
        ("schema:1:property:", "schema:1:", "another name", |error| {
            matches!(error, ImportError::Foreign(_))
        }),
        ("\"@context\"", "\"@graph\"", "come first", |error| {
            matches!(error, ImportError::Foreign(_))
        }),
        ("\"@graph\"", "\"@included\"", "more than", |error| {
            matches!(error, ImportError::Foreign(_))
        }),
        ("kosmos:Run", "kosmos:Robot", "`Robot`", |error| {
            matches!(error, ImportError::Label { .. })
        }),
        ("kosmos:Run", "kosmos:Agent", run, |error| {
            matches!(error, ImportError::Id { .. })
        }),
        ("kosmos:Run", "Run", "@type", |error| {
            matches!(error, ImportError::Member { .. })
        }),
        ("kosmos:USES", "kosmos:EATS", "`EATS`", |error| {
            matches!(error, ImportError::Relation { .. })
        }),
        ("schema:1:USES", "schema:1:EATS", "`EATS`", |error| {
            matches!(error, ImportError::Relation { .. })
        }),
        ("node:run:1", "node:run%1", "run%1", |error| {
            matches!(error, ImportError::Id { .. })
        }),
        (
            "[{\"@id\":\"urn:kosmos:node:dataset:1\"}]",
            "[{\"@id\":\"urn:kosmos:node:pizza:1\"}]",
            "kosmos:USES",
            |error| matches!(error, ImportError::Member { .. }),
        ),
        ("\"property:n\"", "\"note\"", "`note`", |error| {
            matches!(error, ImportError::Member { .. })
        }),
        ("\"1\"", "\"1.5\"", "property:n", |error| {
            matches!(error, ImportError::Member { .. })
        }),
        ("\"0.5\"", "\"NaN\"", "property:p", |error| {
            matches!(error, ImportError::Member { .. })
        }),
        ("[\"a\"]", "[[\"a\"]]", "property:names", |error| {
            matches!(error, ImportError::Member { .. })
        }),
        (
            "\"kosmos:USES\":[{\"@id\":\"urn:kosmos:node:dataset:1\"}],",
            "",
            "edge:run:1/USES",
            |error| matches!(error, ImportError::NoEdge { .. }),
        ),
        (
            "[{\"@id\":\"urn:kosmos:node:dataset:1\"}]",
            "[{\"@id\":\"urn:kosmos:node:dataset:1\"},{\"@id\":\"urn:kosmos:node:dataset:2\"}]",
            "urn:kosmos:node:dataset:2",
            |error| matches!(error, ImportError::NoEnd { .. }),
        ),
        (
            "[{\"@id\":\"urn:kosmos:node:dataset:1\"}]",
            "[{\"@id\":\"urn:kosmos:node:dataset:1\"},{\"@id\":\"urn:kosmos:node:run:1\"}]",
            "edge:run:1/USES/run:1",
            |error| matches!(error, ImportError::Loop { .. }),
        ),
        ("property:names", "property:id", "property:id", |error| {
            matches!(error, ImportError::Member { .. })
        }),
        ("property:p\"", "property:runs\"", "property:runs", |error| {
            matches!(error, ImportError::Member { .. })
        }),
        ("edge:run:1/USES", "edge:run:2/USES", "edge:run:2", |error| {
            matches!(error, ImportError::Id { .. })
        }),
        (
            "node:dataset:1\",\"@type\"",
            "node:run:1\",\"@type\"",
            "urn:kosmos:node:run:1",
            |error| matches!(error, ImportError::Id { .. }),
        ),
    ];
    for (old, new, named, check) in cases {
        let refused = changed(old, new).unwrap_err();
        assert!(check(&refused), "{old} to {new}: {refused:?}");
        assert!(refused.to_string().contains(named), "{old} to {new}: {refused}");
    }
}

#[test]
fn what_is_there_twice_is_refused() {
    let facts = penguins();
    let document = String::from_utf8(exported(&facts)).unwrap();
    let line = document.lines().nth(1).unwrap();
    let line = line
        .split_once("\"@graph\":[")
        .map_or(line, |(_, rest)| rest)
        .to_owned();
    let line = if line.is_empty() {
        document.lines().nth(2).unwrap().to_owned()
    } else {
        line
    };
    let twice = document.replacen(&line, &format!("{line}\n{line}"), 1);
    let refused = import_jsonld(&mut twice.as_bytes()).unwrap_err();
    assert!(
        matches!(&refused, ImportError::Twice { id } if id.starts_with("urn:kosmos:node:")),
        "{refused:?}"
    );
}

#[test]
fn what_is_no_document_is_refused() {
    for (text, json) in [
        ("", true),
        ("{", true),
        ("[]", false),
        ("{}", false),
        ("{\"nodes\": []}", false),
        ("7", false),
    ] {
        let refused = import_jsonld(&mut text.as_bytes()).unwrap_err();
        assert_eq!(matches!(refused, ImportError::Json(_)), json, "{text}: {refused:?}");
        assert_eq!(matches!(refused, ImportError::Foreign(_)), !json, "{text}: {refused:?}");
    }
}

#[test]
fn members_may_come_in_another_order_and_form() {
    let facts = penguins();
    let mut document: Value = serde_json::from_slice(&exported(&facts)).unwrap();
    document["@graph"].as_array_mut().unwrap().reverse();
    let pretty = serde_json::to_vec_pretty(&document).unwrap();
    assert_same(&import_jsonld(&mut pretty.as_slice()).unwrap(), &normal(&facts));
}
