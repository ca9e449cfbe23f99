//! What both stores promise.

use std::sync::Arc;

use kosmos::graph::{Edge, EdgeKind, EmbeddedGraph, Facts, GraphError, GraphStore, Label, MOST_TRAILS, Node, Walk};
use serde_json::{Value, json};

use super::lab::open_store;
use kosmos_testing::bolt_server::BoltServer;

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
        let server = BoltServer::with_database(test)?;
        let store = open_store(&server).await;
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
    sets_are_united_and_all_else_is_replaced,
    a_walk_gives_its_best_trails_in_order,
    a_walk_without_steps_gives_the_nodes_themselves,
    edges_around_nodes_go_both_ways,
    nodes_are_listed_in_order_of_id,
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
        facts.add_node(Node::new(label, &id(label, "1")).with_properties(properties));
    }
    for (n, kind) in EdgeKind::ALL.into_iter().enumerate() {
        let labels = Label::ALL;
        let ends = [labels[n % labels.len()], labels[(n * 3 + 1) % labels.len()]];
        let properties = json!({ "p": 0.01 * n as f64, "n": n, "run": "r1", "message": "m1" });
        facts.add_edge(Edge::new(kind, &id(ends[0], "1"), &id(ends[1], "1")).with_properties(properties));
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
        facts.add_node(Node::new(Label::Run, &a).with_properties(properties.clone()));
        facts.add_edge(Edge::new(EdgeKind::Uses, &a, &b).with_properties(properties));
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
        facts.add_node(
            Node::new(Label::Variable, &variable(n)).with_properties(json!({ "name": format!("column {}", n % 40) })),
        );
        facts.add_node(Node::new(Label::Hypothesis, &hypothesis).with_properties(json!({ "cycle": 1 })));
        facts.add_edge(
            Edge::new(EdgeKind::Mentions, &hypothesis, &variable(writer * 30 + n))
                .with_properties(json!({ "run": "r" })),
        );
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
        facts.add_node(Node::new(Label::Concept, &own).with_properties(json!({ "name": text, "names": [text, "b"] })));
        facts.add_edge(Edge::new(EdgeKind::Mentions, "paper:1", &own).with_properties(json!({ "words": text })));
    }
    store.merge(facts.clone()).await.unwrap();
    facts.add_node(Node::new(Label::Paper, "paper:1"));
    assert_eq!(store.dump().await.unwrap(), sorted(facts));
}

