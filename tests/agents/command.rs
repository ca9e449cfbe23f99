//! `kosmos agents`.

use std::{fs, process::Command};

use kosmos_testing::{TestHome, describe_output, repository_path};
use serde_json::{Value, json};

fn document(study: &TestHome, arguments: &[&str]) -> Value {
    let output = study.run(&[arguments, &["--json"]].concat());
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", describe_output(&output)))
}

#[test]
fn list_tells_where_each_comes_from_and_what_it_may_do() {
    let study = TestHome::new();
    study.install_agent("witness", "x");
    let listed = document(&study, &["agents", "list"]);
    let agents = listed["agents"].as_array().unwrap();
    let of = |name: &str| {
        agents
            .iter()
            .find(|agent| agent["name"] == name)
            .unwrap_or_else(|| panic!("no {name}"))
    };
    for name in kosmos::message::agent::BUILT_IN {
        assert_eq!(of(name)["place"], "shipped");
        assert_eq!(of(name)["manifest"]["kind"], "builtin");
    }
    for name in ["skeptic", "literature", "reviewer"] {
        assert_eq!(of(name)["place"], "shipped");
        assert_eq!(of(name)["manifest"]["enabled"], false, "{name}");
    }
    assert_eq!(of("witness")["place"], "project");
    assert_eq!(of("witness")["manifest"]["permissions"]["sandbox"], true);
    assert_eq!(of("witness")["grant"], "granted");
    assert_eq!(of("skeptic")["grant"], "not_needed");
    let shown = study.run(&["agents", "list"]);
    assert!(
        String::from_utf8_lossy(&shown.stdout).contains("witness"),
        "{}",
        describe_output(&shown)
    );
}

#[test]
fn a_folder_that_is_no_agent_is_said_and_hides_nothing() {
    let study = TestHome::new();
    study.file("agents/broken/agent.toml", "name = \"broken\"\ncolour = 1\n");
    let listed = document(&study, &["agents", "list"]);
    assert_eq!(listed["broken"][0]["name"], "broken");
    let output = study.run(&["agents", "check", "broken"]);
    assert_eq!(output.status.code(), Some(2), "{}", describe_output(&output));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("unknown field `colour`"),
        "{}",
        describe_output(&output)
    );
}

#[test]
fn schemas_are_printed() {
    let study = TestHome::new();
    let schemas = document(&study, &["agents", "schema"]);
    assert_eq!(schemas["protocol"], 2);
    assert!(schemas["events"]["finding_drafted"]["properties"]["finding"].is_object());
    assert!(schemas["messages"]["propose_analysis"]["properties"]["exposures"].is_object());
    assert!(schemas["messages"]["challenge"]["properties"]["grounds"].is_object());
    assert!(schemas["internal"].is_null());
    assert!(document(&study, &["agents", "schema", "--internal"])["internal"].is_object());
}

fn made(kind: &str, language: &str) -> TestHome {
    let study = TestHome::new();
    let output = study.run(&["agents", "new", "my_agent", "--kind", kind, "--language", language]);
    assert_eq!(output.status.code(), Some(0), "{}", describe_output(&output));
    assert!(study.path().join("agents/my_agent/README.md").is_file());
    study
}

#[test]
fn a_new_agent_in_python_passes_its_check_its_test_and_a_trial() {
    let study = made("process", "python");
    let checked = document(&study, &["agents", "check", "my_agent"]);
    assert_eq!(checked["ok"], true, "{checked}");
    let tested = Command::new("python3")
        .args(["-m", "unittest", "test_agent.py"])
        .env("PYTHONPATH", repository_path("agents/sdk/python"))
        .current_dir(study.path().join("agents/my_agent"))
        .output()
        .unwrap();
    assert!(tested.status.success(), "{}", describe_output(&tested));
    // The event that comes with it has a finding of 20 rows.
    let trial = ["agents", "test", "my_agent", "--event", "agents/my_agent/event.json"];
    let answered = document(&study, &trial);
    assert_eq!(answered["messages"][0]["type"], "challenge", "{answered}");
    let set = [trial.as_slice(), &["--set", "agents.my_agent.fewest=10"]].concat();
    assert_eq!(document(&study, &set)["messages"], json!([]));
}

#[test]
fn a_new_agent_in_rust_builds_and_passes_its_check() {
    let study = made("process", "rust");
    let folder = study.path().join("agents/my_agent");
    let cargo = |arguments: &[&str]| {
        let built = Command::new(env!("CARGO"))
            .args(arguments)
            .env("CARGO_TARGET_DIR", study.path().join("target"))
            .current_dir(&folder)
            .output()
            .unwrap();
        assert!(built.status.success(), "{}", describe_output(&built));
    };
    cargo(&["test", "--quiet"]);
    cargo(&["build", "--quiet"]);
    fs::create_dir(folder.join("bin")).unwrap();
    fs::copy(study.path().join("target/debug/my_agent"), folder.join("bin/my_agent")).unwrap();
    let checked = document(&study, &["agents", "check", "my_agent"]);
    assert_eq!(checked["ok"], true, "{checked}");
}

#[test]
fn a_new_agent_that_is_a_prompt_passes_its_check() {
    let study = made("llm", "python");
    let checked = document(&study, &["agents", "check", "my_agent"]);
    assert_eq!(checked["ok"], true, "{checked}");
}

#[test]
fn what_cannot_be_made_is_refused_and_leaves_nothing() {
    let study = TestHome::new();
    for name in ["My-Agent", "skeptic", "supervisor", "data_analyst", "../x"] {
        let output = study.run(&["agents", "new", name, "--kind", "process"]);
        assert_eq!(output.status.code(), Some(2), "{name}: {}", describe_output(&output));
    }
    assert!(!study.path().join("agents").exists());
    study.file("agents/mine/file", "");
    let output = study.run(&["agents", "new", "mine", "--kind", "process"]);
    assert_eq!(output.status.code(), Some(2), "{}", describe_output(&output));
}

#[test]
fn a_check_that_fails_says_why() {
    let study = TestHome::new();
    study.install_agent("rogue", "x");
    let check = |mode: &str| {
        let set = format!("agents.rogue.mode={mode}");
        let output = study.run(&["agents", "check", "rogue", "--set", &set]);
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    assert_eq!(check("well").0, Some(0));
    let (code, told) = check("wrong_version");
    assert_eq!(code, Some(2));
    assert!(told.contains("it speaks protocol 2 instead of 1"), "{told}");
    assert!(check("crash_at_start").1.contains("ended with exit code 1"));
}
