//! `kosmos graph` on a server, and with what runs have to deliver.

use std::process::Output;

use kosmos::{
    graph::{Facts, GraphStore, Neo4jGraph, QUESTIONS, derive_analysis},
    journal::{Durability, Journal, Options},
};
use serde_json::{Value, json};

use kosmos_testing::{bolt_server::BoltServer, describe_output};

use super::{
    lab::{Home, open_store, penguins},
    small_graph::{HOSTILE, document, finding, small_graph},
};

/// A server that is not there.
const NOWHERE: [&str; 8] = [
    "--set",
    "graph.store=neo4j",
    "--set",
    "graph.uri=bolt://127.0.0.1:1",
    "--set",
    "graph.timeout=1s",
    "--set",
    "graph.wait=2s",
];

fn ends(home: &Home, arguments: &[&str], server: Option<&BoltServer>, code: i32) -> Output {
    let output = home.kosmos(&[&["graph"], arguments].concat(), server).output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?}: {}",
        describe_output(&output)
    );
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What each question is asked about.
fn argument(question: &str) -> String {
    match question {
        "runs" => "birds".to_owned(),
        "settled" => "penguins".to_owned(),
        "evidence" => finding(),
        "neighbours" | "hypotheses" => "body_mass".to_owned(),
        _ => "year".to_owned(),
    }
}

/// The answers of all questions, about something and, where that can be, about everything.
fn answers(home: &Home, server: Option<&BoltServer>) -> Vec<Value> {
    let mut asked = Vec::new();
    for question in QUESTIONS {
        asked.push(vec![question.name.to_owned(), argument(question.name)]);
        if question.parameter.is_none_or(|parameter| !parameter.needed) {
            asked.push(vec![question.name.to_owned()]);
        }
    }
    let ask = |asked: &Vec<String>| {
        let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
        let mut answer = home.json(&[&["graph", "query"], &asked[..]].concat(), server);
        answer["store"] = Value::Null;
        assert!(answer["rows"].is_array(), "{answer:#}");
        answer
    };
    asked.iter().map(ask).collect()
}

#[tokio::test]
async fn what_waits_in_a_run_is_delivered_and_said() {
    let home = Home::new();
    let run = home.run(
        &penguins(),
        &[&["--set", "budget.cycles=1"], &NOWHERE[..]].concat(),
        None,
    );
    let graph = |arguments: &[&str]| home.json(&[&["graph"], arguments].concat(), None);
    assert!(run.told["graph_waits"].as_u64().unwrap() > 0, "{:#}", run.told);

    // Away still.
    let away = ends(&home, &[&["sync", "--json"], &NOWHERE[..]].concat(), None, 5);
    let away: Value = serde_json::from_slice(&away.stdout).unwrap();
    let waiting = away["waiting"].as_u64().unwrap();
    assert!(waiting > 0, "{away:#}");
    assert_eq!(
        (&away["delivered"], &away["runs"][0]["waiting"]),
        (&json!(0), &json!(waiting))
    );
    assert!(away["reason"].as_str().unwrap().contains("127.0.0.1:1"), "{away:#}");

    // Another process works on it.
    let durability = Durability::Process;
    let held = Journal::open(&run.folder, Options { durability }).unwrap();
    let skipped = graph(&["sync"]);
    assert_eq!(
        skipped["runs"][0]["skipped"], "another process works on it",
        "{skipped:#}"
    );
    assert_eq!(skipped["exit_code"], 0);
    drop(held);

    let delivered = graph(&["sync", &run.name]);
    assert_eq!(
        (&delivered["delivered"], &delivered["waiting"]),
        (&json!(waiting), &json!(0))
    );
    assert_eq!(graph(&["sync"])["delivered"], 0);
    let whole = ends(&home, &["export", "--format", "jsonld"], None, 0);
    let of_run = ends(&home, &["export", "--format", "jsonld", "--run", &run.name], None, 0);
    assert_eq!(text(&whole.stdout), text(&of_run.stdout));

    // A graph that is lost is written again.
    let removed = graph(&["reset", "--yes"]);
    assert!(removed["removed"]["nodes"].as_u64().unwrap() > 50, "{removed:#}");
    assert_eq!(graph(&["sync"])["delivered"], 0);
    assert_eq!(graph(&["sync", "--again"])["delivered"], waiting);
    let again = ends(&home, &["export", "--format", "jsonld"], None, 0);
    assert_eq!(text(&again.stdout), text(&whole.stdout));
}

