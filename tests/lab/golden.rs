//! Runs that earlier versions have left: this one reports, verifies and exports each as the version that made it did.
//!
//! `tests/golden/README.md` says what is kept of each.

use std::{
    collections::BTreeMap,
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::Output,
};

use kosmos::report::FILES;
use serde_json::Value;

use kosmos_testing::{
    TestHome, describe_output, repository_path, schema::assert_findings_are_valid, service::find_container_engine,
};

/// A run of an earlier version, imported into a home of its own.
struct OldRun {
    home: TestHome,
    /// The folder of `tests/golden`.
    kept: PathBuf,
    run: PathBuf,
    /// The files of the archive, by their paths in it.
    files: BTreeMap<String, Vec<u8>>,
}

impl OldRun {
    fn import(name: &str) -> Self {
        let kept = PathBuf::from(repository_path(&format!("tests/golden/{name}")));
        let archive = decompress(&kept.join("archive.tar.zst"));
        let home = TestHome::new();
        let file = home.file("archive.tar", &archive);
        let imported = home.run(&["import", &file]);
        assert!(imported.status.success(), "{}", describe_output(&imported));
        let run = home.the_run();
        Self {
            home,
            kept,
            run,
            files: files_of(&archive),
        }
    }

    fn id(&self) -> &str {
        self.run.file_name().unwrap().to_str().unwrap()
    }

    /// That the command prints what it printed in the version that made the run. More keys may have come since.
    fn assert_prints_as_before(&self, command: &str, more: &[&str]) {
        let output = self.home.run(&[&[command, self.id(), "--json"][..], more].concat());
        self.assert_printed_as_before(command, &output);
    }

    fn assert_printed_as_before(&self, command: &str, output: &Output) {
        assert!(
            matches!(output.status.code(), Some(0 | 3)),
            "{}",
            describe_output(output)
        );
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        let folder = self.home.path().to_str().unwrap();
        let text = text
            .replace(&format!("{folder}/home"), "HOME")
            .replace(folder, "FOLDER");
        let printed: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{}", describe_output(output)));
        let expected = fs::read(self.kept.join(format!("{command}.json"))).unwrap();
        let mut expected: Value = serde_json::from_slice(&expected).unwrap();
        // Numbers may differ a little where scripts run on another version of Python than the run's did.
        expected.as_object_mut().unwrap().remove("tolerance");
        assert_holds(&expected, &printed, command);
    }

    /// That the four files of the report are made anew as they were.
    fn assert_reports_as_before(&self) {
        let findings = &self.files[&format!("{}/findings.json", self.id())];
        assert_findings_are_valid(&serde_json::from_slice(findings).unwrap());
        for name in FILES {
            fs::remove_file(self.run.join(name)).unwrap();
        }
        self.assert_prints_as_before("report", &[]);
        for name in FILES {
            let before = &self.files[&format!("{}/{name}", self.id())];
            let now = fs::read(self.run.join(name)).unwrap();
            assert_same_text(before, &now, name);
        }
    }

    /// That the exported run is the one that was imported, but for the log.
    fn assert_exports_as_before(&self) {
        self.assert_prints_as_before("export", &["--output", "again.tar"]);
        let again = files_of(&fs::read(self.home.path().join("again.tar")).unwrap());
        let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&self.files), names(&again));
        for (name, content) in &self.files {
            assert!(
                name.ends_with("/kosmos.log") || *content == again[name],
                "{name} has changed"
            );
        }
    }
}

fn decompress(file: &Path) -> Vec<u8> {
    let compressed = fs::read(file).unwrap();
    let mut decoder = ruzstd::decoding::StreamingDecoder::new(&compressed[..]).unwrap();
    let mut content = Vec::new();
    decoder.read_to_end(&mut content).unwrap();
    content
}

fn files_of(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = tar::Archive::new(archive);
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        (name, content)
    });
    entries.collect()
}

