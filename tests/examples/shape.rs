//! A run of an example, and what holds of every one.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use kosmos_testing::{TestHome, describe_output, read_findings, repository_path, schema::assert_findings_are_valid};
use serde_json::Value;

/// A run that has ended.
pub struct Ran {
    /// What the command printed.
    pub outcome: Value,
    /// `findings.json`.
    pub found: Value,
    /// `report.md`.
    pub report: String,
}

/// Runs a run file of `examples/` with more flags, to the end, with that exit code.
pub fn run(home: &TestHome, run_file: &str, more: &[&str], code: i32) -> Ran {
    let run_file = repository_path(&format!("examples/{run_file}"));
    let mut arguments = vec!["run", run_file.as_str(), "--json"];
    arguments.extend(more);
    let output = home.run(&arguments);
    assert_eq!(output.status.code(), Some(code), "{}", describe_output(&output));
    let outcome: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", describe_output(&output)));
    let folder = folder(&outcome);
    let found = read_findings(&folder);
    has_the_shape(&found);
    for file in ["report.html", "notebook.ipynb", "ledger.jsonl", "run.toml"] {
        let size = fs::metadata(folder.join(file)).map_or(0, |file| file.len());
        assert!(size > 0, "{file} is missing or empty");
    }
    let report = fs::read_to_string(folder.join("report.md")).unwrap();
    let verified = home.run(&["verify", folder.file_name().unwrap().to_str().unwrap()]);
    assert_eq!(verified.status.code(), Some(0), "{}", describe_output(&verified));
    Ran { outcome, found, report }
}

/// The run's folder.
fn folder(outcome: &Value) -> PathBuf {
    let findings = Path::new(outcome["findings_json"].as_str().unwrap());
    findings.parent().unwrap().to_owned()
}

/// What programs may rely on in `findings.json`.
fn has_the_shape(found: &Value) {
    assert_eq!(found["schema_version"], 2);
    assert_findings_are_valid(found);
    assert!(!found["question"].as_str().unwrap().is_empty());
    let statuses = ["answered", "not_answerable", "budget_spent"];
    assert!(
        statuses.contains(&found["status"].as_str().unwrap()),
        "{}",
        found["status"]
    );
    let null = &found["shuffled_null"];
    assert!(
        null.is_null() || null["tests"].is_u64() && null["findings"].is_u64(),
        "{null}"
    );
    for test in tests(found) {
        for text in ["id", "x", "y", "kind", "test", "wording", "statement"] {
            assert!(
                test[text].as_str().is_some_and(|text| !text.is_empty()),
                "{text} of {test}"
            );
        }
        assert!((0.0..=1.0).contains(&test["p"].as_f64().unwrap()), "{test}");
        assert!(
            test["q"].as_f64().unwrap() >= 0.0 && test["n"].as_u64().unwrap() > 0,
            "{test}"
        );
        assert!(
            test["effect"]["name"].is_string() && test["caveats"].is_array(),
            "{test}"
        );
        assert!(
            test["evidence"]["locator"]
                .as_str()
                .is_some_and(|at| at.starts_with('/')),
            "{test}"
        );
        let words = test["wording"].as_str().unwrap();
        if !test["significant"].as_bool().unwrap() {
            assert!(["suggestive", "no detectable association"].contains(&words), "{test}");
        }
    }
    let relations: BTreeSet<&str> = found["relations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|relation| relation["id"].as_str().unwrap())
        .collect();
    assert!(
        tests(found)
            .iter()
            .all(|test| relations.contains(test["relation"].as_str().unwrap())),
        "every test belongs to a relation"
    );
    let answer = &found["answer"];
    let answered = answer["relations"].as_array().unwrap();
    assert!(
        answered.iter().all(|id| relations.contains(id.as_str().unwrap())),
        "{answer}"
    );
    assert!(!answer["text"].as_str().unwrap().is_empty(), "{answer}");
    let ids = |list: &str| -> BTreeSet<&str> {
        let list = found[list].as_array().unwrap().iter();
        list.map(|test| test["id"].as_str().unwrap()).collect()
    };
    assert!(ids("findings").is_subset(&ids("tests")));
    assert_eq!(ids("tests").len(), tests(found).len(), "one id twice");
}

/// All tests.
pub fn tests(found: &Value) -> &[Value] {
    found["tests"].as_array().unwrap()
}

/// Both columns, in the order of the alphabet.
pub fn pair(test: &Value) -> (&str, &str) {
    let (x, y) = (test["x"].as_str().unwrap(), test["y"].as_str().unwrap());
    (x.min(y), x.max(y))
}

/// The pairs of columns among the findings.
pub fn found_pairs(found: &Value) -> BTreeSet<(&str, &str)> {
    found["findings"].as_array().unwrap().iter().map(pair).collect()
}

/// Whether the test has that caveat.
pub fn has(test: &Value, caveat: &str) -> bool {
    test["caveats"].as_array().unwrap().contains(&caveat.into())
}
