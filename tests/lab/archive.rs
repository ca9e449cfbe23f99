//! Taking a run elsewhere, and removing runs.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tar::EntryType;

use crate::{own_runs::desk, verify::penguins};
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

/// A pipe would wait for someone who writes to it.
#[test]
fn pipes_and_devices_are_refused_at_once() {
    let home = TestHome::new();
    let pipe = |name: &str| {
        let path = home.path().join(name);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        path.to_str().unwrap().to_owned()
    };
    let whole = home.file("whole.tar", "an archive");
    let signed = home.file("signed.tar", "an archive");
    let (archive, key) = (pipe("archive.tar"), pipe("key.pub"));
    pipe("signed.tar.minisig");
    for (arguments, expected) in [
        (&["import", &archive][..], "it is a pipe"),
        (&["import", "nowhere.tar"], "nowhere.tar: it cannot be read: "),
        (&["import", "/dev/zero"], "it is a device"),
        (&["import", &signed], "it is a pipe"),
        (&["import", &whole, "--signed-by", &key], "it is a pipe"),
    ] {
        let mut child = home.kosmos(arguments).stderr(Stdio::piped()).spawn().unwrap();
        let until = Instant::now() + Duration::from_secs(30);
        while child.try_wait().unwrap().is_none() {
            if Instant::now() > until {
                child.kill().unwrap();
                panic!("{arguments:?} waits");
            }
            thread::sleep(Duration::from_millis(20));
        }
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !output.status.success() && told.contains(expected),
            "{arguments:?}: {told}"
        );
    }
    assert!(home.runs().is_empty());
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
            header.set_mode(0o644);
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
        (tar("outside.tar", &[("../outside", file)]), "is not a file of a run"),
        (tar("absolute.tar", &[("/tmp/outside", file)]), "is not a file of a run"),
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

/// A file of an archive.
#[derive(Clone)]
struct Member {
    path: String,
    kind: EntryType,
    mode: u32,
    content: Vec<u8>,
}

impl Member {
    fn new(path: &str, content: impl Into<Vec<u8>>) -> Self {
        Self {
            path: path.to_owned(),
            kind: EntryType::Regular,
            mode: 0o644,
            content: content.into(),
        }
    }
}

fn members(archive: &[u8]) -> Vec<Member> {
    let mut archive = tar::Archive::new(archive);
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut content).unwrap();
        Member::new(&path, content)
    });
    entries.collect()
}

fn pack(members: &[Member]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for member in members {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(member.kind);
        header.set_mode(member.mode);
        header.set_size(member.content.len() as u64);
        if member.kind.is_symlink() || member.kind.is_hard_link() {
            header.set_link_name("run.toml").unwrap();
        }
        archive
            .append_data(&mut header, &member.path, &member.content[..])
            .unwrap();
    }
    archive.into_inner().unwrap()
}

/// Everything below a folder, by its path.
fn list_all(folder: &std::path::Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        found.push(entry.path());
        found.extend(list_all(&entry.path()));
    }
    found
}

type Change = fn(&str, &mut Vec<Member>);

/// The first file whose path has this part.
fn find<'a>(members: &'a mut [Member], part: &str) -> &'a mut Member {
    members.iter_mut().find(|member| member.path.contains(part)).unwrap()
}

fn replace_in(members: &mut [Member], part: &str, from: &str, to: &str) {
    let member = find(members, part);
    let text = String::from_utf8(member.content.clone()).unwrap();
    assert!(text.contains(from), "{part} has no {from}");
    member.content = text.replacen(from, to, 1).into_bytes();
}

