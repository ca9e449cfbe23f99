//! Killed and interrupted runs finish as if nothing had happened.

use std::{
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use kosmos::{
    graph::{EmbeddedGraph, GraphStore},
    lab::{knowledge_of, list_runs},
};

use crate::trial::{Heuristic, Trial, finished};
use kosmos_testing::{
    TestHome, describe_output, fixture::share_text, read_findings, read_findings_text, repository_path, run_id,
};

/// The findings of the penguins in small batches, undisturbed.
fn undisturbed() -> String {
    share_text("penguins-in-batches-of-six", || {
        let home = TestHome::new();
        let output = home.run(&arguments());
        assert_eq!(output.status.code(), Some(0), "{}", describe_output(&output));
        check_nobody_else_may_read(&home);
        read_findings_text(&home.the_run())
    })
}

/// A run's folder and what tells of its question, its prompts and its results are the user's alone.
fn check_nobody_else_may_read(home: &TestHome) {
    let run = home.the_run();
    let blob = std::fs::read_dir(run.join("blobs")).unwrap().next().unwrap().unwrap();
    let mut paths = vec![
        home.kosmos_home(),
        home.kosmos_home().join("runs"),
        blob.path(),
        run.clone(),
    ];
    let inside = [
        "run.toml",
        "journal.jsonl",
        "ledger.jsonl",
        "kosmos.log",
        "findings.json",
        "report.html",
        "blobs",
    ];
    paths.extend(inside.map(|name| run.join(name)));
    for path in paths {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} has the mode {mode:o}", path.display());
    }
}

fn arguments() -> [&'static str; 4] {
    // Small batches make many steps to be killed at.
    ["run", EXAMPLE, "--set", "research.batch=6"]
}

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/penguins/run.toml");

/// Of each seed.
const KILLS: usize = 10;

/// Killed at random moments, ten times for each seed, as often as a run bears before it is over. There is one seed, or
/// as many as `KOSMOS_TEST_SEEDS` says.
#[test]
fn killed_at_random_moments_it_finishes_the_same() {
    let undisturbed = Trial::new(Heuristic);
    let began = Instant::now();
    let output = undisturbed.go(None);
    let took = began.elapsed();
    assert!(finished(&output), "{}", describe_output(&output));
    let expected = read_findings_text(&undisturbed.run());
    let seed = std::env::var("KOSMOS_TEST_SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
    eprintln!("KOSMOS_TEST_SEED={seed}");
    let seeds = std::env::var("KOSMOS_TEST_SEEDS").map_or(1, |seeds| seeds.parse().unwrap());
    let (next, kills) = (AtomicU64::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let nth = next.fetch_add(1, Ordering::SeqCst);
                    if nth >= seeds {
                        break;
                    }
                    let mut random = fastrand::Rng::with_seed(seed.wrapping_add(nth));
                    let mut left = KILLS;
                    while left > 0 {
                        let done = killed_run(&mut random, left, took, &expected);
                        kills.fetch_add(done, Ordering::SeqCst);
                        left -= done;
                    }
                }
            });
        }
    });
    assert_eq!(kills.into_inner(), KILLS * seeds as usize);
}

