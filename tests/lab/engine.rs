//! Whole runs in containers of a real engine.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Command, Output},
    thread,
    time::{Duration, Instant},
};

use kosmos_testing::{
    TestHome, describe_output, fixture::share_text, read_findings_text, repository_path, sample::is_deep_tier,
    service::find_container_engine, service::find_engine_folder,
};

/// The flags of a run on the penguins: its first cycle, or all of it in the deep tier. Small batches make many
/// containers.
fn arguments<'a>(example: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    const WHOLE: &[&str] = &["--set", "research.batch=6"];
    const SHORT: &[&str] = &[
        "--set",
        "research.batch=3",
        "--set",
        "budget.cycles=1",
        "--set",
        "research.shuffled_run=false",
        "--set",
        "research.permutations=49",
    ];
    let flags = if is_deep_tier() { WHOLE } else { SHORT };
    [&["run", example], flags, more].concat()
}

/// The findings of such a run in processes, undisturbed.
fn undisturbed() -> String {
    share_text("penguins-in-containers", || {
        let home = TestHome::new();
        let output = home.run(&arguments(&repository_path("examples/penguins/run.toml"), &[]));
        assert_eq!(output.status.code(), Some(0), "{}", describe_output(&output));
        read_findings_text(&home.the_run())
    })
}

fn by_docker(engine: &str) -> String {
    format!("sandbox.engine={engine}")
}

fn docker(engine: &str, arguments: &[&str]) -> Output {
    Command::new("docker")
        .args(["--host", engine])
        .args(arguments)
        .output()
        .unwrap()
}

/// Containers and volumes that this test's processes have made and not removed.
fn left_behind(engine: &str) -> BTreeSet<String> {
    let label = "label=org.kosmos.owner";
    let mut left = BTreeSet::new();
    for listing in [
        &["ps", "--all", "--quiet", "--filter", label][..],
        &["volume", "ls", "--quiet", "--filter", label],
    ] {
        let text = docker(engine, listing).stdout;
        left.extend(String::from_utf8(text).unwrap().lines().map(str::to_owned));
    }
    left
}

#[test]
fn containers_and_processes_find_the_same() {
    let Some(engine) = find_container_engine() else { return };
    let home = TestHome::new();
    let example = repository_path("examples/penguins/run.toml");
    let set = by_docker(&engine);
    let before = left_behind(&engine);
    let output = home.run(&arguments(
        &example,
        &["--set", "sandbox.backend=docker", "--set", &set],
    ));
    assert_eq!(output.status.code(), Some(0), "{}", describe_output(&output));
    let run = home.the_run();
    assert_eq!(read_findings_text(&run), undisturbed());
    assert_eq!(left_behind(&engine), before);
    let journal = fs::read_to_string(run.join("journal.jsonl")).unwrap();
    assert!(
        journal.contains(r#""images":{"python":"sha256:"#),
        "the image is in the journal by its digest"
    );
}

/// Two faults in one run: kosmos is killed, and its containers are left; and while the resumed run works,
/// the engine is stopped and started again.
#[test]
fn a_killed_kosmos_and_a_restarted_engine_change_nothing() {
    let Some(engine) = find_container_engine() else { return };
    let Some(folder) = find_engine_folder() else { return };
    let expected = undisturbed();
    let before = left_behind(&engine);
    let home = TestHome::new();
    let example = repository_path("examples/penguins/run.toml");
    let set = by_docker(&engine);
    let mut child = home.start(&arguments(
        &example,
        &["--set", "sandbox.backend=docker", "--set", &set],
    ));
    until(|| home.runs().first().is_some_and(|run| finished(run) > 1));
    child.kill().unwrap();
    child.wait().unwrap();

    let run = home.the_run();
    let name = run.file_name().unwrap().to_str().unwrap().to_owned();
    let child = home.start(&["resume", &name]);
    let done = finished(&run);
    until(|| finished(&run) > done);
    let restarted = Command::new(repository_path("tests/engine"))
        .args(["restart", &folder])
        .output()
        .unwrap();
    assert!(restarted.status.success(), "{}", describe_output(&restarted));
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", describe_output(&output));
    assert_eq!(read_findings_text(&run), expected);
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("the container engine does not answer"),
        "the engine was away and nobody noticed: {}",
        describe_output(&output)
    );
    // The resumed run has removed what the killed one had left, and its own.
    assert_eq!(left_behind(&engine), before);
}

#[test]
fn a_missing_engine_is_said_and_replaced_by_nothing() {
    let home = TestHome::new();
    let example = repository_path("examples/penguins/run.toml");
    let nowhere = format!("sandbox.engine=unix://{}", home.path().join("none.sock").display());
    let output = home.run(&arguments(
        &example,
        &["--set", "sandbox.backend=docker", "--set", &nowhere],
    ));
    assert_eq!(output.status.code(), Some(5), "{}", describe_output(&output));
    let text = String::from_utf8_lossy(&output.stderr);
    for part in [
        "no container engine at unix://",
        "none.sock",
        "systemctl start docker",
        "`process`",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(home.runs().is_empty());
}

/// Experiments that have left their folder.
fn finished(run: &Path) -> usize {
    let Ok(entries) = fs::read_dir(run.join("experiments")) else {
        return 0;
    };
    entries
        .flatten()
        .filter(|entry| entry.path().join("execution.json").exists())
        .count()
}

fn until(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !condition() {
        assert!(Instant::now() < deadline, "not within two minutes");
        thread::sleep(Duration::from_millis(20));
    }
}

mod deep {
    use super::*;

    /// The examples that need no more than their data.
    const EXAMPLES: [&str; 7] = [
        "breast-cancer/run.toml",
        "election-1996/run.toml",
        "penguins/run.toml",
        "quick/run.toml",
        "survey/run.toml",
        "trial/run.toml",
        "project/run.toml",
    ];

    #[test]
    fn every_example_finds_the_same_in_containers() {
        let Some(engine) = find_container_engine() else { return };
        let sets = ["--set", "sandbox.backend=docker", "--set", &by_docker(&engine)];
        let before = left_behind(&engine);
        for example in EXAMPLES {
            let run_file = repository_path(&format!("examples/{example}"));
            let texts = [&[][..], &sets].map(|sets| {
                let home = TestHome::new();
                let output = home.run(&[&["run", &run_file], sets].concat());
                assert!(
                    matches!(output.status.code(), Some(0 | 3)),
                    "{example}: {}",
                    describe_output(&output)
                );
                read_findings_text(&home.the_run())
            });
            assert!(texts[0] == texts[1], "{example}");
        }
        assert_eq!(left_behind(&engine), before);
    }
}
