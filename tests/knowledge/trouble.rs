//! A server that is wrong, away, or killed at work.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use kosmos::graph::{EmbeddedGraph, Facts, GraphError, GraphStore, Label, Neo4jGraph, Node};
use serde_json::json;

use super::lab::{open_store, store_options};
use kosmos_testing::bolt_server::BoltServer;

#[tokio::test]
async fn a_wrong_password_or_database_is_said_with_what_to_do() {
    let Some(server) = BoltServer::shared() else { return };
    let mut options = store_options(&server);
    options.password = "not the password".into();
    let refused = Neo4jGraph::connect(options).await.err().unwrap();
    assert!(matches!(refused, GraphError::Refused { .. }), "{refused:?}");
    let help = refused.help().unwrap_or_default();
    assert!(help.contains("graph.user") && help.contains("password"), "{help}");
    assert!(!refused.to_string().contains("not the password"), "{refused}");

    let mut options = store_options(&server);
    options.database = Some("there_is_none_of_that_name".to_owned());
    let refused = Neo4jGraph::connect(options).await.err().unwrap();
    assert!(matches!(refused, GraphError::Refused { .. }), "{refused:?}");
    let help = refused.help().unwrap_or_default();
    assert!(help.contains("name a database"), "{help}");
}

#[tokio::test]
async fn who_does_not_answer_is_not_waited_for_longer_than_set() {
    let Some(server) = BoltServer::shared() else { return };
    // Takes connections, and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addresses = [&silent, &unused].map(|listener| listener.local_addr().unwrap());
    drop(unused);
    for address in addresses {
        let mut options = store_options(&server);
        options.uri = format!("bolt://{address}");
        options.timeout = Duration::from_secs(2);
        let began = Instant::now();
        let away = Neo4jGraph::connect(options).await.err().unwrap();
        assert!(matches!(away, GraphError::Away { .. }), "{away:?}");
        assert!(away.to_string().contains(&address.to_string()), "{away}");
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    }
}

fn batch(n: usize) -> Facts {
    let mut facts = Facts::default();
    for k in 0..50 {
        let id = format!("result:{}", n * 25 + k);
        facts.add_node(Node::new(Label::Result, &id).with_properties(json!({ "n": n * 25 + k })));
    }
    facts
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_at_work_loses_and_doubles_nothing() {
    let home = tempfile::tempdir().unwrap();
    let Some(server) = BoltServer::own(home.path()) else {
        return;
    };
    let store = open_store(&server).await;
    let writing = store.clone();
    let killing = Arc::new(AtomicBool::new(true));
    let still = Arc::clone(&killing);
    let writer = tokio::spawn(async move {
        // For as long as the server is ill-treated, and then some: how much that is depends on the machine.
        let (mut written, mut after) = (0, 0);
        while after < 10 {
            writing.merge(batch(written)).await.unwrap();
            written += 1;
            after += usize::from(!still.load(Ordering::SeqCst));
        }
        written
    });
    let server = tokio::task::spawn_blocking(move || {
        for _ in 0..2 {
            std::thread::sleep(Duration::from_millis(1500));
            server.kill();
            server.restart();
        }
        killing.store(false, Ordering::SeqCst);
        server
    });
    let (written, server) = (writer.await.unwrap(), server.await.unwrap());
    assert!(written > 10, "some of it before and between: {written}");
    let alone = EmbeddedGraph::open(&home.path().join("embedded")).unwrap();
    for n in 0..written {
        alone.merge(batch(n)).await.unwrap();
    }
    assert_eq!(store.dump().await.unwrap(), alone.dump().await.unwrap());
    drop(server);
}
