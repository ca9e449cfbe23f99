//! Taking a run elsewhere, and removing runs.

use std::fs;

use serde_json::Value;

use crate::verify::penguins;
use kosmos_testing::{TestHome, describe_output, read_findings_text, repository_path};

#[test]
fn a_run_verifies_in_another_home_without_its_table() {
    let home = penguins();
    let run = home.the_run();
    let id = run.file_name().unwrap().to_str().unwrap().to_owned();
    let exported = home.run(&["export", &id, "--output", "study.tar", "--json"]);
    assert!(exported.status.success(), "{}", describe_output(&exported));
    let told: Value = serde_json::from_slice(&exported.stdout).unwrap();
    assert_eq!(told["without"], Value::Array(Vec::new()));

    let again = home.run(&["export", &id, "--output", "study.tar"]);
    assert_eq!(again.status.code(), Some(2), "{}", describe_output(&again));
    assert!(
        describe_output(&again).contains("exists already"),
        "{}",
        describe_output(&again)
    );

    let other = TestHome::new();
    let archive = home.path().join("study.tar");
    fs::remove_file(home.path().join("penguins.csv")).unwrap();
    let imported = other.run(&["import", archive.to_str().unwrap()]);
    assert!(imported.status.success(), "{}", describe_output(&imported));
    assert_eq!(read_findings_text(&other.the_run()), read_findings_text(&run));
    let verified = other.run(&["verify", &id]);
    assert_eq!(verified.status.code(), Some(0), "{}", describe_output(&verified));
    // At home the table is gone.
    assert_eq!(home.run(&["verify", &id]).status.code(), Some(4));

    let twice = other.run(&["import", archive.to_str().unwrap()]);
    assert_eq!(twice.status.code(), Some(2), "{}", describe_output(&twice));
    assert!(
        describe_output(&twice).contains("exists already"),
        "{}",
        describe_output(&twice)
    );
}

#[test]
fn what_is_no_archive_of_a_run_leaves_nothing() {
    let home = TestHome::new();
    let tar = |name: &str, files: &[(&str, tar::EntryType)]| {
        let mut archive = tar::Builder::new(Vec::new());
        for (path, kind) in files {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(*kind);
            header.set_size(0);
            // `set_path` would refuse what a hostile archive holds.
            header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
            if *kind == tar::EntryType::Symlink {
                header.set_link_name("/etc/passwd").unwrap();
            }
            header.set_cksum();
            archive.append(&header, std::io::empty()).unwrap();
        }
        home.file(name, archive.into_inner().unwrap())
    };
    let file = tar::EntryType::Regular;
    for (archive, expected) in [
        (
            home.file("none.tar", "this is no archive"),
            "it is not an archive of a run",
        ),
        (
            tar("outside.tar", &[("../outside", file)]),
            "is not a regular file of a run",
        ),
        (
            tar("absolute.tar", &[("/tmp/outside", file)]),
            "is not a regular file of a run",
        ),
        (
            tar("link.tar", &[("run/link", tar::EntryType::Symlink)]),
            "is not a regular file of a run",
        ),
        (
            tar("two.tar", &[("a/run.toml", file), ("b/run.toml", file)]),
            "more than one run",
        ),
        (tar("half.tar", &[("a/run.toml", file)]), "it holds no run"),
        (tar("hidden.tar", &[(".a/run.toml", file)]), "is not a file of a run"),
    ] {
        let output = home.run(&["import", &archive]);
        assert_eq!(output.status.code(), Some(2), "{archive}: {}", describe_output(&output));
        assert!(
            describe_output(&output).contains(expected),
            "{archive}: {}",
            describe_output(&output)
        );
        assert!(home.runs().is_empty(), "{archive}");
    }
}

#[test]
fn old_runs_go_and_others_stay() {
    let home = penguins();
    let run_file = repository_path("examples/penguins/run.toml");
    let first = home.the_run();
    let output = home.run(&["run", "run.toml", "--set", "budget.experiments=1"]);
    assert_eq!(output.status.code(), Some(3), "{}", describe_output(&output));
    assert_eq!(home.runs().len(), 2);

    let without = home.run(&["prune"]);
    assert_eq!(without.status.code(), Some(2), "{}", describe_output(&without));
    let dry = home.run(&["prune", "--keep", "1", "--dry-run", "--json"]);
    let told: Value = serde_json::from_slice(&dry.stdout).unwrap();
    let name = first.file_name().unwrap().to_str().unwrap();
    assert_eq!(told["runs"][0]["run"], name);
    assert_eq!(home.runs().len(), 2);
    assert!(home.run(&["prune", "--older-than", "1d"]).status.success());
    assert_eq!(home.runs().len(), 2);

    // One that is worked on stays.
    let mut working = home.start(&["run", &run_file]);
    while home.runs().len() < 3 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let pruned = home.run(&["prune", "--keep", "0", "--unfinished"]);
    working.kill().unwrap();
    working.wait().unwrap();
    assert!(pruned.status.success(), "{}", describe_output(&pruned));
    assert!(
        describe_output(&pruned).contains("kept: it is in progress"),
        "{}",
        describe_output(&pruned)
    );
    assert_eq!(home.runs().len(), 1);

    // One that has not ended stays, unless it is said.
    assert!(home.run(&["prune", "--keep", "0"]).status.success());
    assert_eq!(home.runs().len(), 1);
    assert!(home.run(&["prune", "--keep", "0", "--unfinished"]).status.success());
    assert!(home.runs().is_empty());
}
