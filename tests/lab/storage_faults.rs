//! A disk that fails and files that are damaged, as a user meets them: what is said, with which exit code, and that nothing
//! is lost, or exactly what. The table in the README is held by these and by those of `src/journal/tests/faults.rs`.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use crate::trial::{Heuristic, Trial, finished, undisturbed_findings};
use kosmos_testing::{describe_output, kosmos_binary, read_findings_text};

/// Numbers of the system's errors.
const EIO: i32 = 5;
const ENOSPC: i32 = 28;

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn goes_on(trial: &Trial<Heuristic>, expected: &str, what: &str) {
    let output = trial.go(None);
    assert!(finished(&output), "{what}: {}", describe_output(&output));
    assert_eq!(read_findings_text(&trial.run()), expected, "{what}");
    assert_eq!(trial.done_again(), [""; 0], "{what}");
}

/// Each write that makes something last fails, once with each error, and the run is resumed when the disk is well again.
#[test]
fn a_disk_that_fails_ends_the_run_and_costs_nothing() {
    let expected = undisturbed_findings();
    for (point, error, words) in [
        ("journal.log.half", ENOSPC, "No space left on device"),
        ("journal.database.before", EIO, "Input/output error"),
        ("report.half", ENOSPC, "No space left on device"),
    ] {
        let what = format!("{point} fails with {error}");
        let trial = Trial::new(Heuristic);
        let output = trial
            .command()
            .env("KOSMOS_FAILPOINT_ERROR", format!("{point}={error}"))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(4), "{what}: {}", describe_output(&output));
        let told = stderr(&output);
        assert!(told.contains(words) && !told.contains("panicked"), "{what}: {told}");
        goes_on(&trial, &expected, &what);
    }
}

