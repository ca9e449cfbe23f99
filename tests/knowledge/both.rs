//! What both stores promise.

use std::sync::Arc;

use kosmos::graph::{Edge, EmbeddedGraph, Facts, GraphError, GraphStore, Label, Neo4jGraph, Node, Relation};
use serde_json::{Value, json};

use super::server::Server;

/// An empty graph, and what keeps it.
struct Stage {
    store: Arc<dyn GraphStore>,
    _folder: tempfile::TempDir,
}

impl Stage {
    fn embedded() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            store: Arc::new(EmbeddedGraph::open(folder.path()).unwrap()),
            _folder: folder,
        }
    }

    async fn server(test: &str) -> Option<Self> {
        let server = Server::with_database(test)?;
        let store = Neo4jGraph::connect(server.options).await.unwrap();
        let found = store.dump().await.unwrap();
        assert!(
            found.nodes.is_empty(),
            "the tests' database must hold nothing of Kosmos"
        );
        Some(Self {
            store: Arc::new(store),
            _folder: tempfile::tempdir().unwrap(),
        })
    }
}

macro_rules! in_both {
    ($($test:ident),* $(,)?) => {
        mod embedded {
            $(#[tokio::test]
            async fn $test() {
                super::$test(&super::Stage::embedded().store).await;
            })*
        }
        mod server {
            $(#[tokio::test]
            async fn $test() {
                if let Some(stage) = super::Stage::server(stringify!($test)).await {
                    super::$test(&stage.store).await;
                    stage.store.clear().await.unwrap();
                    assert_eq!(stage.store.dump().await.unwrap(), super::Facts::default());
                }
            })*
        }
    };
}

in_both!(
    what_is_written_is_read_again,
    written_twice_it_is_there_once,
    later_properties_are_added_to_earlier_ones,
    an_edge_may_come_before_its_ends,
    eight_writers_at_once_leave_what_one_would,
    hostile_text_is_data,
    what_no_property_can_be_is_refused,
    it_counts_by_label_and_type,
);

/// As a dump gives it.
fn sorted(mut facts: Facts) -> Facts {
    facts.nodes.sort_by(|a, b| a.id.cmp(&b.id));
    facts
        .edges
        .sort_by(|a, b| (&a.from, a.kind.name(), &a.to).cmp(&(&b.from, b.kind.name(), &b.to)));
    facts
}

/// A node of each label, an edge of each type.
fn everything() -> Facts {
    let mut facts = Facts::default();
    for (n, label) in Label::ALL.into_iter().enumerate() {
        let properties = json!({
            "name": format!("the {n}th"), "count": n, "share": n as f64 / 7.0, "whole": 3.0, "tiny": 1e-300, "negative": -5,
            "holds": n % 2 == 0, "caveats": ["one", "two"], "empty": "", "nothing": null, "run": "r1", "message": "m1",
        });
        facts.node(Node::new(label, &id(label, "1")).with(properties));
    }
    for (n, kind) in Relation::ALL.into_iter().enumerate() {
        let ends = [Label::ALL[n % 11], Label::ALL[(n * 3 + 1) % 11]];
        let properties = json!({ "p": 0.01 * n as f64, "n": n, "run": "r1", "message": "m1" });
        facts.edge(Edge::new(kind, &id(ends[0], "1"), &id(ends[1], "1")).with(properties));
    }
    facts
}

fn id(label: Label, content: &str) -> String {
    format!("{}:{content}", label.name().to_lowercase())
}

async fn what_is_written_is_read_again(store: &Arc<dyn GraphStore>) {
    store.merge(everything()).await.unwrap();
    assert_eq!(store.dump().await.unwrap(), sorted(everything()));
}

async fn written_twice_it_is_there_once(store: &Arc<dyn GraphStore>) {
    for _ in 0..2 {
        store.merge(everything()).await.unwrap();
    }
    assert_eq!(store.dump().await.unwrap(), sorted(everything()));
}

async fn later_properties_are_added_to_earlier_ones(store: &Arc<dyn GraphStore>) {
    let (a, b) = (id(Label::Run, "a"), id(Label::Dataset, "b"));
    for properties in [json!({"name": "old", "kept": 1}), json!({"name": "new", "added": true})] {
        let mut facts = Facts::default();
        facts.node(Node::new(Label::Run, &a).with(properties.clone()));
        facts.edge(Edge::new(Relation::Uses, &a, &b).with(properties));
        store.merge(facts).await.unwrap();
    }
    let dump = store.dump().await.unwrap();
    let expected = json!({"name": "new", "kept": 1, "added": true});
    let run = dump.nodes.iter().find(|node| node.id == a).unwrap();
    assert_eq!(Value::Object(run.properties.clone()), expected);
    assert_eq!(Value::Object(dump.edges[0].properties.clone()), expected);
}