mod server {
    use super::*;

    /// A home, and a server with the small graph, which was imported into both.
    async fn stage(name: &str) -> Option<(Home, BoltServer, Neo4jGraph)> {
        let server = BoltServer::with_database(name)?;
        let store = open_store(&server).await;
        let home = Home::new();
        let file = home.file("lab.jsonld", &document());
        ends(&home, &["import", &file], None, 0);
        ends(&home, &["import", &file], Some(&server), 0);
        Some((home, server, store))
    }

    fn cypher(home: &Home, server: &BoltServer, arguments: &[&str]) -> Value {
        home.json(&[&["graph", "query", "--cypher"], arguments].concat(), Some(server))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn both_stores_answer_all_questions_alike() {
        let Some((home, server, store)) = stage("answers").await else {
            return;
        };
        assert_eq!(store.dump().await.unwrap(), small_graph().merge_duplicates().unwrap());
        assert_eq!(answers(&home, Some(&server)), answers(&home, None));
        for arguments in [
            &["path", "bill_depth", "year"][..],
            &["path", HOSTILE, "bill_depth", "--longest", "9"],
            &["path", "run:r1", "run:r2", "--provenance"],
            &["query", "neighbours", HOSTILE],
            &["export", "--format", "jsonld"],
            &["export", "--format", "html", "--project", "birds"],
        ] {
            let (here, there) = (
                ends(&home, arguments, None, 0),
                ends(&home, arguments, Some(&server), 0),
            );
            assert_eq!(text(&here.stdout), text(&there.stdout), "{arguments:?}");
        }
        let stats = |server| {
            let stats = home.json(&["graph", "stats"], server);
            json!([stats["nodes"], stats["edges"]])
        };
        assert_eq!(stats(Some(&server)), stats(None));
        ends(&home, &["query", "neighbours", "body_mas"], Some(&server), 2);
        store.clear().await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn cypher_changes_nothing_unless_it_may_write() {
        let Some((home, server, store)) = stage("cypher").await else {
            return;
        };
        let before = store.dump().await.unwrap();
        let asked = cypher(
            &home,
            &server,
            &[
                "MATCH (f:Finding) WHERE f.q < $q AND f.y = $y RETURN f.x AS x, f.q AS q ORDER BY f.q",
                "--param",
                "q=0.005",
                "--param",
                "y=\"body_mass\"",
            ],
        );
        assert_eq!(
            asked["rows"],
            json!([{ "x": "flipper_length", "q": 0.002 }, { "x": "flipper_length", "q": 0.004 }])
        );
        let create = "CREATE (r:Run {id: 'run:made', name: $name}) RETURN r.name AS name";
        let name = format!("name={}", json!(HOSTILE));
        for change in [
            create,
            "MATCH (n:Finding) DETACH DELETE n",
            "MATCH (n:Run) SET n.name = 'x'",
        ] {
            cypher(&home, &server, &[change, "--param", &name]);
            assert_eq!(store.dump().await.unwrap(), before, "{change}");
        }
        let made = cypher(&home, &server, &[create, "--param", &name, "--write"]);
        assert_eq!(made["rows"], json!([{ "name": HOSTILE }]));
        let after = store.dump().await.unwrap();
        assert_eq!(after.nodes.len(), before.nodes.len() + 1);
        let shown = ends(
            &home,
            &["query", "--cypher", "MATCH (r:Run) RETURN r.name"],
            Some(&server),
            0,
        );
        assert!(
            !text(&shown.stdout).contains(['\u{1b}', '\u{202e}']),
            "{}",
            describe_output(&shown)
        );
        let wrong = ends(&home, &["query", "--cypher", "MATCH MATCH"], Some(&server), 2);
        assert!(
            text(&wrong.stderr).contains("does not take the query"),
            "{}",
            describe_output(&wrong)
        );
        store.clear().await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_homes_graph_is_copied_to_a_server_that_was_chosen_later() {
        let Some(server) = BoltServer::with_database("copied") else {
            return;
        };
        let store = open_store(&server).await;
        let home = Home::new();
        let file = home.file("lab.jsonld", &document());
        ends(&home, &["import", &file], None, 0);
        for _ in 0..2 {
            let told = home.json(&["graph", "sync"], Some(&server));
            let facts = small_graph().merge_duplicates().unwrap();
            let copied = json!({ "nodes": facts.nodes.len(), "edges": facts.edges.len() });
            assert_eq!(told["copied"], copied, "{told:#}");
            // What version 2 of the schema adds is there beside it.
            let mut upgraded = facts.clone();
            facts
                .nodes
                .iter()
                .for_each(|node| upgraded.extend(derive_analysis(node)));
            assert!(upgraded.nodes.len() > facts.nodes.len());
            assert_eq!(store.dump().await.unwrap(), upgraded.merge_duplicates().unwrap());
        }
        store.clear().await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_reset_leaves_what_is_not_of_kosmos() {
        let Some((home, server, store)) = stage("reset").await else {
            return;
        };
        // Others use labels and types of ours too.
        let others =
            "CREATE (p:Paper {id: 'theirs', title: 'T'})-[:CITES]->(q:Paper {title: 'U'}), (:Sheep {id: 'run:1'})";
        cypher(&home, &server, &[others, "--write"]);
        let count = "MATCH (n) WHERE n:Paper OR n:Sheep RETURN count(n) AS n";
        assert_eq!(cypher(&home, &server, &[count])["rows"], json!([{ "n": 3 }]));
        assert_eq!(store.dump().await.unwrap(), small_graph().merge_duplicates().unwrap());
        ends(&home, &["reset"], Some(&server), 2);
        assert_eq!(store.dump().await.unwrap(), small_graph().merge_duplicates().unwrap());
        let removed = home.json(&["graph", "reset", "--yes"], Some(&server));
        assert_eq!(
            removed["removed"]["nodes"],
            small_graph().merge_duplicates().unwrap().nodes.len()
        );
        assert_eq!(store.dump().await.unwrap(), Facts::default());
        assert_eq!(cypher(&home, &server, &[count])["rows"], json!([{ "n": 3 }]));
        let links = "MATCH (:Paper)-[r:CITES]->(:Paper) RETURN count(r) AS n";
        assert_eq!(cypher(&home, &server, &[links])["rows"], json!([{ "n": 1 }]));
        cypher(
            &home,
            &server,
            &["MATCH (n) WHERE n:Paper OR n:Sheep DETACH DELETE n", "--write"],
        );
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_wrong_password_or_database_is_exit_code_5() {
        let Some(mut server) = BoltServer::with_database("password") else {
            return;
        };
        let home = Home::new();
        let right = server.password.clone();
        server.password = "not the password".into();
        // Once: servers lock those out who fail too often.
        let output = ends(&home, &["stats"], Some(&server), 5);
        let stderr = text(&output.stderr);
        assert!(stderr.contains("those of the server"), "{stderr}");
        assert!(!stderr.contains("not the password"), "{stderr}");
        server.password = right;
        server.database = Some("there_is_none_of_that_name".to_owned());
        let output = ends(&home, &["stats"], Some(&server), 5);
        assert!(
            text(&output.stderr).contains("name a database"),
            "{}",
            describe_output(&output)
        );
    }
}
