//! How long scripts take to start, and how many a sandbox runs in a second: both backends, cold and warm, beside
//! a plain `docker run` of the same script in the same image.
//!
//!     cargo bench --bench sandbox
//!
//! Needs a container engine (DOCKER_HOST or a local one) with the image of `kosmos sandbox build` for the part
//! about containers; without one it says so and measures the rest. All figures of a table come from one run on one
//! machine: compare them with each other, not with those of another machine.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use kosmos::{
    interpreter::{self, Interpreter},
    sandbox::{
        DockerOptions, DockerSandbox, Job, JobInput, Language, ProcessOptions, ProcessSandbox, ResourceLimits, Sandbox,
        docker::image,
    },
};
use tokio_util::sync::CancellationToken;

/// Starts measured one after another, and with a pause in which containers are made ready.
const STARTS: usize = 30;
/// Jobs of each measurement of jobs in a second.
const JOBS: usize = 24;

/// Tells when it began, with everything imported that analysis scripts import, and does no more.
const SCRIPT: &str = "\
import numpy, pandas, scipy.stats, sklearn.linear_model
import time
print(time.time_ns(), flush=True)
";

struct Row {
    what: String,
    median_ms: f64,
    p95_ms: f64,
    per_second: [Option<f64>; 3],
}

#[tokio::main]
async fn main() {
    // `cargo test --benches` asks benchmarks only whether they start.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let mut rows = Vec::new();
    let interpreter =
        Interpreter::find_or_build(&interpreter::Options::default(), &|step| eprintln!("{step}")).unwrap();
    for warm in [false, true] {
        let options = ProcessOptions {
            launcher: PathBuf::from(env!("CARGO_BIN_EXE_kosmos")),
            warm,
            ..ProcessOptions::new(&interpreter)
        };
        let sandbox = ProcessSandbox::start(options).await.unwrap();
        rows.push(
            measure(
                &format!("process, {}", name(warm)),
                Arc::new(sandbox),
                home.path(),
                Duration::ZERO,
            )
            .await,
        );
    }
    for warm in [false, true] {
        let options = DockerOptions {
            warm,
            pool: 2,
            expected: Some(limits()),
            ..DockerOptions::default()
        };
        match DockerSandbox::start(options).await {
            Ok(sandbox) => {
                let sandbox = Arc::new(sandbox);
                // Time for the pool to be filled again, as between two experiments that compute something.
                let pause = Duration::from_secs(3);
                let what = format!("docker, {}", name(warm));
                rows.push(measure(&what, Arc::clone(&sandbox) as Arc<dyn Sandbox>, home.path(), pause).await);
                sandbox.close().await;
            }
            Err(error) => eprintln!("not measured: docker, {}: {error}", name(warm)),
        }
    }
    rows.extend(plain_docker(home.path()));
    print(&rows);
}

fn name(warm: bool) -> &'static str {
    if warm { "warm" } else { "cold" }
}

fn limits() -> ResourceLimits {
    ResourceLimits {
        wall: Duration::from_secs(60),
        ..ResourceLimits::default()
    }
}

async fn measure(what: &str, sandbox: Arc<dyn Sandbox>, home: &Path, pause: Duration) -> Row {
    eprintln!("measuring {what}");
    let mut starts = Vec::new();
    for n in 0..STARTS {
        tokio::time::sleep(pause).await;
        starts.push(start(sandbox.as_ref(), job(home, n)).await);
    }
    let mut per_second = [None; 3];
    for (slot, at_once) in per_second.iter_mut().zip([1, 2, 8]) {
        *slot = Some(throughput(&sandbox, home, at_once).await);
    }
    row(what, starts, per_second)
}

/// From asking for the job to the first line that does not import.
async fn start(sandbox: &dyn Sandbox, job: Job) -> Duration {
    let asked = SystemTime::now();
    let done = sandbox.run(job, CancellationToken::new()).await.unwrap();
    assert!(done.outcome.is_ok(), "{done:?}");
    began(&done.stdout.text).duration_since(asked).unwrap_or_default()
}