/// That `found` has all that `expected` has, each the same.
fn assert_holds(expected: &Value, found: &Value, place: &str) {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            for (key, value) in expected {
                let place = format!("{place}/{key}");
                let found = found.get(key).unwrap_or_else(|| panic!("{place} is gone"));
                assert_holds(value, found, &place);
            }
        }
        (Value::Array(expected), Value::Array(found)) => {
            assert_eq!(expected.len(), found.len(), "{place}");
            for (at, (expected, found)) in expected.iter().zip(found).enumerate() {
                assert_holds(expected, found, &format!("{place}/{at}"));
            }
        }
        _ => assert_eq!(expected, found, "{place}"),
    }
}

/// That two files are the same, and if not in which line they differ first.
fn assert_same_text(before: &[u8], now: &[u8], name: &str) {
    if before == now {
        return;
    }
    let (before, now) = (String::from_utf8_lossy(before), String::from_utf8_lossy(now));
    for (at, (before, now)) in before.lines().zip(now.lines()).enumerate() {
        let short = |line: &str| line.chars().take(2000).collect::<String>();
        assert_eq!(short(before), short(now), "{name}, line {}", at + 1);
    }
    panic!("{name} has changed");
}

/// Everything but `verify`.
fn check_report(name: &str) -> OldRun {
    let run = OldRun::import(name);
    run.assert_prints_as_before("status", &[]);
    run.assert_reports_as_before();
    run.assert_exports_as_before();
    run
}

fn check(name: &str) {
    check_report(name).assert_prints_as_before("verify", &[]);
}

#[test]
fn a_run_of_the_rule_book() {
    check("rule-book");
}

#[test]
fn a_run_with_a_model() {
    check("model");
}

#[test]
fn a_run_with_agents() {
    check("agents");
}

#[test]
fn the_first_run_of_a_project() {
    check("project-first");
}

#[test]
fn the_second_run_of_a_project() {
    check("project-second");
}

#[test]
fn a_run_in_containers_is_reported() {
    check_report("docker");
}

/// A run from elsewhere is verified in the image of the one who verifies it, not in the one that it names.
#[test]
fn a_run_in_containers_is_verified_in_the_users_image() {
    let Some(engine) = find_container_engine() else {
        return;
    };
    let run = OldRun::import("docker");
    let mut verify = run.home.kosmos(&["verify", run.id(), "--json"]);
    let verify = verify
        .env("KOSMOS__SANDBOX__BACKEND", "docker")
        .env("DOCKER_HOST", engine);
    let output = verify.output().unwrap();
    if output.status.code() == Some(5) {
        let told = describe_output(&output);
        assert!(told.contains("image"), "{told}");
    } else {
        run.assert_printed_as_before("verify", &output);
    }
}

#[test]
fn a_run_from_before_its_texts_were_settled() {
    let archive = repository_path("tests/golden/schema-1.tar");
    let home = TestHome::new();
    let imported = home.run(&["import", &archive]);
    assert!(imported.status.success(), "{}", describe_output(&imported));
    let run = home.the_run();
    let id = run.file_name().unwrap().to_str().unwrap();
    let before = fs::read(run.join("findings.json")).unwrap();
    let journal = fs::read(run.join("journal.jsonl")).unwrap();

    let status = home.run(&["status", id, "--json"]);
    assert!(status.status.success(), "{}", describe_output(&status));
    let told: Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(told["status"], "budget_spent", "{told}");

    fs::remove_file(run.join("findings.json")).unwrap();
    let report = home.run(&["report", id]);
    assert!(report.status.success(), "{}", describe_output(&report));
    assert!(fs::read(run.join("findings.json")).unwrap() == before);

    let verified = home.run(&["verify", id]);
    assert_eq!(verified.status.code(), Some(0), "{}", describe_output(&verified));
    assert!(
        fs::read(run.join("journal.jsonl")).unwrap() == journal,
        "reading the run has changed its journal"
    );
}
