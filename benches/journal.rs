//! What durability costs, and what a crash costs: commits, resuming, routing, and an engine that has nothing to do.
//!
//! `cargo bench --bench journal`. Where the run's folders are put is `CARGO_TARGET_TMPDIR`, below `target`: a memory
//! disk there would make `power` mean nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout
)]

use std::{
    cell::Cell,
    fs,
    path::{Path, PathBuf},
    process::Command,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::FutureExt;
use kosmos::{
    agent::{Agent, AgentContext, AgentSpec, Handled, Handling, Registry},
    journal::{Commit, Durability, Journal, Options, Record},
    message::{AgentName, BudgetSpent, Envelope, Outgoing, Payload, agent},
    science::{EndReason, RunEnd, RunId, RunStatus},
    supervisor::{Hub, HubOptions, RestartPolicy, RunResult, StopSignal},
};

/// Events of the journal that is resumed.
const EVENTS: u64 = 100_000;

/// Bytes of the director's state.
const STATE: usize = 4 * 1024 * 1024;

/// Messages that go from agent to agent.
const MESSAGES: u64 = 20_000;

/// Tells the program to be an engine that has nothing to do, in the folder that it names.
const IDLE: &str = "KOSMOS_BENCH_IDLE";

fn main() {
    if let Some(folder) = std::env::var_os(IDLE) {
        return idle(Path::new(&folder));
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for durability in [Durability::Process, Durability::Power] {
        let (mut one, mut many) = (0.0, 0.0);
        for writers in [1, 64] {
            let rate = runtime.block_on(commits(durability, writers));
            match writers {
                1 => one = rate,
                _ => many = rate,
            }
        }
        println!("{durability:?}: 64 writers against 1: ratio {:.1}", many / one);
    }
    resume(&runtime);
    routing();
    resident();
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

fn open(folder: &Path, durability: Durability) -> Journal {
    Journal::open(folder, Options { durability }).unwrap()
}

fn run() -> RunId {
    "bench".parse().unwrap()
}

fn message(topic: u64) -> Envelope {
    let spent = BudgetSpent {
        budget: "wall_time".into(),
        detail: "the run's wall time is spent".to_owned(),
    };
    let topic = usize::try_from(topic).unwrap();
    Envelope::external(&run(), topic, agent::RESEARCH_DIRECTOR.into(), spent.into())
}

/// The commit of a step: one message handled, the next one sent, and a receipt.
fn step(n: u64) -> Commit {
    Commit {
        handled: Some((message(n).id, agent::RESEARCH_DIRECTOR.into())),
        dead: None,
        sent: vec![message(n + 1)],
        records: vec![Record::Receipt {
            key: format!("effect:{n}"),
            value: "x".repeat(200).into(),
        }],
    }
}

/// Commits a second by so many writers, each of which waits for its commit before the next.
async fn commits(durability: Durability, writers: u64) -> f64 {
    let folder = folder();
    let journal = open(folder.path(), durability);
    let each = match (durability, writers) {
        (Durability::Process, 1) => 20_000,
        (Durability::Process, _) => 1_000,
        (Durability::Power, 1) => 1_000,
        (Durability::Power, _) => 200,
    };
    let began = Instant::now();
    let tasks = (0..writers).map(|writer| {
        let journal = journal.clone();
        tokio::spawn(async move {
            let mut took = Vec::new();
            for n in 0..each {
                let at = Instant::now();
                let done = journal.commit(step(writer * 1_000_000 + n * 2)).await.unwrap();
                assert!(!done.duplicate);
                took.push(at.elapsed());
            }
            took
        })
    });
    let mut took: Vec<Duration> = futures::future::join_all(tasks)
        .await
        .into_iter()
        .flat_map(Result::unwrap)
        .collect();
    let seconds = began.elapsed().as_secs_f64();
    took.sort();
    let rate = took.len() as f64 / seconds;
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "{durability:?}, {writers} writers: {rate:.0} commits a second, p50 {:.3} ms, p99 {:.3} ms",
        at(0.5),
        at(0.99)
    );
    rate
}

/// Time from opening the folder of a killed run to the state that it goes on from, and bytes per event.
fn resume(runtime: &tokio::runtime::Runtime) {
    let folder = folder();
    runtime.block_on(async {
        let journal = open(folder.path(), Durability::Process);
        journal.commit(Commit::of_message(message(0))).await.unwrap();
        let mut n = 0;
        let mut kept = false;
        while journal.last_seq() < EVENTS {
            // The director's last one, as far back as it can be: see `is_due`.
            if !kept && journal.last_seq() >= EVENTS * 2 / 3 {
                kept = true;
                let sha256 = journal.blobs().put(&vec![b'x'; STATE]).unwrap();
                let snapshot = Record::Snapshot { after: 0, sha256 };
                journal.commit(Commit::of_record(snapshot)).await.unwrap();
            }
            let together = (n..n + 256).map(|n| journal.commit(step(n)));
            futures::future::join_all(together).await;
            n += 256;
        }
    });
    // The writer puts the last of it into the database and lets go.
    std::thread::sleep(Duration::from_secs(1));
    let bytes: u64 = size(folder.path());
    let log = fs::metadata(folder.path().join("journal.jsonl")).unwrap().len();
    for (what, gone) in [("both copies whole", false), ("the database gone", true)] {
        if gone {
            fs::remove_dir_all(folder.path().join("journal")).unwrap();
        }
        let began = Instant::now();
        let journal = open(folder.path(), Durability::Process);
        let opened = began.elapsed().as_secs_f64();
        let pending = journal.pending_messages().unwrap().len();
        let director: AgentName = agent::RESEARCH_DIRECTOR.into();
        let (_, since) = journal.latest_snapshot_and_since(&director).unwrap();
        let events = journal.last_seq();
        println!(
            "resume of {events} events, {what}: {:.2} s, of which the journal opens in {opened:.2} s ({pending} waits, {} \
             handled since the last snapshot)",
            began.elapsed().as_secs_f64(),
            since.len()
        );
        drop(journal);
        std::thread::sleep(Duration::from_secs(1));
    }
    println!(
        "bytes per event: {} in journal.jsonl, {} in all",
        log / EVENTS,
        bytes / EVENTS
    );
}

fn size(folder: &Path) -> u64 {
    fs::read_dir(folder)
        .unwrap()
        .flatten()
        .map(|entry| match entry.file_type().unwrap().is_dir() {
            true => size(&entry.path()),
            false => entry.metadata().unwrap().len(),
        })
        .sum()
}

/// Answers each message with one to the other, and ends the run after the last.
struct Ball {
    to: &'static str,
    left: Rc<Cell<u64>>,
}

impl Agent<Payload> for Ball {
    fn handle(self: Rc<Self>, _: Envelope, _: AgentContext) -> Handling {
        async move {
            self.left.set(self.left.get().saturating_sub(1));
            if self.left.get() == 0 {
                let end = RunEnd {
                    status: RunStatus::Answered,
                    reason: EndReason::Complete,
                    message: "done".to_owned(),
                };
                return Ok(Outgoing::new(agent::SUPERVISOR, end).into());
            }
            let spent = BudgetSpent {
                budget: "b".into(),
                detail: "d".to_owned(),
            };
            Ok(Handled::from(Outgoing::new(self.to, spent)))
        }
        .boxed_local()
    }
}

/// Messages a second through the supervisor, each committed before it is delivered, with 1 and with 64 on their way.
fn routing() {
    for balls in [1, 64] {
        let folder = folder();
        let seconds = actix::System::new().block_on(async {
            let journal = open(folder.path(), Durability::Process);
            for n in 0..balls {
                journal.commit(Commit::of_message(message(n))).await.unwrap();
            }
            let mut registry = Registry::default();
            for (name, to) in [
                (agent::RESEARCH_DIRECTOR, agent::DATA_ANALYST),
                (agent::DATA_ANALYST, agent::RESEARCH_DIRECTOR),
            ] {
                let spec = AgentSpec::new(Duration::from_secs(60), move || {
                    let left = Rc::new(Cell::new(MESSAGES / 2));
                    Ok(Rc::new(Ball { to, left }) as Rc<dyn Agent<Payload>>)
                });
                registry.register(name, spec.with_concurrency(64));
            }
            let began = Instant::now();
            work(folder.path(), journal, &registry, None).await;
            began.elapsed().as_secs_f64()
        });
        println!(
            "supervisor, {balls} messages at once: {:.0} messages a second",
            MESSAGES as f64 / seconds
        );
    }
}

async fn work(folder: &Path, journal: Journal, registry: &Registry, wall: Option<Duration>) {
    let options = HubOptions {
        policy: RestartPolicy::default(),
        wall_left: wall,
        drain: Duration::from_secs(5),
        observer: Arc::new(|_| {}),
    };
    let hub = Hub::new(run(), Arc::from(folder), journal, registry, options);
    let result = hub.run_to_end(&StopSignal::default()).await.unwrap();
    assert!(matches!(result, RunResult::Ended(_)), "{result:?}");
}

/// Waits for what never comes, and ends the run when its time is over.
struct Patient;

impl Agent<Payload> for Patient {
    fn handle(self: Rc<Self>, message: Envelope, _: AgentContext) -> Handling {
        async move {
            if message.cause.is_none() && message.id == self::message(7).id {
                std::future::pending::<()>().await;
            }
            let end = RunEnd {
                status: RunStatus::Answered,
                reason: EndReason::Complete,
                message: "done".to_owned(),
            };
            Ok(Outgoing::new(agent::SUPERVISOR, end).into())
        }
        .boxed_local()
    }
}

/// Six agents, one of them with a message that takes for ever.
fn idle(folder: &Path) {
    actix::System::new().block_on(async {
        let journal = open(folder, Durability::Process);
        journal.commit(Commit::of_message(message(7))).await.unwrap();
        let mut registry = Registry::default();
        for name in agent::BUILT_IN {
            let spec = AgentSpec::new(Duration::from_secs(600), || {
                Ok(Rc::new(Patient) as Rc<dyn Agent<Payload>>)
            });
            registry.register(name, spec.with_concurrency(2));
        }
        work(folder, journal, &registry, Some(Duration::from_secs(3))).await;
    });
}

/// Memory that an engine takes which has nothing to do, without the research itself.
fn resident() {
    let folder = folder();
    let program: PathBuf = std::env::current_exe().unwrap();
    let mut child = Command::new(program).env(IDLE, folder.path()).spawn().unwrap();
    std::thread::sleep(Duration::from_secs(2));
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let of = |name: &str| -> f64 {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
    };
    println!(
        "idle engine, six agents: {:.1} MB resident, of which {:.1} MB are its own and not the program file's",
        of("VmRSS:"),
        of("RssAnon:")
    );
    assert!(child.wait().unwrap().success());
}