fn began(stdout: &str) -> SystemTime {
    let nanoseconds: u64 = stdout.trim().parse().unwrap();
    UNIX_EPOCH + Duration::from_nanos(nanoseconds)
}

async fn throughput(sandbox: &Arc<dyn Sandbox>, home: &Path, at_once: usize) -> f64 {
    let started = Instant::now();
    let mut running = tokio::task::JoinSet::new();
    for n in 0..JOBS {
        if running.len() == at_once {
            running.join_next().await.unwrap().unwrap();
        }
        let (sandbox, job) = (Arc::clone(sandbox), job(home, n));
        running.spawn(async move {
            let done = sandbox.run(job, CancellationToken::new()).await.unwrap();
            assert!(done.outcome.is_ok(), "{done:?}");
        });
    }
    running.join_all().await;
    JOBS as f64 / started.elapsed().as_secs_f64()
}

fn job(home: &Path, n: usize) -> Job {
    let workspace = home.join(format!("e{n}"));
    fs::create_dir_all(&workspace).unwrap();
    fs::write(workspace.join("script.py"), SCRIPT).unwrap();
    let table = home.join("table.csv");
    if !table.exists() {
        fs::write(&table, "a,b\n1,2\n").unwrap();
    }
    Job {
        key: format!("bench-{n}"),
        experiment: format!("e{n}"),
        workspace,
        inputs: vec![JobInput {
            host: table,
            inside: "data/table.csv".into(),
        }],
        script: "script.py".to_owned(),
        language: Language::Python,
        limits: limits(),
    }
}

/// What a person would do without Kosmos.
fn plain_docker(home: &Path) -> Option<Row> {
    let tag = image::image_tag(Language::Python);
    let run = || {
        let asked = SystemTime::now();
        let output = Command::new("docker")
            .args([
                "run",
                "--rm",
                "--network",
                "none",
                "--entrypoint",
                "/opt/kosmos/bin/python",
            ])
            .arg("--volume")
            .arg(format!("{}:/work:ro", home.join("e0").display()))
            .args(["--workdir", "/work", &tag, "script.py"])
            .output()
            .ok()
            .filter(|output| output.status.success())?;
        let text = String::from_utf8(output.stdout).ok()?;
        Some(began(&text).duration_since(asked).unwrap_or_default())
    };
    if run().is_none() {
        eprintln!("not measured: plain docker run (no docker client, no engine or no image)");
        return None;
    }
    eprintln!("measuring plain docker run");
    let starts = (0..STARTS / 2).filter_map(|_| run()).collect();
    let started = Instant::now();
    let done = (0..JOBS / 2).filter_map(|_| run()).count();
    let rate = done as f64 / started.elapsed().as_secs_f64();
    Some(row("docker run", starts, [Some(rate), None, None]))
}

fn row(what: &str, mut starts: Vec<Duration>, per_second: [Option<f64>; 3]) -> Row {
    starts.sort();
    let at = |share: f64| starts[((starts.len() - 1) as f64 * share).round() as usize].as_secs_f64() * 1000.0;
    Row {
        what: what.to_owned(),
        median_ms: at(0.5),
        p95_ms: at(0.95),
        per_second,
    }
}

fn print(rows: &[Row]) {
    println!(
        "{:16} {:>12} {:>10} {:>12} {:>12} {:>12}",
        "", "start median", "p95", "jobs/s, 1", "2 at once", "8 at once"
    );
    for row in rows {
        let rate = |rate: Option<f64>| rate.map_or_else(|| "-".to_owned(), |rate| format!("{rate:.2}"));
        let [one, two, eight] = row.per_second.map(rate);
        println!(
            "{:16} {:>9.0} ms {:>7.0} ms {one:>12} {two:>12} {eight:>12}",
            row.what, row.median_ms, row.p95_ms
        );
    }
}