async fn what_no_property_can_be_is_refused(store: &Arc<dyn GraphStore>) {
    for value in [json!({"a": 1}), json!([[1]]), json!([null])] {
        let mut facts = Facts::default();
        facts.add_node(Node::new(Label::Run, "run:1").with_properties(json!({ "fine": 1 })));
        facts.add_node(Node::new(Label::Run, "run:2").with_properties(json!({ "deep": value })));
        let refused = store.merge(facts).await.unwrap_err();
        assert!(
            matches!(&refused, GraphError::Property { id, name } if id == "run:2" && name == "deep"),
            "{refused}"
        );
    }
    let mut facts = Facts::default();
    facts.add_edge(Edge::new(EdgeKind::Uses, "run:1", "nobody's"));
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

async fn sets_are_united_and_all_else_is_replaced(store: &Arc<dyn GraphStore>) {
    let (a, b) = (id(Label::Finding, "a"), id(Label::Result, "b"));
    let said = [
        json!({"runs": ["r2"], "messages": ["m2", "m1"], "caveats": ["one"], "q": 1}),
        json!({"runs": ["r1", "r2"], "experiments": ["e1"], "messages": [], "caveats": ["two"], "q": 2}),
        json!({"runs": [], "name": "x"}),
    ];
    let expected = json!({
        "runs": ["r1", "r2"], "messages": ["m1", "m2"], "experiments": ["e1"], "caveats": ["two"], "q": 2, "name": "x",
    });
    let facts = |said: &[Value]| {
        let mut facts = Facts::default();
        for properties in said {
            facts.add_node(Node::new(Label::Finding, &a).with_properties(properties.clone()));
            facts.add_edge(Edge::new(EdgeKind::DerivedFrom, &a, &b).with_properties(properties.clone()));
        }
        facts
    };
    // One after another, all at once, and both again.
    for properties in &said {
        store.merge(facts(std::slice::from_ref(properties))).await.unwrap();
    }
    for _ in 0..2 {
        let dump = store.dump().await.unwrap();
        assert_eq!(dump, facts(&said).merge_duplicates().unwrap());
        assert_eq!(Value::Object(dump.nodes[0].properties.clone()), expected);
        assert_eq!(Value::Object(dump.edges[0].properties.clone()), expected);
        store.merge(facts(&said)).await.unwrap();
    }
    let mut wrong = Facts::default();
    wrong.add_node(Node::new(Label::Run, "run:1").with_properties(json!({ "runs": "r1" })));
    assert!(matches!(store.merge(wrong).await, Err(GraphError::Property { .. })));
}

/// Two concepts, four hypotheses that mention one or both, and what was found of them.
fn tested() -> Facts {
    let mut facts = Facts::default();
    for (concept, hypotheses) in [("a", ["h1", "h2", "h3"]), ("b", ["h2", "h3", "h4"])] {
        for hypothesis in hypotheses {
            let (hypothesis, concept) = (id(Label::Hypothesis, hypothesis), id(Label::Concept, concept));
            facts.add_node(
                Node::new(Label::Hypothesis, &hypothesis).with_properties(json!({ "statement": hypothesis })),
            );
            facts
                .add_edge(Edge::new(EdgeKind::Mentions, &hypothesis, &concept).with_properties(json!({ "role": "x" })));
        }
    }
    for (result, hypothesis, verdict, p) in [
        ("r1", "h1", EdgeKind::Supports, Some(0.03)),
        ("r2", "h2", EdgeKind::Supports, Some(1e-300)),
        ("r3", "h2", EdgeKind::Supports, Some(0.03)),
        ("r4", "h3", EdgeKind::Supports, None),
        ("r5", "h3", EdgeKind::Refutes, Some(0.5)),
        ("r6", "h4", EdgeKind::Supports, Some(2.0)),
    ] {
        let (result, hypothesis) = (id(Label::Result, result), id(Label::Hypothesis, hypothesis));
        facts.add_node(Node::new(Label::Result, &result).with_properties(json!({ "p": p, "runs": ["r"] })));
        facts.add_edge(Edge::new(verdict, &result, &hypothesis).with_properties(json!({ "p": p })));
    }
    facts.add_edge(Edge::new(EdgeKind::Tests, "experiment:1", "hypothesis:h1"));
    facts
}

fn supported(concepts: &[&str]) -> Walk {
    Walk::starting_at(concepts.iter().copied())
        .against(EdgeKind::Mentions, Label::Hypothesis)
        .against(EdgeKind::Supports, Label::Result)
}

/// The ids of each trail, without their labels.
async fn trails(store: &Arc<dyn GraphStore>, walk: Walk) -> Vec<String> {
    let found = store.walk(walk).await.unwrap();
    let content = |node: &Node| node.id.split_once(':').unwrap().1.to_owned();
    let trail = |trail: Vec<Node>| trail.iter().map(content).collect::<Vec<_>>().join(" ");
    found.into_iter().map(trail).collect()
}

async fn a_walk_gives_its_best_trails_in_order(store: &Arc<dyn GraphStore>) {
    store.merge(tested()).await.unwrap();
    // By p and then by id; what has none comes last.
    let best = ["h2 r2", "h1 r1", "h2 r3", "h3 r4"];
    for limit in [0, 1, 3, 4, MOST_TRAILS] {
        let found = trails(store, supported(&["concept:a"]).keep_best("p", limit)).await;
        assert_eq!(found, best[..limit.min(4)], "{limit}");
    }
    // Without an order, by id from the last to the first.
    let found = trails(store, supported(&["concept:a"])).await;
    assert_eq!(found, ["h1 r1", "h2 r2", "h2 r3", "h3 r4"]);
    // From two, a trail is there once for each.
    let found = trails(store, supported(&["concept:b", "concept:a"]).keep_best("p", 3)).await;
    assert_eq!(found, ["h2 r2", "h2 r2", "h1 r1"]);
    // It does not go back by the edge that it came by.
    let others = Walk::starting_at(["concept:a"]).against(EdgeKind::Mentions, Label::Hypothesis);
    let others = others.along(EdgeKind::Mentions, Label::Concept);
    assert_eq!(trails(store, others).await, ["h2 b", "h3 b"]);
    // Where it leads nowhere.
    let nowhere = Walk::starting_at(["concept:a"]).along(EdgeKind::Mentions, Label::Hypothesis);
    assert_eq!(trails(store, nowhere).await, Vec::<String>::new());
    let unknown = supported(&["concept:none"]);
    assert_eq!(trails(store, unknown).await, Vec::<String>::new());
    let found = store.walk(supported(&["concept:a"]).keep_best("p", 1)).await.unwrap();
    assert_eq!(found[0][0].text_property("statement"), Some("hypothesis:h2"));
    assert_eq!(found[0][1].number_property("p"), Some(1e-300));
    assert_eq!(found[0][1].text_list_property("runs").collect::<Vec<_>>(), ["r"]);
}

async fn a_walk_without_steps_gives_the_nodes_themselves(store: &Arc<dyn GraphStore>) {
    store.merge(tested()).await.unwrap();
    let ids = ["result:r6", "hypothesis:h1", "result:none", "experiment:1", "result:r2"];
    let found = store.walk(Walk::starting_at(ids)).await.unwrap();
    let found: Vec<&str> = found.iter().map(|trail| trail[0].id.as_str()).collect();
    assert_eq!(found, ["experiment:1", "hypothesis:h1", "result:r2", "result:r6"]);
    let best = store.walk(Walk::starting_at(ids).keep_best("p", 2)).await.unwrap();
    let best: Vec<&str> = best.iter().map(|trail| trail[0].id.as_str()).collect();
    assert_eq!(best, ["result:r2", "result:r6"]);
    assert_eq!(
        store.walk(Walk::starting_at(["run:1"; 0])).await.unwrap(),
        Vec::<Vec<Node>>::new()
    );
}

async fn edges_around_nodes_go_both_ways(store: &Arc<dyn GraphStore>) {
    store.merge(tested()).await.unwrap();
    let of = |edges: Vec<Edge>| {
        let mut edges: Vec<String> = edges
            .iter()
            .map(|edge| format!("{} {} {}", edge.from, edge.kind.name(), edge.to))
            .collect();
        edges.sort();
        edges
    };
    let around = async |ids: &[&str], limit| {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        store.around(ids, limit).await.unwrap()
    };
    let edges = around(&["hypothesis:h2"], 99).await;
    let supports = edges.iter().find(|edge| edge.from == "result:r2").unwrap();
    assert_eq!(supports.properties["p"].as_f64(), Some(1e-300));
    assert_eq!(
        of(edges),
        [
            "hypothesis:h2 MENTIONS concept:a",
            "hypothesis:h2 MENTIONS concept:b",
            "result:r2 SUPPORTS hypothesis:h2",
            "result:r3 SUPPORTS hypothesis:h2",
        ]
    );
    let several = around(&["experiment:1", "result:r5", "concept:none"], 99).await;
    let expected = ["experiment:1 TESTS hypothesis:h1", "result:r5 REFUTES hypothesis:h3"];
    assert_eq!(of(several), expected);
    for limit in [0, 1, 3] {
        assert_eq!(around(&["concept:a", "hypothesis:h4"], limit).await.len(), limit);
    }
    assert_eq!(around(&[], 9).await, Vec::<Edge>::new());
}

async fn nodes_are_listed_in_order_of_id(store: &Arc<dyn GraphStore>) {
    store.merge(tested()).await.unwrap();
    let all = store.list(Label::Result, 99).await.unwrap();
    let ids: Vec<&str> = all.iter().map(|node| node.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "result:r1",
            "result:r2",
            "result:r3",
            "result:r4",
            "result:r5",
            "result:r6"
        ]
    );
    assert_eq!(all[4].number_property("p"), Some(0.5));
    assert_eq!(store.list(Label::Result, 2).await.unwrap(), all[..2]);
    assert_eq!(store.list(Label::Result, 0).await.unwrap(), Vec::<Node>::new());
    assert_eq!(store.list(Label::Run, 9).await.unwrap(), Vec::<Node>::new());
}