/// Archives of a real run, each changed in one thing, and the file that is named.
const CHANGES: [(&str, Change); 20] = [
    ("journal.jsonl", |_, all| {
        replace_in(all, "/journal.jsonl", "\"opened\"", "\"0pened\"")
    }),
    ("journal.jsonl", |_, all| {
        // Without its checksum, an entry may say anything that can be decoded.
        let journal = find(all, "/journal.jsonl");
        let text = String::from_utf8(journal.content.clone()).unwrap();
        let open = |line: &str| format!("{}}}\n", line.rsplit_once(",\"crc\":").unwrap().0);
        journal.content = text
            .lines()
            .map(open)
            .collect::<String>()
            .replace("finding_drafted", "no_message")
            .into();
    }),
    ("is of the run", |id, all| {
        for member in all.iter_mut() {
            member.path = member.path.replace(id, "another-1");
        }
    }),
    ("blobs/", |_, all| find(all, "/blobs/").content.push(b' ')),
    ("journal.jsonl", |_, all| {
        all.retain(|member| !member.path.contains("/blobs/"))
    }),
    ("data/", |_, all| find(all, "/data/").content.push(b'1')),
    ("ledger.jsonl", |_, all| {
        replace_in(all, "/ledger.jsonl", "registered", "judged")
    }),
    ("ledger.jsonl", |_, all| {
        all.retain(|member| !member.path.ends_with("/ledger.jsonl"))
    }),
    ("run.toml", |_, all| find(all, "/run.toml").content.extend(b"[")),
    ("run.toml", |_, all| {
        find(all, "/run.toml").content.extend(b"evil = 1\n")
    }),
    ("run.toml", |_, all| {
        find(all, "/run.toml").content.extend(vec![b'\n'; 1 << 20])
    }),
    ("journal/db", |id, all| {
        all.push(Member::new(&format!("{id}/journal/db"), "x"))
    }),
    ("evil.py", |id, all| {
        all.push(Member::new(&format!("{id}/evil.py"), "x"))
    }),
    ("experiments/../../x", |id, all| {
        all.push(Member::new(&format!("{id}/experiments/__/__/x"), "x"))
    }),
    ("is in it twice", |id, all| {
        all.push(Member::new(&format!("{id}/report.md"), "x"))
    }),
    ("is not a regular file", |_, all| {
        find(all, "/report.md").kind = EntryType::Symlink
    }),
    ("is not a regular file", |_, all| {
        find(all, "/report.md").kind = EntryType::Link
    }),
    ("is not a regular file", |_, all| {
        find(all, "/report.md").kind = EntryType::Fifo
    }),
    ("has a mode", |_, all| find(all, "/report.md").mode = 0o4755),
    ("more than one run", |_, all| {
        all.push(Member::new("another-1/run.toml", ""))
    }),
];

#[test]
fn an_archive_that_was_changed_is_refused_and_leaves_nothing() {
    let origin = desk();
    let run = origin.the_run();
    let id = kosmos_testing::run_id(&run).to_owned();
    // The table is where the run file of the first home named it, and came with no copy of the run.
    let exported = origin.run(&["export", &id, "--output", "study.tar"]);
    assert!(exported.status.success(), "{}", describe_output(&exported));
    let mut whole = members(&fs::read(origin.path().join("study.tar")).unwrap());
    if !whole.iter().any(|member| member.path.contains("/data/")) {
        let table = fs::read(origin.path().join("table.csv")).unwrap();
        let sha256 = kosmos::science::sha256_hex(&table);
        whole.push(Member {
            content: table,
            ..Member::new(&format!("{id}/data/{sha256}/table.csv"), "")
        });
    }
    let home = TestHome::new();
    let outside = home.path().join("outside");
    fs::create_dir(&outside).unwrap();
    for (at, (expected, change)) in CHANGES.iter().enumerate() {
        let mut changed = whole.clone();
        change(&id, &mut changed);
        let mut bytes = pack(&changed);
        if changed.iter().any(|member| member.path.contains("/__/")) {
            // `tar` does not pack a path that leads out of a folder.
            replace_all(&mut bytes, b"experiments/__/__/x", b"experiments/../../x");
        }
        let archive = home.file("changed.tar", bytes);
        let output = home.run(&["import", &archive]);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{at} {expected}: {}",
            describe_output(&output)
        );
        assert!(
            describe_output(&output).contains(expected),
            "{at} {expected}: {}",
            describe_output(&output)
        );
        assert_eq!(list_all(&home.kosmos_home()), Vec::<PathBuf>::new(), "{at} {expected}");
    }
    let pipe = home.path().join("pipe.tar");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let output = home.run(&["import", pipe.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2), "{}", describe_output(&output));

    // As it was, it is imported, and is nobody's own.
    let archive = home.file("whole.tar", pack(&whole));
    let output = home.run(&["import", &archive]);
    assert!(output.status.success(), "{}", describe_output(&output));
    assert_eq!(home.run_json(&["status", &id])["origin"], "foreign");
    let verified = home.run(&["verify", &id]);
    assert_eq!(verified.status.code(), Some(0), "{}", describe_output(&verified));
}

fn replace_all(bytes: &mut [u8], from: &[u8], to: &[u8]) {
    let mut headers = Vec::new();
    for at in 0..bytes.len().saturating_sub(from.len()) {
        if bytes[at..].starts_with(from) {
            bytes[at..at + from.len()].copy_from_slice(to);
            headers.push(at / 512 * 512);
        }
    }
    for header in headers {
        // The checksum of a header is the sum of its bytes, with blanks in place of itself.
        bytes[header + 148..header + 156].fill(b' ');
        let sum: u32 = bytes[header..header + 512].iter().map(|byte| u32::from(*byte)).sum();
        bytes[header + 148..header + 156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
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
