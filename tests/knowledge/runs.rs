//! Whole runs that write to a graph: to either store the same, and whatever befalls the server, all of it and once.

use std::{
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use kosmos::graph::{EmbeddedGraph, GraphStore};
use serde_json::Value;

use kosmos_testing::{
    bolt_proxy::BoltProxy, bolt_server::BoltServer, copy_tree, describe_output, fixture::share_folder,
    sample::is_deep_tier,
};

use super::lab::{Home, Run, canonical, knowledge, open_store, penguins};

/// A run of one cycle leaves some four hundred facts, which is as good for these tests as the thousand of a whole one.
/// The deep tier does the whole.
fn flags() -> &'static [&'static str] {
    const SHORT: &[&str] = &[
        "--set",
        "budget.cycles=1",
        "--set",
        "research.shuffled_run=false",
        "--set",
        "research.permutations=49",
    ];
    if is_deep_tier() { &[] } else { SHORT }
}

/// More facts than these are left by a run.
fn least_facts() -> u64 {
    if is_deep_tier() { 500 } else { 200 }
}

/// How long these runs wait for their graph.
const WAIT: &str = "graph.wait=6s";
const WAITED: Duration = Duration::from_secs(6);

/// What the processes of a busy machine may add.
const GRACE: Duration = Duration::from_secs(4);

/// The same run with a graph of its own, which nothing disturbs.
async fn undisturbed() -> Value {
    let folder = share_folder("penguins-graph", |folder| {
        let home = Home::new();
        let run = home.run(&penguins(), flags(), None);
        copy_tree(&home.path().join("graph"), &folder.join("graph"));
        std::fs::write(folder.join("name"), &run.name).unwrap();
    });
    // A graph is opened by one process at a time, and opening it writes.
    let copy = tempfile::tempdir().unwrap();
    copy_tree(&folder.join("graph"), copy.path());
    let graph = EmbeddedGraph::open(copy.path()).unwrap();
    let name = std::fs::read_to_string(folder.join("name")).unwrap();
    canonical(&graph.dump().await.unwrap(), &[&name])
}

async fn on(server: &BoltServer) -> kosmos::graph::Facts {
    let store = open_store(server).await;
    store.dump().await.unwrap()
}

/// The time between the last step of the run's own and its end.
fn waited(run: &Run) -> Duration {
    let journal = run.journal();
    let at = |entry: &Value| entry["at_ms"].as_u64().unwrap();
    let end = journal
        .iter()
        .position(|entry| entry["envelope"]["payload"]["type"] == "end_run")
        .unwrap();
    let of_the_graph = |entry: &&Value| {
        let text = entry.to_string();
        ["knowledge_recorded", "knowledge_graph_writer", "\"graph:"]
            .iter()
            .any(|mark| text.contains(mark))
    };
    // The end is decided on when the graph's last answer comes.
    let before = journal[..end]
        .iter()
        .rev()
        .skip_while(|entry| entry["agent"] == "research_director");
    let last = before.filter(|entry| !of_the_graph(entry)).map(at).next().unwrap();
    Duration::from_millis(at(&journal[end]) - last)
}