/// A run that is killed at most so often; how often it was.
fn killed_run(random: &mut fastrand::Rng, most: usize, took: Duration, expected: &str) -> usize {
    let trial = Trial::new(Heuristic);
    let mut kills = 0;
    while kills < most {
        let mut child = trial
            .command()
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let moment = took.mul_f64(random.f64());
        if ended_within(&mut child, moment) {
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
    }
    let output = trial.go(None);
    assert!(finished(&output), "after {kills} kills: {}", describe_output(&output));
    let run = trial.run();
    assert_eq!(read_findings_text(&run), expected, "after {kills} kills");
    assert_eq!(trial.done_again(), [""; 0], "after {kills} kills");
    no_effect_twice(&run);
    graph_is_whole(&trial.home);
    kills
}

/// The graph holds what the only run has learnt, all of it and nothing else.
fn graph_is_whole(home: &TestHome) {
    let runs = list_runs(&home.path().join("home/runs")).unwrap();
    let learnt = knowledge_of(&runs[0]).unwrap();
    let graph = EmbeddedGraph::open(&home.path().join("home/graph")).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    assert_eq!(runtime.block_on(graph.dump()).unwrap(), learnt);
    assert!(learnt.len() > 20, "{}", learnt.len());
}

/// Every experiment with a receipt ran once: there is one receipt and one folder for each.
fn no_effect_twice(run: &Path) {
    let journal = std::fs::read_to_string(run.join("journal.jsonl")).unwrap();
    let mut receipts: Vec<String> = journal
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|entry| entry["record"] == "receipt")
        .map(|entry| entry["key"].as_str().unwrap().to_owned())
        .collect();
    let count = receipts.len();
    receipts.sort();
    receipts.dedup();
    assert_eq!(receipts.len(), count);
    let leftovers: Vec<_> = std::fs::read_dir(run.join("experiments"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name.to_string_lossy().starts_with('.'))
        .collect();
    assert!(leftovers.is_empty(), "{leftovers:?}");
}

#[test]
fn interrupted_it_reports_and_resumes() {
    let expected = undisturbed();
    let home = TestHome::new();
    let child = home.start(&arguments());
    wait_for(|| {
        home.runs()
            .first()
            .is_some_and(|run| journal_has(run, "experiment_finished"))
    });
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", describe_output(&output));
    let run = home.the_run();
    let stopped = read_findings(&run);
    assert_eq!(stopped["status"], "stopped");
    assert!(run.join("report.html").is_file());
    let output = home.run(&["resume", run_id(&run)]);
    assert_eq!(output.status.code(), Some(0), "{}", describe_output(&output));
    assert_eq!(read_findings_text(&run), expected);
    // A run that is over is not done again, and its ledger, which is written anew from the journal, says what it said.
    let ledger = || std::fs::read_to_string(run.join("ledger.jsonl")).unwrap();
    let before = ledger();
    for event in ["registered", "executed", "judged"] {
        assert!(
            before.contains(&format!("\"event\":\"{event}\"")),
            "no {event} in {before}"
        );
    }
    let output = home.run(&["resume", run_id(&run)]);
    assert_eq!(output.status.code(), Some(0), "{}", describe_output(&output));
    assert_eq!(read_findings_text(&run), expected);
    assert_eq!(ledger(), before);
}

#[test]
fn one_process_works_on_a_run_at_a_time() {
    let home = TestHome::new();
    let child = home.start(&arguments());
    wait_for(|| {
        home.runs()
            .first()
            .is_some_and(|run| journal_has(run, "start_research"))
    });
    let output = home.run(&["resume", run_id(&home.the_run())]);
    assert_eq!(output.status.code(), Some(2), "{}", describe_output(&output));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("in use by another process"),
        "{}",
        describe_output(&output)
    );
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
}

#[test]
fn a_database_that_is_gone_is_rebuilt_from_the_log() {
    let home = TestHome::new();
    let output = home.run(&["run", &repository_path("examples/penguins/run.toml")]);
    assert_eq!(output.status.code(), Some(0), "{}", describe_output(&output));
    let run = home.the_run();
    let expected = read_findings_text(&run);
    std::fs::remove_dir_all(run.join("journal")).unwrap();
    std::fs::remove_file(run.join("findings.json")).unwrap();
    let output = home.run(&["resume", run_id(&run)]);
    assert_eq!(output.status.code(), Some(0), "{}", describe_output(&output));
    assert_eq!(read_findings_text(&run), expected);
}

fn journal_has(run: &Path, word: &str) -> bool {
    std::fs::read_to_string(run.join("journal.jsonl")).is_ok_and(|journal| journal.contains(word))
}

fn interrupt(child: &Child) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
}

fn ended_within(child: &mut Child, time: Duration) -> bool {
    let until = Instant::now() + time;
    while Instant::now() < until {
        if child.try_wait().unwrap().is_some() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    false
}

fn wait_for(condition: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(300);
    while !condition() {
        assert!(Instant::now() < until, "it did not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}
