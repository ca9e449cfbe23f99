//! Reading the folder of a run.

use std::{fs, path::Path};

use serde_json::Value;

/// The id of the run in that folder.
pub fn run_id(run: &Path) -> &str {
    run.file_name().unwrap().to_str().unwrap()
}

/// `findings.json` of a run.
pub fn read_findings(run: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(run.join("findings.json")).unwrap()).unwrap()
}

/// The text of `findings.json` with the run's id replaced: two runs of the same inputs differ in it alone.
pub fn read_findings_text(run: &Path) -> String {
    let text = fs::read_to_string(run.join("findings.json")).unwrap();
    assert!(text.contains(run_id(run)));
    text.replace(run_id(run), "RUN")
}

/// `report.md` of a run.
pub fn read_report(run: &Path) -> String {
    fs::read_to_string(run.join("report.md")).unwrap()
}

/// Returns what agents added to the report of a run, without the marks that keep its text from being Markdown.
pub fn added_by_agents(run: &Path) -> String {
    let report = read_report(run);
    let begin = report.find("## Contributions of agents").expect("no section on agents");
    let rest = &report[begin + 3..];
    let end = rest.find("\n## ").unwrap_or(rest.len());
    rest[..end].replace('\\', "")
}

/// The test of that kind on that pair of columns, in either order.
pub fn find_test<'a>(findings: &'a Value, kind: &str, a: &str, b: &str) -> &'a Value {
    let tests = findings["tests"].as_array().unwrap();
    tests
        .iter()
        .find(|test| {
            let pair = (test["x"].as_str().unwrap(), test["y"].as_str().unwrap());
            test["kind"] == kind && (pair == (a, b) || pair == (b, a))
        })
        .unwrap_or_else(|| panic!("no {kind} test of {a} and {b}"))
}