/// A run under way, with its graph at that address.
fn begin(home: &Home, server: &BoltServer, more: &[&str]) -> Child {
    let data = penguins();
    let wait = match more.iter().any(|set| set.starts_with("graph.wait=")) {
        true => &[][..],
        false => &["--set", WAIT][..],
    };
    let arguments = [
        &[
            "run",
            "--question",
            "What goes with body mass?",
            "--data",
            &data,
            "--target",
            "body_mass_g",
            "--json",
        ][..],
        &["--set", "graph.timeout=3s"],
        wait,
        flags(),
        more,
    ];
    let mut command = home.kosmos(&arguments.concat(), Some(server));
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn end(home: &Home, child: Child) -> Run {
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", describe_output(&output));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let name = told["run"].as_str().unwrap().to_owned();
    Run {
        folder: home.path().join("runs").join(&name),
        name,
        told,
    }
}

/// Hands on what waits in the run, and checks that nothing does any more. A server that has just been started on a busy
/// machine may take longer than one `resume` waits.
fn deliver(home: &Home, run: &Run, server: &BoltServer) {
    let deliver = || home.json(&["resume", &run.name], Some(server));
    let mut waits = u64::MAX;
    for _ in 0..5 {
        waits = deliver()["graph_waits"].as_u64().unwrap();
        if waits == 0 {
            break;
        }
    }
    assert_eq!(waits, 0);
    assert!(!run.report().contains("kosmos graph sync"), "{}", run.report());
}

mod server {
    use super::*;

    #[tokio::test]
    async fn both_stores_hold_the_same_and_a_second_run_adds_only_itself() {
        let Some(server) = BoltServer::with_database("both_stores") else {
            return;
        };
        let (alone, shared) = (Home::new(), Home::new());
        let (a, b) = (
            alone.run(&penguins(), flags(), None),
            shared.run(&penguins(), flags(), Some(&server)),
        );
        let (here, there) = (alone.graph().await, on(&server).await);
        assert!(here.len() as u64 > least_facts(), "{}", here.len());
        assert_eq!(canonical(&here, &[&a.name]), canonical(&there, &[&b.name]));
        assert!(!shared.path().join("graph").exists());

        let (c, d) = (
            alone.run(&penguins(), flags(), None),
            shared.run(&penguins(), flags(), Some(&server)),
        );
        let (here_twice, there_twice) = (alone.graph().await, on(&server).await);
        let (mut mine, mut its) = ([a.name.as_str(), &c.name], [b.name.as_str(), &d.name]);
        mine.sort_unstable();
        its.sort_unstable();
        assert_eq!(canonical(&here_twice, &mine), canonical(&there_twice, &its));
        assert_eq!(knowledge(&here), knowledge(&here_twice));
        assert_eq!(knowledge(&there), knowledge(&there_twice));
        assert_eq!(here_twice.nodes.len(), here.nodes.len() + 1);
        for node in here_twice
            .nodes
            .iter()
            .filter(|node| node.label != kosmos::graph::Label::Run)
        {
            assert_eq!(node.text_list_property("runs").count(), 2, "{node:?}");
        }
        let store = open_store(&server).await;
        store.clear().await.unwrap();
    }

    #[tokio::test]
    async fn a_server_that_is_away_from_the_start_has_all_of_it_in_the_end() {
        let home = Home::new();
        let folder = tempfile::tempdir().unwrap();
        let Some(server) = BoltServer::own(folder.path()) else {
            return;
        };
        server.kill();
        let run = end(&home, begin(&home, &server, &[]));
        assert!(
            run.told["graph_waits"].as_u64().unwrap() > least_facts(),
            "{:#}",
            run.told
        );
        assert!(waited(&run) < WAITED + GRACE, "{:?}", waited(&run));
        assert!(run.report().contains("kosmos graph sync"), "{}", run.report());
        server.restart();
        deliver(&home, &run, &server);
        assert_eq!(canonical(&on(&server).await, &[&run.name]), undisturbed().await);
        // Delivered twice, it is there once.
        deliver(&home, &run, &server);
        assert_eq!(canonical(&on(&server).await, &[&run.name]), undisturbed().await);
    }

    #[tokio::test]
    async fn a_server_killed_in_mid_run_and_in_mid_transaction_loses_and_doubles_nothing() {
        let home = Home::new();
        let folder = tempfile::tempdir().unwrap();
        let Some(server) = BoltServer::own(folder.path()) else {
            return;
        };
        // Answers come late, so that the server is killed between the first statement of a transaction and its commit.
        let proxy = BoltProxy::before(&server.uri);
        proxy.late_by(Duration::from_millis(300));
        let through = server.through(&proxy);
        let child = begin(&home, &through, &[]);
        let (begun, patience) = (proxy.passed(), Instant::now() + Duration::from_secs(60));
        // The constraints, then the first facts.
        while on_disk(&home).is_none_or(|journal| !journal.contains("\"graph:")) {
            assert!(Instant::now() < patience);
            std::thread::sleep(Duration::from_millis(20));
        }
        std::thread::sleep(Duration::from_millis(1500));
        assert!(proxy.passed() > begun);
        server.kill();
        server.restart();
        let run = end(&home, child);
        assert!(waited(&run) < WAITED + GRACE, "{:?}", waited(&run));
        proxy.late_by(Duration::ZERO);
        deliver(&home, &run, &server);
        assert_eq!(canonical(&on(&server).await, &[&run.name]), undisturbed().await);
    }

    #[tokio::test]
    async fn a_server_that_flaps_every_second_has_all_of_it_in_the_end() {
        let home = Home::new();
        let Some(server) = BoltServer::with_database("flaps") else {
            return;
        };
        let proxy = BoltProxy::before(&server.uri);
        let mut child = begin(&home, &server.through(&proxy), &[]);
        proxy.flap_until(|| child.try_wait().unwrap().is_some());
        let run = end(&home, child);
        assert!(waited(&run) < WAITED + GRACE, "{:?}", waited(&run));
        deliver(&home, &run, &server);
        assert_eq!(canonical(&on(&server).await, &[&run.name]), undisturbed().await);
        let store = open_store(&server).await;
        store.clear().await.unwrap();
    }

    #[tokio::test]
    async fn a_server_that_is_slow_by_two_seconds_has_all_of_it_in_the_end() {
        let home = Home::new();
        let Some(server) = BoltServer::with_database("slow") else {
            return;
        };
        let proxy = BoltProxy::before(&server.uri);
        proxy.late_by(Duration::from_secs(2));
        let run = end(&home, begin(&home, &server.through(&proxy), &[]));
        assert!(waited(&run) < WAITED + GRACE, "{:?}", waited(&run));
        assert!(run.told["graph_waits"].as_u64().unwrap() > 0, "{:#}", run.told);
        proxy.late_by(Duration::ZERO);
        deliver(&home, &run, &server);
        assert_eq!(canonical(&on(&server).await, &[&run.name]), undisturbed().await);
        let store = open_store(&server).await;
        store.clear().await.unwrap();
    }

    #[tokio::test]
    async fn what_cannot_be_right_is_an_error_before_anything_is_begun() {
        let home = Home::new();
        let Some(server) = BoltServer::shared() else { return };
        let refused = |change: &[&str], password: Option<&str>| {
            let data = penguins();
            let arguments = [&["run", "--question", "Q?", "--data", &data, "--json"][..], change].concat();
            let mut command = home.kosmos(&arguments, Some(&server));
            if let Some(password) = password {
                command.env("NEO4J_PASSWORD", password);
            }
            let output = command.output().unwrap();
            let told: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert!(
                !describe_output(&output).contains("the-wrong-one"),
                "{}",
                describe_output(&output)
            );
            assert_eq!(
                output.status.code(),
                told["error"]["exit_code"].as_i64().map(|code| code as i32)
            );
            let left = std::fs::read_dir(home.path().join("runs")).map_or(0, Iterator::count);
            assert_eq!(left, 0, "{}", describe_output(&output));
            (
                output.status.code(),
                format!("{} {}", told["error"]["message"], told["error"]["help"]),
            )
        };
        let (code, told) = refused(&[], Some("the-wrong-one"));
        assert!(code == Some(5) && told.contains("NEO4J_PASSWORD"), "{code:?} {told}");
        let (code, told) = refused(&["--set", "graph.database=there_is_none_of_that_name"], None);
        assert!(code == Some(5) && told.contains("graph.database"), "{code:?} {told}");
        let (code, told) = refused(&["--set", "graph.uri=http://localhost:7687"], None);
        assert!(code == Some(2) && told.contains("bolt://"), "{code:?} {told}");
        let (code, told) = refused(&["--set", "graph.uri=bolt://me:the-wrong-one@localhost:7687"], None);
        assert!(code == Some(2) && told.contains("NEO4J_PASSWORD"), "{code:?} {told}");

        // What a project knows decides what is tested: without its graph there is no run of it.
        let away = [
            "--project",
            "p",
            "--set",
            "graph.uri=bolt://127.0.0.1:9",
            "--set",
            "graph.wait=2s",
        ];
        let (code, told) = refused(&away, None);
        assert!(code == Some(5) && told.contains("127.0.0.1:9"), "{code:?} {told}");
    }

    #[test]
    fn the_doctor_says_whether_the_server_lets_us_in() {
        let home = Home::new();
        let Some(server) = BoltServer::shared() else { return };
        let graph = |told: &Value| {
            let checks = told["checks"].as_array().unwrap();
            checks.iter().find(|check| check["name"] == "graph").unwrap().clone()
        };
        let found = graph(&home.json(&["doctor"], Some(&server)));
        assert_eq!(found["ok"], true, "{found:#}");
        let output = home
            .kosmos(&["doctor", "--json"], Some(&server))
            .env("NEO4J_PASSWORD", "the-wrong-one")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(5), "{}", describe_output(&output));
        assert!(
            !describe_output(&output).contains("the-wrong-one"),
            "{}",
            describe_output(&output)
        );
        let found = graph(&serde_json::from_slice(&output.stdout).unwrap());
        assert_eq!(found["ok"], false, "{found:#}");
        assert!(found["help"].as_str().unwrap().contains("NEO4J_PASSWORD"), "{found:#}");
    }

    #[tokio::test]
    async fn a_run_pauses_when_more_waits_than_may() {
        let home = Home::new();
        let Some(server) = BoltServer::with_database("more_than_may") else {
            return;
        };
        let proxy = BoltProxy::before(&server.uri);
        proxy.down();
        // Away, it is not waited for; and once it is there, a busy machine may take its time.
        let outbox = match is_deep_tier() {
            true => "graph.outbox=300",
            false => "graph.outbox=100",
        };
        let patient = ["--set", outbox, "--set", "graph.wait=60s"];
        let child = begin(&home, &server.through(&proxy), &patient);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(5), "{}", describe_output(&output));
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(told["status"], "stopped", "{told:#}");
        assert!(told["message"].as_str().unwrap().contains("graph.outbox"), "{told:#}");
        let name = told["run"].as_str().unwrap();
        proxy.up();
        let resumed = home.json(&["resume", name], Some(&server));
        assert_eq!(
            (&resumed["status"], &resumed["graph_waits"]),
            (&"answered".into(), &0.into()),
            "{resumed:#}"
        );
        assert_eq!(canonical(&on(&server).await, &[name]), undisturbed().await);
        let store = open_store(&server).await;
        store.clear().await.unwrap();
    }
}

/// The journal of the only run so far, as text.
fn on_disk(home: &Home) -> Option<String> {
    let mut runs = std::fs::read_dir(home.path().join("runs")).ok()?;
    std::fs::read_to_string(runs.next()?.ok()?.path().join("journal.jsonl")).ok()
}
