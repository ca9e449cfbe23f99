//! `journal.durability = "power"`, by the system calls that the process makes.

use std::{collections::HashMap, fs, path::Path, process::Command};

use crate::trial::{Heuristic, Trial, finished};
use kosmos_testing::service::find_service;

/// A call of the trace that ended well: its name, and what is in its parentheses.
struct Call {
    name: String,
    arguments: String,
}

/// The calls of a short run, in order.
fn trace(durability: &str) -> Option<(Trial<Heuristic>, Vec<Call>)> {
    let strace = find_service("KOSMOS_TEST_STRACE", "strace")?;
    let trial = Trial::new(Heuristic);
    let inner = trial.command();
    let file = trial.home.path().join("trace");
    let mut command = Command::new(strace);
    command
        .args(["--follow-forks", "--decode-fds=path", "--string-limit=64", "--output"])
        .arg(&file)
        .args(["--trace=write,fsync,fdatasync,rename,renameat,renameat2", "--"])
        .arg(inner.get_program())
        .args(inner.get_args())
        .args(["--set", &format!("journal.durability={durability}")])
        .current_dir(trial.home.path());
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let output = command.output().unwrap();
    assert!(finished(&output), "{}", kosmos_testing::describe_output(&output));
    Some((trial, calls(&fs::read_to_string(file).unwrap())))
}

/// The calls of a trace in which a line is `PID CALL`; one that another thread's interrupts counts where it ends.
fn calls(trace: &str) -> Vec<Call> {
    let (mut begun, mut calls) = (HashMap::new(), Vec::new());
    for line in trace.lines() {
        let Some((pid, rest)) = line.split_once(' ') else {
            continue;
        };
        let rest = rest.trim_start();
        if let Some(first) = rest.strip_suffix(" <unfinished ...>") {
            begun.insert(pid, first);
            continue;
        }
        let whole = match rest.strip_prefix("<... ").and_then(|rest| rest.split_once(" resumed>")) {
            Some((_, second)) => format!("{}{second}", begun.remove(pid).unwrap()),
            None => rest.to_owned(),
        };
        let Some((call, result)) = whole.rsplit_once(" = ") else {
            continue;
        };
        if let Some((name, arguments)) = call.split_once('(')
            && !result.starts_with('-')
        {
            calls.push(Call {
                name: name.to_owned(),
                arguments: arguments.to_owned(),
            });
        }
    }
    calls
}

/// The file that a call is about.
fn file(call: &Call) -> &str {
    let after = call.arguments.split_once('<').unwrap_or_default().1;
    after.split_once('>').unwrap_or_default().0
}

/// The paths of a renaming. Each is a text, which may follow the descriptor of the folder that it is relative to.
fn paths(call: &Call) -> (String, String) {
    let parts: Vec<&str> = call.arguments.split('"').collect();
    let path = |at: usize| {
        let folder = parts[at - 1]
            .rsplit_once('<')
            .and_then(|(_, path)| path.split_once('>'));
        let folder = folder.map_or("", |(path, _)| path);
        Path::new(folder).join(parts[at]).to_str().unwrap().to_owned()
    };
    (path(1), path(3))
}

#[test]
fn what_counts_is_on_the_disk_before_it_counts() {
    let Some((trial, calls)) = trace("power") else { return };
    let run = trial.run();
    let run = run.to_str().unwrap();
    let log = format!("{run}/journal.jsonl");
    let is_sync = |call: &Call| call.name == "fsync" || call.name == "fdatasync";

    // Each write to the log is synced before the next one.
    let of_log: Vec<&Call> = calls.iter().filter(|call| file(call) == log).collect();
    let writes = of_log.iter().filter(|call| call.name == "write").count();
    assert!(writes >= 10, "{writes}");
    // The points of the tests part each write into halves, so that two may come before the sync.
    let mut waiting = 0;
    for call in of_log {
        match is_sync(call) {
            true => waiting = 0,
            false => waiting += 1,
        }
        assert!(waiting <= 2, "a third write to the log before the first was synced");
    }
    assert_eq!(waiting, 0, "the last write to the log was not synced");

    // What is renamed into its place was synced before, and the folder after.
    let mut places = 0;
    for (at, call) in calls.iter().enumerate() {
        if !call.name.starts_with("rename") {
            continue;
        }
        let (from, to) = paths(call);
        let of_the_run = |kind: &str| to.starts_with(&format!("{run}/{kind}/"));
        if !of_the_run("experiments") && !of_the_run("blobs") && to != run {
            continue;
        }
        places += 1;
        let before = &calls[..at];
        let synced = |path: &str| before.iter().any(|call| is_sync(call) && file(call) == path);
        assert!(synced(&from), "{from} was not synced before it was placed");
        if of_the_run("experiments") {
            for name in ["script.py", "execution.json", "result.json", "stdout.txt"] {
                let inside = format!("{from}/{name}");
                let there = Path::new(&to).join(name).exists();
                assert!(
                    !there || synced(&inside),
                    "{inside} was not synced before it was placed"
                );
            }
        }
        let folder = to.rsplit_once('/').unwrap().0;
        // Before the journal goes on: its next write is the receipt at the earliest, or another's.
        let after = calls[at..].iter().any(|call| is_sync(call) && file(call) == folder);
        assert!(after, "{folder} was not synced after {to} was placed in it");
    }
    assert!(places >= 4, "{places}");
}

#[test]
fn nothing_waits_for_the_disk_where_the_process_alone_counts() {
    let Some((trial, calls)) = trace("process") else { return };
    let log = format!("{}/journal.jsonl", trial.run().display());
    let syncs: Vec<&Call> = calls
        .iter()
        .filter(|call| call.name != "write" && file(call) == log)
        .collect();
    assert!(syncs.is_empty(), "{}", syncs.len());
    assert!(calls.iter().any(|call| call.name == "write" && file(call) == log));
}
