//! `kosmos fork`: a run that shares another's beginning is, from there on, the run that its settings make.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use kosmos_testing::{TestHome, describe_output, read_findings_text, sample::draw_sample};
use serde_json::Value;

/// A short run of two cycles on a copy of the penguins.
fn two_cycles() -> TestHome {
    let home = TestHome::with_penguins(
        "[budget]\ncycles = 2\n[research]\nshuffled_run = false\npermutations = 99\nfollow_ups = 6\n",
    );
    begin(&home, &["run", "run.toml"]);
    home
}

/// Works on a new run to its end; its folder.
fn begin(home: &TestHome, arguments: &[&str]) -> String {
    let before = home.runs();
    let output = home.run(arguments);
    assert!(
        matches!(output.status.code(), Some(0 | 3)),
        "{}",
        describe_output(&output)
    );
    let mut made = home.runs();
    made.retain(|run| !before.contains(run));
    assert_eq!(made.len(), 1, "{made:?}");
    id(&made[0])
}

fn id(run: &Path) -> String {
    run.file_name().unwrap().to_str().unwrap().to_owned()
}

fn folder(home: &TestHome, run: &str) -> PathBuf {
    home.path().join("home/runs").join(run)
}

/// When scripts began and ended, by experiment: each execution has times of its own.
fn executions(run: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(run.join("experiments")).unwrap();
    entries
        .map(|entry| {
            let path = entry.unwrap().path();
            (id(&path), fs::read_to_string(path.join("execution.json")).unwrap())
        })
        .collect()
}

/// The cycle of an experiment.
fn cycle_of(run: &Path, experiment: &str) -> u64 {
    let path = run.join("experiments").join(experiment).join("protocol.json");
    let protocol: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    protocol["cycle"].as_u64().unwrap()
}

fn status(home: &TestHome, run: &str) -> Value {
    let output = home.run(&["status", run, "--json"]);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", describe_output(&output)))
}

/// That it is refused with that sentence, and leaves nothing.
fn refused(home: &TestHome, output: &Output, sentence: &str) {
    assert_eq!(output.status.code(), Some(2), "{}", describe_output(output));
    assert!(
        describe_output(output).contains(sentence),
        "{}",
        describe_output(output)
    );
    assert_eq!(home.runs().len(), 1, "{:?}", home.runs());
}

#[test]
fn without_a_change_it_finds_the_same_and_executes_nothing_shared_again() {
    let home = two_cycles();
    let origin = home.the_run();
    let before = executions(&origin);
    let branch = begin(&home, &["fork", &id(&origin), "--at", "2"]);
    let run = folder(&home, &branch);
    assert_eq!(read_findings_text(&run), read_findings_text(&origin));
    let after = executions(&run);
    assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    for (experiment, execution) in &before {
        let shared = cycle_of(&origin, experiment) < 2 && !is_figure(&origin, experiment);
        if shared {
            assert_eq!(after[experiment], *execution, "{experiment} was executed again");
        }
    }
    assert!(before.keys().any(|experiment| cycle_of(&origin, experiment) == 2));
    let log = fs::read_to_string(run.join("kosmos.log")).unwrap_or_default();
    assert!(!log.contains("rebuilt"), "{log}");

    let verified = home.run(&["verify", &branch, "--all"]);
    assert_eq!(verified.status.code(), Some(0), "{}", describe_output(&verified));
    let told = status(&home, &branch);
    assert_eq!(told["branch"]["run"], id(&origin).as_str());
    assert_eq!(told["branch"]["cycle"], 2);
    assert_eq!(status(&home, &id(&origin))["branch"], Value::Null);

    // What came of it can be done again, and branched from in its turn, with what it was branched from gone.
    fs::remove_dir_all(&origin).unwrap();
    let replayed = home.run(&["replay", &branch]);
    assert_eq!(replayed.status.code(), Some(0), "{}", describe_output(&replayed));
    let second = begin(&home, &["fork", &branch, "--at", "3"]);
    assert_eq!(read_findings_text(&folder(&home, &second)), read_findings_text(&run));
    assert_eq!(status(&home, &second)["branch"]["run"], branch.as_str());
    let repetition: Vec<String> = home.runs().iter().map(|run| id(run)).collect();
    let repetition = repetition
        .into_iter()
        .find(|run| *run != branch && *run != second)
        .unwrap();
    let output = home.run(&["fork", &repetition, "--at", "2"]);
    assert_eq!(output.status.code(), Some(2), "{}", describe_output(&output));
    assert!(
        describe_output(&output).contains("is a replay of"),
        "{}",
        describe_output(&output)
    );
}

fn is_figure(run: &Path, experiment: &str) -> bool {
    let path = run.join("experiments").join(experiment).join("protocol.json");
    fs::read_to_string(path).unwrap().contains("\"figures\"")
}

#[test]
fn with_other_budgets_it_finds_what_a_run_with_these_finds() {
    let home = two_cycles();
    let origin = id(&home.the_run());
    let cases = [
        ("3", ["budget.cycles=3", "budget.experiments=150"]),
        ("2", ["budget.cycles=1", "budget.tests=4000"]),
        ("2", ["research.follow_ups=9", "research.explore_ratio=0.5"]),
    ];
    let sample = draw_sample("forks_with_other_budgets", cases.len(), 1);
    for (at, settings) in sample.points.iter().map(|point| cases[*point]) {
        let set = settings.map(|setting| ["--set", setting]).concat();
        let branch = begin(&home, &[&["fork", &origin, "--at", at][..], &set].concat());
        let direct = begin(&home, &[&["run", "run.toml"][..], &set].concat());
        let (branch, direct) = (folder(&home, &branch), folder(&home, &direct));
        assert_eq!(read_findings_text(&branch), read_findings_text(&direct), "{settings:?}");
        assert_ne!(
            read_findings_text(&branch),
            read_findings_text(&folder(&home, &origin)),
            "{settings:?}"
        );
    }
}

#[test]
fn what_cannot_branch_is_refused_and_leaves_nothing() {
    let home = two_cycles();
    let origin = id(&home.the_run());
    let fork = |more: &[&str]| home.run(&[&["fork", &origin, "--at"][..], more].concat());
    for (setting, place) in [
        ("seed=7", "from its beginning"),
        ("question=\"What else?\"", "from its beginning"),
        ("research.alpha=0.01", "in cycle 1"),
        ("research.permutations=98", "in cycle 1"),
        ("research.shuffled_run=true", "in cycle 1"),
        ("budget.experiments=2", "in cycle 1"),
        ("budget.tests=2", "in cycle 1"),
        ("project=\"p\"", "in cycle 1"),
    ] {
        refused(&home, &fork(&["2", "--set", setting]), place);
    }
    refused(
        &home,
        &fork(&["3", "--set", "budget.cycles=1"]),
        "branch at cycle 2 or an earlier one",
    );
    refused(
        &home,
        &fork(&["3", "--set", "research.follow_ups=2"]),
        "branch at cycle 2 or an earlier one",
    );
    refused(&home, &fork(&["1"]), "it has cycles 2 to 3");
    refused(&home, &fork(&["4"]), "it has cycles 2 to 3");
    refused(&home, &fork(&["2", "--set", "budget.cycle=3"]), "budget.cycles");
    refused(&home, &fork(&["2", "--set", "budget.cycles=none"]), "budget.cycles");
    refused(&home, &home.run(&["fork", "nothing", "--at", "2"]), "no run `nothing`");
    home.file("penguins.csv", "species,body_mass_g\nAdelie,1\n");
    refused(&home, &fork(&["2"]), "has changed since the run");
}
