//! Runs whose journal another has written: nothing outside their folder is touched.

use std::{fs, path::Path};

use kosmos_testing::{TestHome, copy_tree, describe_output, run_id};
use serde_json::Value;

use crate::verify::penguins;

/// The lines of a journal, with those that are kept in files of their own, and without checksums.
fn read_lines(run: &Path) -> Vec<String> {
    let log = fs::read_to_string(run.join("journal.jsonl")).unwrap();
    let open = |line: &str| {
        let entry: Value = serde_json::from_str(line).unwrap();
        let text = match entry["blob"].as_str() {
            Some(sha256) => fs::read_to_string(run.join("blobs").join(sha256)).unwrap(),
            None => line.to_owned(),
        };
        match text.rfind(",\"crc\":") {
            Some(end) => text[..end].to_owned() + "}",
            None => text,
        }
    };
    log.lines().map(open).collect()
}

/// A copy of the run in another home whose journal has these lines.
fn forge(run: &Path, lines: &[String]) -> TestHome {
    let home = TestHome::new();
    let copy = home.path().join("home/runs").join(run_id(run));
    copy_tree(run, &copy);
    fs::remove_dir_all(copy.join("journal")).unwrap();
    fs::write(copy.join("journal.jsonl"), lines.join("\n") + "\n").unwrap();
    home
}

/// The id of the first experiment that is to be run, and the line after the commit that says so.
fn first_experiment(lines: &[String]) -> (String, usize) {
    let entries = lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let entries: Vec<Value> = entries.collect();
    let asks = |entry: &Value| entry["record"] == "sent" && entry["envelope"]["payload"]["type"] == "run_experiment";
    let at = entries.iter().position(asks).unwrap();
    let id = entries[at]["envelope"]["payload"]["body"]["id"].as_str().unwrap();
    let last = entries[at..].iter().position(|entry| entry["more"] != true).unwrap();
    (id.to_owned(), at + last + 1)
}

#[test]
fn an_experiment_with_another_folder_or_file_touches_nothing() {
    let origin = penguins();
    let run = origin.the_run();
    let lines = read_lines(&run);
    let (id, end) = first_experiment(&lines);
    let victim = tempfile::tempdir().unwrap();
    let file = victim.path().join("file");
    fs::write(&file, "mine").unwrap();
    let replaced: Vec<String> = lines
        .iter()
        .map(|line| line.replace(&id, victim.path().to_str().unwrap()))
        .collect();

    // A run that is to be resumed would clear the folder of its experiment first. It is refused, and its user cannot
    // even agree to it.
    let home = forge(&run, &replaced[..end]);
    let output = home.run(&["resume", run_id(&run)]);
    assert_eq!(output.status.code(), Some(2), "{}", describe_output(&output));
    let output = home.run(&["trust", run_id(&run), "--yes"]);
    assert!(!output.status.success(), "{}", describe_output(&output));
    assert!(
        describe_output(&output).contains("is not the id of an experiment"),
        "{}",
        describe_output(&output)
    );
    let output = home.run(&["resume", run_id(&run)]);
    assert_eq!(output.status.code(), Some(2), "{}", describe_output(&output));
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");

    // And verifying one would write its scripts there.
    let home = forge(&run, &replaced);
    let output = home.run(&["verify", run_id(&run), "--all"]);
    assert_eq!(output.status.code(), Some(4), "{}", describe_output(&output));
    let left: Vec<_> = fs::read_dir(victim.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");

    // Nor is a file of the machine given to a script as its input.
    let table = format!("\"host\":\"experiments/{id}/table.parquet\"");
    let outside = "\"host\":\"../../../../../../../etc/passwd\"";
    let replaced: Vec<String> = lines.iter().map(|line| line.replace(&table, outside)).collect();
    assert_ne!(replaced, lines);
    let home = forge(&run, &replaced);
    let output = home.run(&["verify", run_id(&run), "--all"]);
    assert_eq!(output.status.code(), Some(4), "{}", describe_output(&output));
    assert!(
        describe_output(&output).contains("is not the place of an input"),
        "{}",
        describe_output(&output)
    );

    // Nor is one read, or waited for, as a file that an experiment left.
    let above = format!("../../../../../../../../../../..{}", file.display());
    for outside in [file.to_str().unwrap(), above.as_str(), "/dev/zero"] {
        let left = lines.iter().map(|line| {
            line.replace(
                "\"path\":\"table.parquet\"",
                &format!("\"path\":{}", Value::from(outside)),
            )
        });
        let replaced: Vec<String> = left.collect();
        assert_ne!(replaced, lines);
        let home = forge(&run, &replaced);
        let output = home.run(&["verify", run_id(&run)]);
        assert_eq!(output.status.code(), Some(4), "{}", describe_output(&output));
        assert!(
            describe_output(&output).contains("is not a path below a folder"),
            "{}",
            describe_output(&output)
        );
    }
}

/// Files that are as long as a file system allows and take no room: nobody waits for them.
#[test]
fn a_file_with_holes_is_not_read_to_its_end() {
    let origin = penguins();
    let run = origin.the_run();
    let lines = read_lines(&run);
    let (id, _) = first_experiment(&lines);
    let result = format!("experiments/{id}/result.json");
    for (name, bytes, code, told) in [
        ("journal.jsonl", 1 << 40, 2, "which is larger than such a file may be"),
        ("run.toml", 1 << 40, 2, "which is larger than such a file may be"),
        (result.as_str(), 1 << 40, 2, "which is larger than such a file may be"),
        (result.as_str(), 3 << 30, 4, "it is not what the run recorded"),
    ] {
        let home = forge(&run, &lines);
        let path = home.the_run().join(name);
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_len(bytes).unwrap();
        let output = home.run(&["verify", run_id(&run)]);
        assert_eq!(output.status.code(), Some(code), "{name}: {}", describe_output(&output));
        assert!(
            describe_output(&output).contains(told),
            "{name}: {}",
            describe_output(&output)
        );
    }
}
