//! Whatever an agent does, the run ends with its findings, and the report names the agent and what is missing.

use kosmos_testing::{TestHome, added_by_agents, describe_output, read_findings_text};

/// A run with an agent that misbehaves so; what the report says of agents.
fn with(mode: &str) -> String {
    let study = TestHome::frugal_small(&format!("[agents.rogue]\nmode = \"{mode}\""));
    study.install_agent("rogue", mode);
    let output = study
        .kosmos(&["run", "run.toml"])
        .env("KOSMOS_TEST_SECRET", "this is secret")
        .output()
        .unwrap();
    assert!(
        matches!(output.status.code(), Some(0 | 3)),
        "{mode}: {}",
        describe_output(&output)
    );
    let run = study.the_run();
    let without = read_findings_text(&TestHome::frugal_small("").finish_run());
    assert_eq!(read_findings_text(&run), without, "{mode}");
    let added = added_by_agents(&run);
    assert!(added.contains("rogue"), "{mode}: {added}");
    added
}

/// Such an agent gives no answer, for that reason.
fn is_missed(mode: &str, reason: &str) {
    let added = with(mode);
    assert!(added.contains("did not answer"), "{mode}: {added}");
    assert!(added.contains("finding_drafted"), "{mode}: {added}");
    assert!(added.contains(reason), "{mode}: {added}");
}

#[test]
fn garbage() {
    is_missed("garbage", "a line that is not a JSON-RPC 2.0 object");
}

#[test]
fn half_a_line() {
    is_missed("half_line", "half a line");
}

#[test]
fn a_line_of_100_mb() {
    is_missed("long_line", "a line of more than");
}

#[test]
fn another_version() {
    is_missed("wrong_version", "it speaks protocol 2 instead of 1");
}

#[test]
fn no_handshake() {
    is_missed("no_handshake", "no answer within 5 s");
}

#[test]
fn an_answer_after_the_deadline() {
    is_missed("late", "no answer within 5 s; it is not sent to the agent again");
}

#[test]
fn an_end_in_mid_message() {
    is_missed("exit_0", "ended with exit code 0");
}

#[test]
fn a_crash_at_each_message() {
    is_missed("crash", "ended with exit code 3");
}

#[test]
fn a_crash_at_each_start() {
    is_missed("crash_at_start", "ended with exit code 1");
}

#[test]
fn a_fork_bomb() {
    let added = with("fork_bomb");
    assert!(
        added.contains("limit of processes") || added.contains("no answer within 5 s"),
        "{added}"
    );
}

#[test]
fn a_hog_of_memory() {
    is_missed("memory", "exceeded its memory limit");
}

#[test]
fn a_flood() {
    is_missed("flood", "more than 200 messages in a minute");
}

#[test]
fn an_answer_to_nothing() {
    is_missed("unasked", "answered a request that was not sent");
}

#[test]
fn an_error_of_its_own() {
    is_missed("error", "I do not want to.");
}

#[test]
fn messages_that_it_may_not_send() {
    let added = with("forbidden");
    assert!(added.contains("were refused"), "{added}");
    for told in [
        "its agent.toml does not list it under `publishes`",
        "unknown message type",
        "Additional properties are not allowed",
    ] {
        assert!(added.contains(told), "{told}: {added}");
    }
    assert!(!added.contains("Challenges"), "{added}");
}

#[test]
fn messages_for_another_run() {
    let added = with("other_run");
    assert!(added.contains("it names another run"), "{added}");
    assert!(!added.contains("For another run."), "{added}");
}

#[test]
fn it_sees_nothing_of_the_machine() {
    let added = with("snoop");
    assert!(added.contains("seen [] [] []"), "{added}");
}

#[test]
fn it_has_no_network_and_no_calls_without_permission() {
    let added = with("network");
    assert!(added.contains("['PermissionError', 'PermissionError']"), "{added}");
    assert!(added.contains("[-32001, -32001, -32001, -32001, -32601]"), "{added}");
}
