//! Runs that earlier versions have left: each must be read, shown, reported and verified by this one.
//!
//! `golden/schema-N.tar` is a run of version N of the journal's schema, as `kosmos export` wrote it: its table of 90 rows
//! is made by the formula of `trial.rs`. A new version of the schema adds a file and leaves the old ones.

use std::{fs, path::PathBuf};

use kosmos::message::SCHEMA_VERSION;
use serde_json::Value;

use crate::support::{Home, repository, said};

fn golden(version: u32) -> PathBuf {
    repository(&format!("tests/lab/golden/schema-{version}.tar")).into()
}

#[test]
fn runs_of_every_version_open() {
    for version in 1..=SCHEMA_VERSION {
        let archive = golden(version);
        let home = Home::new();
        let imported = home.run(&["import", archive.to_str().unwrap()]);
        assert!(imported.status.success(), "{}", said(&imported));
        let run = home.the_run();
        let id = run.file_name().unwrap().to_str().unwrap();
        let before = fs::read(run.join("findings.json")).unwrap();
        let journal = fs::read(run.join("journal.jsonl")).unwrap();

        let status = home.run(&["status", id, "--json"]);
        assert!(status.status.success(), "{}", said(&status));
        let told: Value = serde_json::from_slice(&status.stdout).unwrap();
        assert_eq!(told["status"], "budget_spent", "{told}");

        fs::remove_file(run.join("findings.json")).unwrap();
        let report = home.run(&["report", id]);
        assert!(report.status.success(), "{}", said(&report));
        assert!(
            fs::read(run.join("findings.json")).unwrap() == before,
            "version {version}"
        );

        let verified = home.run(&["verify", id]);
        assert_eq!(verified.status.code(), Some(0), "{}", said(&verified));
        assert!(
            fs::read(run.join("journal.jsonl")).unwrap() == journal,
            "reading a run of version {version} has changed its journal"
        );
    }
}
