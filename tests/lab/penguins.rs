//! The main job: the penguins, from the question to the report.

use std::fs;

use kosmos_testing::{TestHome, describe_output, find_test, read_findings, read_findings_text, repository_path};
use serde_json::Value;

#[test]
fn penguins_are_researched_to_the_end() {
    let home = TestHome::new();
    let output = home.run(&["run", &repository_path("examples/penguins/run.toml"), "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", describe_output(&output));
    let outcome: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(outcome["status"], "answered");
    assert!(outcome["cycles"].as_u64().unwrap() >= 2, "{outcome}");

    let run = home.the_run();
    let found = read_findings(&run);
    assert_eq!(found["schema_version"], 2);
    let mass = find_test(&found, "numeric_numeric", "flipper_length_mm", "body_mass_g");
    assert_eq!(
        (&mass["direction"], &mass["significant"], &mass["replicated"]),
        (&"+".into(), &true.into(), &true.into())
    );
    let units = &mass["effect_units"];
    assert_eq!(
        (&units["name"], &units["standardised"]["name"]),
        (&"slope".into(), &mass["effect"]["name"])
    );
    assert!((units["value"].as_f64().unwrap() - 49.7).abs() < 0.1, "{units}");
    let species = find_test(&found, "group_numeric", "species", "body_mass_g");
    assert_eq!(
        (&species["significant"], &species["direction"]),
        (&true.into(), &"Gentoo".into())
    );
    let bill = find_test(&found, "numeric_numeric", "bill_length_mm", "bill_depth_mm");
    assert!(
        bill["caveats"].as_array().unwrap().contains(&"simpson_reversal".into()),
        "{bill}"
    );
    assert!(found["shuffled_null"]["tests"].as_u64().unwrap() > 0);

    let verified = home.run(&["verify", run.file_name().unwrap().to_str().unwrap()]);
    assert_eq!(verified.status.code(), Some(0), "{}", describe_output(&verified));

    for file in [
        "run.toml",
        "journal.jsonl",
        "ledger.jsonl",
        "findings.json",
        "report.md",
        "report.html",
        "notebook.ipynb",
        "codebook.toml",
        "kosmos.log",
    ] {
        assert!(
            fs::metadata(run.join(file)).is_ok_and(|file| file.len() > 0),
            "{file} is missing or empty"
        );
    }
    for test in found["tests"].as_array().unwrap() {
        let evidence = &test["evidence"];
        let result = run
            .join("experiments")
            .join(evidence["experiment"].as_str().unwrap())
            .join("result.json");
        let result: Value = serde_json::from_str(&fs::read_to_string(result).unwrap()).unwrap();
        let part = if test["part"] == "whole" { "whole" } else { "confirm" };
        let at = format!("{}/{part}/p", evidence["locator"].as_str().unwrap());
        let judged = format!("{}/p_judged", evidence["locator"].as_str().unwrap());
        assert!(
            [result.pointer(&at), result.pointer(&judged)].contains(&Some(&test["p"])),
            "{at}"
        );
    }
    registered_before_executed(&fs::read_to_string(run.join("ledger.jsonl")).unwrap());

    for command in ["status", "report"] {
        let id = run.file_name().unwrap().to_str().unwrap();
        let output = home.run(&[command, id, "--json"]);
        assert_eq!(output.status.code(), Some(0), "{}", describe_output(&output));
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(document["status"], "answered");
    }
    let runs: Value = serde_json::from_slice(&home.run(&["runs", "--json"]).stdout).unwrap();
    assert_eq!(runs[0]["status"], "answered");
}

/// Every hypothesis is in the ledger before its script runs.
fn registered_before_executed(ledger: &str) {
    let lines: Vec<Value> = ledger.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let seq = |event: &str, id: &Value| {
        lines
            .iter()
            .find(|line| line["event"] == event && line["hypothesis"] == *id)
            .map(|line| line["seq"].as_u64().unwrap())
    };
    let mut executed = 0;
    for line in lines.iter().filter(|line| line["event"] == "executed") {
        let id = &line["hypothesis"];
        assert!(seq("registered", id).unwrap() < line["seq"].as_u64().unwrap(), "{id}");
        assert!(seq("judged", id).or_else(|| seq("untestable", id)).unwrap() > line["seq"].as_u64().unwrap());
        executed += 1;
    }
    assert!(executed >= 28, "{executed}");
}

#[test]
fn one_seed_gives_one_result_whatever_runs_at_once() {
    let short = [
        "--set",
        "budget.cycles=1",
        "--set",
        "research.shuffled_run=false",
        "--set",
        "research.permutations=49",
    ];
    gives_one_result(&["1", "5"], &short, 0);
}

/// Runs with as many experiments at once find the same.
fn gives_one_result(parallels: &[&str], settings: &[&str], code: i32) {
    let mut texts = parallels.iter().map(|parallel| {
        let home = TestHome::new();
        let set = format!("research.max_parallel={parallel}");
        let run_file = repository_path("examples/penguins/run.toml");
        // Small batches make many experiments, so that their order differs.
        let arguments = ["run", &run_file, "--set", &set, "--set", "research.batch=4"];
        let output = home.run(&[&arguments[..], settings].concat());
        assert_eq!(output.status.code(), Some(code), "{}", describe_output(&output));
        read_findings_text(&home.the_run())
    });
    let first = texts.next().unwrap();
    for other in texts {
        assert_eq!(first, other);
    }
}

mod deep {
    #[test]
    fn one_seed_gives_one_result_in_a_whole_run() {
        super::gives_one_result(&["1", "2", "5"], &[], 0);
    }
}

#[test]
fn a_spent_budget_ends_the_run_with_its_report() {
    for (set, budget, status, code) in [
        ("budget.experiments=4", "experiments", "budget_spent", 3),
        // What was asked is tested in the first cycle.
        ("budget.cycles=1", "cycles", "answered", 0),
        ("budget.wall_time=500ms", "wall_time", "budget_spent", 3),
    ] {
        let home = TestHome::new();
        let output = home.run(&[
            "run",
            &repository_path("examples/penguins/run.toml"),
            "--set",
            set,
            "--json",
        ]);
        assert_eq!(output.status.code(), Some(code), "{set}: {}", describe_output(&output));
        let outcome: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(outcome["status"], status);
        assert_eq!(outcome["reason"]["budget"], budget);
        assert_eq!(outcome["ended_by"], budget);
        let run = home.the_run();
        assert!(run.join("report.html").is_file());
        let used = fs::read_dir(run.join("experiments")).map_or(0, Iterator::count);
        assert!(budget != "experiments" || used <= 4, "{used} experiments");
    }
}
