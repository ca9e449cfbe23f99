//! Agents and Kosmos itself are killed in mid-message, and the run comes out the same.

use kosmos_testing::{TestHome, added_by_agents, describe_output, read_findings_text};
use std::{
    fs,
    path::Path,
    process::Child,
    time::{Duration, Instant},
};

fn study(token: &str) -> TestHome {
    let study = TestHome::frugal_penguins("");
    study.install_agent("witness", token);
    study
}

/// Findings and what agents added_by_agents, of a run that nobody disturbed.
fn undisturbed() -> (String, String) {
    let study = study("undisturbed");
    let run = study.finish_run();
    let added = added_by_agents(&run);
    assert!(
        added.contains("**sustained** the check points the other way"),
        "{added}"
    );
    (read_findings_text(&run), added)
}

/// The programs of the witness that carries `token`.
fn witnesses(token: &str) -> Vec<i32> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<i32>() else {
            continue;
        };
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        if line.contains(&format!("/run/agent/agent.py {token}")) {
            found.push(pid);
        }
    }
    found
}

fn kill(pid: i32) -> bool {
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).is_ok()
}

/// Kills the agent so many times while the run goes on.
fn kill_the_agent(child: &mut Child, token: &str, kills: usize) -> usize {
    let (mut killed, began) = (0, Instant::now());
    let mut random = fastrand::Rng::with_seed(7);
    while child.try_wait().unwrap().is_none() {
        assert!(began.elapsed() < Duration::from_secs(300), "the run does not end");
        std::thread::sleep(Duration::from_millis(random.u64(20..200)));
        if killed < kills && witnesses(token).first().is_some_and(|pid| kill(*pid)) {
            killed += 1;
        }
    }
    killed
}

#[test]
fn a_plugin_that_is_killed_is_started_again_and_says_the_same() {
    let (findings, said_then) = undisturbed();
    let token = "killed-plugin";
    let study = study(token);
    let mut child = study.start(&["run", "run.toml"]);
    let killed = kill_the_agent(&mut child, token, 2);
    let output = child.wait_with_output().unwrap();
    assert!(
        matches!(output.status.code(), Some(0 | 3)),
        "{}",
        describe_output(&output)
    );
    assert_eq!(killed, 2);
    let run = study.the_run();
    assert_eq!(read_findings_text(&run), findings);
    assert_eq!(added_by_agents(&run), said_then);
}

#[test]
fn kosmos_killed_in_mid_message_and_resumed_comes_out_the_same() {
    let (findings, said_then) = undisturbed();
    let token = "killed-kosmos";
    let study = study(token);
    let mut child = study.start(&["run", "run.toml"]);
    let mut random = fastrand::Rng::with_seed(11);
    let mut kills = 0;
    while kills < 4 {
        let began = Instant::now();
        // While the agent works on a finding.
        while witnesses(token).is_empty() && child.try_wait().unwrap().is_none() {
            assert!(began.elapsed() < Duration::from_secs(120));
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(random.u64(50..600)));
        if child.try_wait().unwrap().is_some() {
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        let run = study.the_run();
        child = study.start(&["resume", run.file_name().unwrap().to_str().unwrap()]);
    }
    let output = child.wait_with_output().unwrap();
    assert!(
        matches!(output.status.code(), Some(0 | 3)),
        "{}",
        describe_output(&output)
    );
    assert!(kills > 0);
    let run = study.the_run();
    assert_eq!(read_findings_text(&run), findings);
    assert_eq!(added_by_agents(&run), said_then);
    no_effect_twice(&run);
    assert!(witnesses(token).is_empty());
}

#[test]
fn a_run_with_an_agent_is_replayed() {
    let study = study("replayed");
    let run = study.finish_run();
    let name = run.file_name().unwrap().to_str().unwrap().to_owned();
    let output = study.run(&["replay", &name]);
    assert!(
        matches!(output.status.code(), Some(0 | 3)),
        "{}",
        describe_output(&output)
    );
    let runs = study.runs();
    assert_eq!(runs.len(), 2);
    assert_eq!(read_findings_text(&runs[0]), read_findings_text(&runs[1]));
    assert_eq!(added_by_agents(&runs[0]), added_by_agents(&runs[1]));
}

/// Every effect has one receipt.
fn no_effect_twice(run: &Path) {
    let journal = fs::read_to_string(run.join("journal.jsonl")).unwrap();
    let mut keys: Vec<String> = journal
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|entry| entry["record"] == "receipt")
        .map(|entry| entry["key"].as_str().unwrap().to_owned())
        .collect();
    let count = keys.len();
    assert!(count > 0);
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), count);
}
