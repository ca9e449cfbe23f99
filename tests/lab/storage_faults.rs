//! A disk that fails and files that are damaged, as a user meets them: what is said, with which exit code, and that
//! nothing is lost, or exactly what. The table in the README is held by these and by those of
//! `src/journal/tests/faults.rs`.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::trial::{Heuristic, Trial, finished, undisturbed_findings};
use kosmos_testing::{describe_output, kosmos_binary, read_findings_text, sample::draw_sample};

/// Numbers of the system's errors.
const EPERM: i32 = 1;
const EIO: i32 = 5;
const EACCES: i32 = 13;
const ENOSPC: i32 = 28;
const EROFS: i32 = 30;

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn goes_on(trial: &Trial<Heuristic>, expected: &str, what: &str) {
    let output = trial.go(None);
    assert!(finished(&output), "{what}: {}", describe_output(&output));
    assert_eq!(read_findings_text(&trial.run()), expected, "{what}");
    assert_eq!(trial.done_again(), [""; 0], "{what}");
}

/// Each step that reads or writes something of a run fails with an error of the disk, and the run is resumed when the
/// disk is well again.
#[test]
fn a_disk_that_fails_ends_the_run_and_costs_nothing() {
    let expected = undisturbed_findings();
    let faults = [
        ("journal.log.half", ENOSPC, "No space left on device"),
        ("blob.half", EACCES, "Permission denied"),
        ("experiment.clear", EROFS, "Read-only file system"),
        ("experiment.create", EPERM, "Operation not permitted"),
        ("journal.database.before", EIO, "Input/output error"),
        ("experiment.write", EACCES, "Permission denied"),
        ("experiment.keep", EIO, "Input/output error"),
        ("blob.read", EIO, "Input/output error"),
        ("result.read", EACCES, "Permission denied"),
        ("report.half", ENOSPC, "No space left on device"),
    ];
    let sample = draw_sample("disk_faults", faults.len(), 5);
    for nth in &sample.points {
        let (point, error, words) = faults[*nth];
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
        assert!(told.contains("`kosmos resume`"), "{what}: {told}");
        goes_on(&trial, &expected, &what);
        sample.record_passed(*nth);
    }
}

/// The folder of the experiments becomes read-only in the middle of a run, and stays so for a while.
#[test]
fn a_folder_that_becomes_read_only_ends_the_run_and_costs_nothing() {
    let expected = undisturbed_findings();
    let trial = Trial::new(Heuristic);
    let folder = trial.home.path();
    // The journal's files stay open for writing, so that only the part below can be mounted again.
    let script = format!(
        r#"{kosmos} run run.toml --home home & run=$!
        until ls -d home/runs/*/experiments/e-* >/dev/null 2>&1; do sleep 0.02; done
        experiments=$(ls -d home/runs/*/experiments)
        mount --bind "$experiments" "$experiments" && mount -o remount,bind,ro "$experiments" || exit 9
        wait $run; echo "exit $?"
        {kosmos} resume "$(ls home/runs)" --home home; echo "still $?"
        umount "$experiments" || exit 9
        {kosmos} resume "$(ls home/runs)" --home home; echo "then $?""#,
        kosmos = kosmos_binary().display()
    );
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", &script])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", describe_output(&output));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), stderr(&output));
    for end in ["exit 4", "still 4"] {
        assert!(out.contains(end), "{}", describe_output(&output));
    }
    assert!(
        out.contains("then 0") || out.contains("then 3"),
        "{}",
        describe_output(&output)
    );
    assert!(
        err.contains("Read-only file system") && err.contains("mount that disk writable again"),
        "{err}"
    );
    assert_eq!(read_findings_text(&trial.run()), expected);
}

/// Folders of experiments are deleted or changed while nothing runs: the next process makes them again, byte by byte.
#[test]
fn lost_experiments_are_run_again_from_the_journal() {
    let expected = undisturbed_findings();
    let whole = broken_off();
    let experiments = |run: &Path| {
        let entries = fs::read_dir(run.join("experiments")).unwrap();
        let mut folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        folders.retain(|folder| !folder.file_name().unwrap().to_str().unwrap().starts_with('.'));
        folders.sort();
        folders
    };
    type Fault = (&'static str, fn(&Path));
    let faults: [Fault; 3] = [
        ("deleted", |folder| fs::remove_dir_all(folder).unwrap()),
        ("without a result", |folder| {
            fs::remove_file(folder.join("result.json")).unwrap()
        }),
        ("changed", |folder| {
            damage(&folder.join("result.json"), |content| content.extend_from_slice(b" "));
        }),
    ];
    for (what, fault) in faults {
        let trial = whole.copy();
        let before = kept_files(&trial.run());
        experiments(&trial.run()).iter().for_each(|folder| fault(folder));
        let output = trial.go(None);
        assert!(finished(&output), "{what}: {}", describe_output(&output));
        assert_eq!(read_findings_text(&trial.run()), expected, "{what}");
        let after = kept_files(&trial.run());
        // One that was placed and not yet recorded is new, and takes another time.
        let lasting = before.into_iter().filter(|(name, _)| !name.ends_with("execution.json"));
        for (name, content) in lasting {
            assert!(
                after.get(&name) == Some(&content),
                "{what}: {} is another",
                name.display()
            );
        }
    }

    // The same for a run that has ended, whose report cites the files.
    let trial = Trial::new(Heuristic);
    assert!(finished(&trial.go(None)));
    let run = trial.run();
    let before = kept_files(&run);
    fs::remove_dir_all(run.join("experiments")).unwrap();
    let id = run.file_name().unwrap().to_str().unwrap().to_owned();
    let output = trial.home.run(&["report", &id]);
    assert_eq!(output.status.code(), Some(4), "{}", describe_output(&output));
    assert!(
        stderr(&output).contains("`kosmos resume`"),
        "{}",
        describe_output(&output)
    );
    let output = trial.go(None);
    assert!(finished(&output), "{}", describe_output(&output));
    assert_eq!(read_findings_text(&run), expected);
    assert!(kept_files(&run) == before, "other files than before");
    let verified = trial.home.run(&["verify", &id]);
    assert_eq!(verified.status.code(), Some(0), "{}", describe_output(&verified));

    // A table that has changed cannot give the same files again.
    fs::remove_dir_all(run.join("experiments")).unwrap();
    damage(&trial.home.path().join("table.csv"), |content| {
        content.extend_from_slice(b"1,2\n")
    });
    let output = trial.go(None);
    assert!(!finished(&output), "{}", describe_output(&output));
    assert!(
        stderr(&output).contains("table.csv` has changed since the run began"),
        "{}",
        describe_output(&output)
    );
}

/// The files of a run's experiments, by their paths.
fn kept_files(run: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![run.join("experiments")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let hidden = path.file_name().unwrap().to_str().unwrap().starts_with('.');
            match path.is_dir() {
                true if hidden => {}
                true => folders.push(path),
                false => drop(files.insert(path.strip_prefix(run).unwrap().to_owned(), fs::read(&path).unwrap())),
            }
        }
    }
    files
}

/// The same on a disk that is really full, which is a small one in memory.
#[test]
fn a_full_disk_ends_the_run_and_costs_nothing() {
    let expected = undisturbed_findings();
    let trial = Trial::new(Heuristic);
    let folder = trial.home.path();
    // A memory disk is seen by its own namespace alone, so that all of it happens in one. What fills the disk goes
    // away.
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
        out.contains("exit 4") && out.contains("then 0"),
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