async fn an_edge_may_come_before_its_ends(store: &Arc<dyn GraphStore>) {
    let facts = everything();
    let (nodes, edges) = (facts.nodes, facts.edges);
    store
        .merge(Facts {
            nodes: Vec::new(),
            edges,
        })
        .await
        .unwrap();
    store
        .merge(Facts {
            nodes,
            edges: Vec::new(),
        })
        .await
        .unwrap();
    assert_eq!(store.dump().await.unwrap(), sorted(everything()));
}

/// The facts of one of eight: what is between neighbours is written by both.
fn share(writer: usize) -> Facts {
    let mut facts = Facts::default();
    for n in 0..60 {
        let variable = |n: usize| id(Label::Variable, &(n % 40).to_string());
        let hypothesis = id(Label::Hypothesis, &(writer * 30 + n).to_string());
        facts.node(Node::new(Label::Variable, &variable(n)).with(json!({ "name": format!("column {}", n % 40) })));
        facts.node(Node::new(Label::Hypothesis, &hypothesis).with(json!({ "cycle": 1 })));
        facts.edge(Edge::new(Relation::Mentions, &hypothesis, &variable(writer * 30 + n)).with(json!({ "run": "r" })));
    }
    facts
}

async fn eight_writers_at_once_leave_what_one_would(store: &Arc<dyn GraphStore>) {
    let writers = (0..8).map(|writer| {
        let store = Arc::clone(store);
        tokio::spawn(async move { store.merge(share(writer)).await })
    });
    for written in futures::future::join_all(writers).await {
        written.unwrap().unwrap();
    }
    let alone = Stage::embedded();
    for writer in 0..8 {
        alone.store.merge(share(writer)).await.unwrap();
    }
    assert_eq!(store.dump().await.unwrap(), alone.store.dump().await.unwrap());
}

async fn hostile_text_is_data(store: &Arc<dyn GraphStore>) {
    let texts = [
        "it's \"quoted\" and `ticked`",
        "'}) DETACH DELETE n //",
        "$rows \\u0000 ${jndi:ldap://x} {{ x }}",
        "\u{1F427} \u{202E}backwards \u{0}nul\n\r\t",
        "\u{FFFD}\u{10FFFF}",
        &"megabyte ".repeat(120_000),
    ];
    let mut facts = Facts::default();
    for (n, text) in texts.iter().enumerate() {
        let own = id(
            Label::Concept,
            &format!("{n} {}", text.chars().take(40).collect::<String>()),
        );
        facts.node(Node::new(Label::Concept, &own).with(json!({ "name": text, "names": [text, "b"] })));
        facts.edge(Edge::new(Relation::Mentions, "paper:1", &own).with(json!({ "words": text })));
    }
    store.merge(facts.clone()).await.unwrap();
    facts.node(Node::new(Label::Paper, "paper:1"));
    assert_eq!(store.dump().await.unwrap(), sorted(facts));
}

async fn what_no_property_can_be_is_refused(store: &Arc<dyn GraphStore>) {
    for value in [json!({"a": 1}), json!([[1]]), json!([null])] {
        let mut facts = Facts::default();
        facts.node(Node::new(Label::Run, "run:1").with(json!({ "fine": 1 })));
        facts.node(Node::new(Label::Run, "run:2").with(json!({ "deep": value })));
        let refused = store.merge(facts).await.unwrap_err();
        assert!(
            matches!(&refused, GraphError::Property { id, name } if id == "run:2" && name == "deep"),
            "{refused}"
        );
    }
    let mut facts = Facts::default();
    facts.edge(Edge::new(Relation::Uses, "run:1", "nobody's"));
    let refused = store.merge(facts).await.unwrap_err();
    assert!(
        matches!(&refused, GraphError::Id { id } if id == "nobody's"),
        "{refused}"
    );
    assert_eq!(store.dump().await.unwrap(), Facts::default(), "all or nothing");
}

async fn it_counts_by_label_and_type(store: &Arc<dyn GraphStore>) {
    store.merge(share(0)).await.unwrap();
    let stats = store.stats().await.unwrap();
    assert_eq!(
        stats.nodes,
        [("Hypothesis".to_owned(), 60), ("Variable".to_owned(), 40)]
    );
    assert_eq!(stats.edges, [("MENTIONS".to_owned(), 60)]);
}
