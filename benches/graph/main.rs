//! How fast the knowledge graph is with a hundred thousand findings in it, in both stores: writing, in batches and one
//! at a time, and the questions that a run and a person ask.
//!
//!     cargo bench --bench graph
//!
//! `KOSMOS_BENCH_FINDINGS=1000` makes a smaller graph for a quick look, `KOSMOS_BENCH_STORES=embedded` leaves the
//! server out (or, as `server`, the other). The server is the one that KOSMOS_TEST_BOLT, KOSMOS_TEST_BOLT_PASSWORD and
//! KOSMOS_TEST_BOLT_FOLDER name, as for the tests; without them one is started under target/tmp and stopped again. All
//! figures of a table come from one run on one machine: compare them with each other, not with those of another
//! machine.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod made;
mod questions;
mod server;

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use kosmos::graph::{EmbeddedGraph, Facts, GraphStore, Neo4jGraph};

use made::Made;
use questions::{Times, ask_all};
use server::Server;

/// Findings of the graph, where nothing else is asked for.
const FINDINGS: usize = 100_000;

/// Nodes and edges that are written one at a time.
const SAMPLE: usize = 500;

/// Rows of a statement, as graph.batch is set.
const BATCH: usize = 500;

/// How long a process waits for another that has the embedded graph open.
const WAIT: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() {
    // `cargo test --benches` asks benchmarks only whether they start.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let variable = |name: &str| std::env::var(name).ok();
    let findings = variable("KOSMOS_BENCH_FINDINGS").map_or(FINDINGS, |n| n.parse().unwrap());
    let stores = variable("KOSMOS_BENCH_STORES").unwrap_or_else(|| "embedded,server".to_owned());
    let made = Made::new(findings);
    println!(
        "{findings} findings on {} variables of one table, and some on a second",
        made.variables()
    );
    if stores.contains("embedded") {
        embedded(&made).await;
    }
    if stores.contains("server") {
        on_server(&made).await;
    }
}

async fn embedded(made: &Made) {
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let folder = home.path().join("graph");
    let before = memory("self");
    let store = EmbeddedGraph::open(&folder).unwrap();
    write("embedded", &store, made).await;
    drop(store);
    let began = Instant::now();
    drop(EmbeddedGraph::open(&folder).unwrap());
    let first = milliseconds(began.elapsed());
    let began = Instant::now();
    let store = EmbeddedGraph::open(&folder).unwrap();
    println!(
        "embedded   opened in {first:.0} ms for the first time after it was written, then in {:.0} ms",
        milliseconds(began.elapsed())
    );
    print("embedded, held open", &ask_all(&store, made).await);
    println!(
        "embedded   memory {} MB before, {} MB now, {} MB at most; {} MB on disk",
        before.0,
        memory("self").0,
        memory("self").1,
        size(&folder) >> 20
    );
    drop(store);
    let shared = EmbeddedGraph::open_shared(&folder, WAIT);
    print("embedded, shared as runs do", &ask_all(&shared, made).await);
}

async fn on_server(made: &Made) {
    let server = Server::find();
    let store = Neo4jGraph::connect(server.options()).await.unwrap();
    store.clear().await.unwrap();
    write("server", &store, made).await;
    print("server", &ask_all(&store, made).await);
    if let Some((now, most)) = server.memory() {
        println!("server     memory {now} MB now, {most} MB at most");
    }
    store.clear().await.unwrap();
    drop(store);
    server.stop();
}

/// Writes all, batched but for a sample.
async fn write(what: &str, store: &dyn GraphStore, made: &Made) {
    let mut written = 0;
    let began = Instant::now();
    let mut last = began;
    let mut cycles = made.cycles();
    let alone: Vec<Facts> = one_by_one(cycles.next().unwrap()).take(SAMPLE).collect();
    for facts in cycles {
        written += facts.len();
        store.merge(facts).await.unwrap();
        if last.elapsed() > Duration::from_secs(20) {
            last = Instant::now();
            eprintln!("{what}: {written} written in {:.0} s", began.elapsed().as_secs_f64());
        }
    }
    let batched = written as f64 / began.elapsed().as_secs_f64();
    let began = Instant::now();
    let sample = alone.len();
    for facts in alone {
        store.merge(facts).await.unwrap();
    }
    let single = sample as f64 / began.elapsed().as_secs_f64();
    store.merge(made.cycles().next().unwrap()).await.unwrap();
    println!(
        "{what:9}  {written} nodes and edges written, {batched:.0} per second in batches; {single:.0} one at a time; \
         ratio {:.0}",
        batched / single
    );
}

fn one_by_one(facts: Facts) -> impl Iterator<Item = Facts> {
    let nodes = facts.nodes.into_iter().map(|node| Facts {
        nodes: vec![node],
        edges: Vec::new(),
    });
    let edges = facts.edges.into_iter().map(|edge| Facts {
        nodes: Vec::new(),
        edges: vec![edge],
    });
    nodes.chain(edges)
}

fn print(what: &str, times: &[Times]) {
    println!("{what:34} {:>7} {:>10} {:>10} {:>10}", "rows", "median", "p95", "most");
    for times in times {
        println!(
            "  {:32} {:>7} {:>7.2} ms {:>7.2} ms {:>7.2} ms",
            times.what, times.rows, times.median, times.p95, times.most
        );
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// What a process has in memory now, and had at most, in megabytes.
fn memory(process: &str) -> (u64, u64) {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let read = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    };
    let read = |name| read(name).unwrap_or_default() >> 10;
    (read("VmRSS:"), read("VmHWM:"))
}

fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| match entry.file_type().unwrap().is_dir() {
            true => size(&entry.path()),
            false => entry.metadata().unwrap().len(),
        })
        .sum()
}
