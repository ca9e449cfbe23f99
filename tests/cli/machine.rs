//! What programs rely on: one JSON document, closed pipes, full disks.

use kosmos_testing::TestShell;
use std::process::Stdio;

#[test]
fn an_error_under_json_is_a_document_on_stdout_and_text_on_stderr() {
    let outcome = TestShell::new().kosmos(&["config", "show", "--json", "--set", "budget.cycle=2"]);
    assert_eq!(outcome.code, 2);
    let error = &outcome.json()["error"];
    assert_eq!(error["kind"], "configuration");
    assert_eq!(error["exit_code"], 2);
    assert_eq!(error["key"], "budget.cycle");
    assert_eq!(error["origin"]["flag"], "--set");
    assert_eq!(error["help"], "did you mean `budget.cycles`?");
    assert!(
        outcome.stderr.starts_with("error: unknown key `budget.cycle`"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn bad_usage_under_json_is_a_document_too() {
    let outcome = TestShell::new().kosmos(&["config", "show", "--json", "--seed", "many"]);
    assert_eq!(outcome.code, 2);
    assert_eq!(outcome.json()["error"]["kind"], "usage");
    assert!(
        outcome.stderr.starts_with("error: invalid value 'many'"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_closed_pipe_is_a_quiet_exit() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = TestShell::new()
        .command(&["config", "show"])
        .stdout(writer)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = TestShell::new()
        .command(&["config", "show"])
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .starts_with("error: cannot write to stdout")
    );
}

#[test]
fn doctor_says_what_is_there_and_what_is_not() {
    let outcome = with_python().kosmos(&["doctor", "--json"]);
    assert_eq!((outcome.code, &outcome.json()["ok"]), (0, &true.into()));
    let outcome = with_python()
        .file("file", "")
        .kosmos(&["doctor", "--home", "file", "--json"]);
    assert_eq!((outcome.code, &outcome.json()["ok"]), (5, &false.into()));
    let outcome = with_python().file("file", "").kosmos(&["doctor", "--home", "file"]);
    assert!(outcome.stdout.contains("missing  home"), "{}", outcome.stdout);
}

/// A shell that finds the Python environment that the user has already.
fn with_python() -> TestShell {
    let cache =
        std::env::var("XDG_CACHE_HOME").unwrap_or_else(|_| format!("{}/.cache", std::env::var("HOME").unwrap()));
    TestShell::new()
        .variable("XDG_CACHE_HOME", &cache)
        .variable("PATH", &std::env::var("PATH").unwrap())
}
