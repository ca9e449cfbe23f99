//! `kosmos verify`: a run's evidence holds, and whatever is tampered with is named.

use std::{fs, path::Path, process::Output};

use kosmos_testing::{TestHome, describe_output, read_findings};
use serde_json::Value;

/// A short run on a copy of the penguins.
pub fn penguins() -> TestHome {
    let home = TestHome::with_penguins("[budget]\ncycles = 1\n[research]\nshuffled_run = false\npermutations = 99\n");
    let output = home.run(&["run", "run.toml"]);
    assert!(
        matches!(output.status.code(), Some(0 | 3)),
        "{}",
        describe_output(&output)
    );
    home
}

fn verified(home: &TestHome, more: &[&str]) -> Output {
    let run = home.the_run();
    let id = run.file_name().unwrap().to_str().unwrap();
    home.run(&[&["verify", id][..], more].concat())
}

/// The problems that are named, as `place: problem`.
fn problems(home: &TestHome) -> Vec<String> {
    let output = verified(home, &["--json"]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", describe_output(&output)));
    let problems: Vec<String> = told["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| format!("{}: {}", it["place"].as_str().unwrap(), it["problem"].as_str().unwrap()))
        .collect();
    assert_eq!(
        output.status.code(),
        Some(if problems.is_empty() { 0 } else { 4 }),
        "{}",
        describe_output(&output)
    );
    assert_eq!(told["holds"], problems.is_empty());
    problems
}

/// Changes a digit somewhere behind `after`, so that it is still what it was but for a number.
fn change_a_digit(path: &Path, after: &str) {
    let mut text = fs::read_to_string(path).unwrap();
    let from = text
        .find(after)
        .unwrap_or_else(|| panic!("no {after} in {}", path.display()))
        + after.len();
    let at = from + text[from..].find(|letter: char| letter.is_ascii_digit()).unwrap();
    let other = if &text[at..=at] == "7" { "8" } else { "7" };
    text.replace_range(at..=at, other);
    fs::write(path, text).unwrap();
}

#[test]
fn a_run_holds_and_its_scripts_give_the_same_again() {
    let home = penguins();
    let output = verified(&home, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", describe_output(&output));
    assert!(
        describe_output(&output).contains("every check passed"),
        "{}",
        describe_output(&output)
    );
    let output = verified(&home, &["--all", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", describe_output(&output));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(told["executed"].as_u64() >= told["findings"].as_u64(), "{told}");
    assert!(told["findings"].as_u64().unwrap() > 0, "{told}");
    assert_eq!(told["tolerance"], Value::Null);
}

#[test]
fn whatever_is_tampered_with_is_named() {
    let home = penguins();
    let run = home.the_run();
    let found = read_findings(&run);
    let evidence = &found["findings"][0]["evidence"];
    let experiment = format!("experiments/{}", evidence["experiment"].as_str().unwrap());
    let table = fs::read_dir(run.join("experiments"))
        .unwrap()
        .map(|entry| entry.unwrap().path().join("table.parquet"))
        .find(|path| path.exists())
        .unwrap();
    let table = table.strip_prefix(&run).unwrap().display().to_string();

    // The place, what is searched for in it, and what is said of it.
    let cases = [
        (
            format!("{experiment}/result.json"),
            "\"p\"",
            "it is not what the run recorded",
        ),
        (
            format!("{experiment}/script.py"),
            "PROTOCOL",
            "it is not what the run recorded",
        ),
        (
            "findings.json".to_owned(),
            "\"q\"",
            "is not what the run's evidence gives",
        ),
        ("report.md".to_owned(), "## ", "is not what the run's evidence gives"),
        ("report.html".to_owned(), "<h2", "is not what the run's evidence gives"),
        (
            "notebook.ipynb".to_owned(),
            "cells",
            "is not what the run's evidence gives",
        ),
    ];
    for (place, after, expected) in &cases {
        let path = run.join(place);
        let before = fs::read(&path).unwrap();
        change_a_digit(&path, after);
        let problems = problems(&home);
        assert!(
            problems
                .iter()
                .any(|it| it.starts_with(&format!("{place}: ")) && it.contains(expected)),
            "{place}: {problems:?}"
        );
        fs::write(&path, before).unwrap();
    }

    let path = run.join(&table);
    let before = fs::read(&path).unwrap();
    let mut bytes = before.clone();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).unwrap();
    let named = problems(&home);
    assert!(named.iter().any(|it| it.starts_with(&table)), "{named:?}");
    fs::write(&path, before).unwrap();

    let data = home.path().join("penguins.csv");
    let before = fs::read(&data).unwrap();
    change_a_digit(&data, "Adelie");
    let named = problems(&home);
    assert!(
        named
            .iter()
            .any(|it| it.contains("the table has changed since the run")),
        "{named:?}"
    );
    fs::write(&data, before).unwrap();

    fs::remove_file(run.join("report.md")).unwrap();
    let named = problems(&home);
    assert!(
        named.iter().any(|it| it.starts_with("report.md: it cannot be read")),
        "{named:?}"
    );

    // Mended, it holds again.
    let id = run.file_name().unwrap().to_str().unwrap();
    assert!(home.run(&["report", id]).status.success());
    assert_eq!(problems(&home), Vec::<String>::new());
}

#[test]
fn a_run_that_has_not_ended_or_is_none_is_refused() {
    let home = TestHome::new();
    let output = home.run(&["verify", "nothing"]);
    assert_eq!(output.status.code(), Some(2), "{}", describe_output(&output));
    assert!(
        describe_output(&output).contains("there is no run `nothing`"),
        "{}",
        describe_output(&output)
    );
}