/// The same on a disk that is really full, which is a small one in memory.
#[test]
fn a_full_disk_ends_the_run_and_costs_nothing() {
    let expected = undisturbed_findings();
    let trial = Trial::new(Heuristic);
    let folder = trial.home.path();
    // A memory disk is seen by its own namespace alone, so that all of it happens in one. What fills the disk goes away.
    let script = format!(
        r#"set -e
        mkdir -p home/runs
        mount -t tmpfs -o size=24m disk home/runs
        head -c 24350k /dev/zero > home/runs/full
        set +e
        {kosmos} run run.toml --home home; echo "exit $?"
        ls -A home/runs
        rm home/runs/full
        run=$(ls home/runs | head -n 1)
        if [ -n "$run" ]; then {kosmos} resume "$run" --home home; else {kosmos} run run.toml --home home; fi
        echo "then $?"
        set -e
        cp home/runs/*/findings.json findings.json
        ls home/runs > name"#,
        kosmos = kosmos_binary().display()
    );
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", &script])
        .env("XDG_CONFIG_HOME", folder.join("config"))
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", describe_output(&output));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), stderr(&output));
    assert!(
        out.contains("exit 4") && out.contains("then 3"),
        "{}",
        describe_output(&output)
    );
    assert!(
        err.contains("No space left on device") && !err.contains("panicked"),
        "{err}"
    );
    let id = fs::read_to_string(folder.join("name")).unwrap();
    let found = fs::read_to_string(folder.join("findings.json"))
        .unwrap()
        .replace(id.trim(), "RUN");
    assert_eq!(found, expected);
}

/// A run that has died in the middle, with experiments done.
fn broken_off() -> Trial<Heuristic> {
    let counted = Trial::new(Heuristic);
    assert!(finished(&counted.go(None)));
    let points = counted.reached();
    let received: Vec<usize> = (0..points.len())
        .filter(|at| points[*at].0 == "effect.received" && points[*at].1.starts_with("experiment"))
        .collect();
    let trial = Trial::new(Heuristic);
    let output = trial.go(Some(received[received.len() / 2] + 1));
    assert!(output.status.code().is_none(), "{}", describe_output(&output));
    trial
}

fn damage(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut content = fs::read(path).unwrap();
    change(&mut content);
    fs::write(path, content).unwrap();
}

#[test]
fn a_damaged_copy_of_the_journal_is_made_whole_by_the_other() {
    let expected = undisturbed_findings();
    type Fault = (&'static str, fn(&Path));
    let faults: [Fault; 5] = [
        ("the database is damaged", |run| {
            damage(&run.join("journal/db"), |content| content[..4096].fill(0x5a));
        }),
        ("the database is gone", |run| {
            fs::remove_dir_all(run.join("journal")).unwrap()
        }),
        ("the last line of the log is torn", |run| {
            damage(&run.join("journal.jsonl"), |content| {
                content.truncate(content.len() - 7)
            });
        }),
        ("half a line follows the log", |run| {
            damage(&run.join("journal.jsonl"), |content| {
                content.extend_from_slice(b"{\"seq\":")
            });
        }),
        ("a line of the log is there twice", |run| {
            damage(&run.join("journal.jsonl"), |content| {
                let end = content.iter().position(|byte| *byte == b'\n').unwrap() + 1;
                let line = content[..end].to_vec();
                content.splice(end..end, line);
            });
        }),
    ];
    let whole = broken_off();
    for (what, fault) in faults {
        let trial = whole.copy();
        fault(&trial.run());
        let output = trial.go(None);
        assert!(finished(&output), "{what}: {}", describe_output(&output));
        assert!(
            !stderr(&output).contains("panicked"),
            "{what}: {}",
            describe_output(&output)
        );
        assert_eq!(read_findings_text(&trial.run()), expected, "{what}");
    }
}

#[test]
fn what_both_copies_have_lost_is_named_and_dropped_only_when_asked() {
    let expected = undisturbed_findings();
    let trial = broken_off();
    let run = trial.run();
    let id = run.file_name().unwrap().to_str().unwrap().to_owned();
    fs::remove_dir_all(run.join("journal")).unwrap();
    let log = fs::read_to_string(run.join("journal.jsonl")).unwrap();
    let line = log.lines().count() / 2;
    let mut lines: Vec<String> = log.lines().map(str::to_owned).collect();
    lines[line - 1] = lines[line - 1].replacen("seq", "sex", 1);
    let damaged = lines.join("\n") + "\n";
    fs::write(run.join("journal.jsonl"), &damaged).unwrap();

    let named = format!("damaged at line {line}");
    for arguments in [
        vec!["resume", &id],
        vec!["status", &id],
        vec!["verify", &id],
        vec!["resume", &id],
    ] {
        let output = trial.home.run(&arguments);
        assert_eq!(
            output.status.code(),
            Some(4),
            "{arguments:?}: {}",
            describe_output(&output)
        );
        assert!(
            stderr(&output).contains(&named),
            "{arguments:?}: {}",
            describe_output(&output)
        );
    }
    assert_eq!(
        fs::read_to_string(run.join("journal.jsonl")).unwrap(),
        damaged,
        "nothing was touched"
    );
    let pruned = trial.home.run(&["prune", "--keep", "0", "--unfinished"]);
    assert_eq!(pruned.status.code(), Some(0), "{}", describe_output(&pruned));
    assert!(
        run.exists() && describe_output(&pruned).contains("kept: ") && describe_output(&pruned).contains(&named),
        "{}",
        describe_output(&pruned)
    );
    let listed = trial.home.run(&["runs"]);
    assert_eq!(listed.status.code(), Some(0), "{}", describe_output(&listed));
    assert!(
        describe_output(&listed).contains("unreadable") && describe_output(&listed).contains(&named),
        "{}",
        describe_output(&listed)
    );
    let output = trial.home.run(&["resume", &id]);
    assert!(
        stderr(&output).contains("--drop-damaged"),
        "{}",
        describe_output(&output)
    );

    let output = trial.home.run(&["resume", &id, "--drop-damaged"]);
    assert!(finished(&output), "{}", describe_output(&output));
    assert!(
        stderr(&output).contains(&named),
        "it says what it dropped: {}",
        describe_output(&output)
    );
    assert_eq!(read_findings_text(&run), expected);

    // A run whose journal is gone altogether is not begun again.
    fs::remove_dir_all(run.join("journal")).unwrap();
    fs::write(run.join("journal.jsonl"), "").unwrap();
    let output = trial.home.run(&["resume", &id]);
    assert_eq!(output.status.code(), Some(4), "{}", describe_output(&output));
    assert!(stderr(&output).contains("backup"), "{}", describe_output(&output));
}
