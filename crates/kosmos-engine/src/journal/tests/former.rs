//! Journals that earlier versions wrote: a key for each line in the database and trees beside it, large entries under
//! no more than their number, lines without checksums.

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::{holds_steps, open, ten_steps};
use crate::sample::{DIRECTOR, Journal};

/// A journal of ten steps, as an earlier version left it.
async fn former(receipt: &str, line: impl Fn(&str) -> String) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let journal = open(home.path());
    ten_steps(&journal, receipt).await;
    drop(journal);
    let folder = tempfile::tempdir().unwrap();
    super::copy_tree(&home.path().join("blobs"), &folder.path().join("blobs"));
    let log = fs::read_to_string(home.path().join("journal.jsonl")).unwrap();
    let lines: Vec<String> = log.lines().map(line).collect();
    fs::write(folder.path().join("journal.jsonl"), lines.join("\n") + "\n").unwrap();
    let database = sled::open(folder.path().join("journal")).unwrap();
    let tree = database.open_tree("log").unwrap();
    for (seq, line) in (1_u64..).zip(&lines) {
        tree.insert(seq.to_be_bytes(), line.as_bytes()).unwrap();
    }
    let meta = database.open_tree("meta").unwrap();
    meta.insert("schema", &1_u32.to_be_bytes()).unwrap();
    meta.insert("snapshot", &1_u64.to_be_bytes()).unwrap();
    database.open_tree("sent").unwrap().insert("m-1", "1").unwrap();
    database.flush().unwrap();
    folder
}

/// It goes on from the database alone, from the log alone, and from both; and is not taken for a damaged one.
async fn goes_on(folder: &Path) {
    for lost in [None, Some("journal"), Some("journal.jsonl")] {
        let copy = super::killed(folder);
        match lost {
            Some("journal") => fs::remove_dir_all(copy.path().join("journal")).unwrap(),
            Some(file) => fs::remove_file(copy.path().join(file)).unwrap(),
            None => {}
        }
        holds_steps(copy.path(), 10).await;
        assert!(!copy.path().join("journal.damaged-1").exists(), "{lost:?}");
    }
}

#[tokio::test]
async fn a_key_for_each_line() {
    let folder = former("done", str::to_owned).await;
    goes_on(folder.path()).await;
    drop(open(folder.path()));
    let database = loop {
        match sled::open(folder.path().join("journal")) {
            Ok(database) => break database,
            Err(_) => std::thread::sleep(std::time::Duration::from_millis(5)),
        }
    };
    assert!(
        !database.tree_names().contains(&"sent".into()),
        "what the index holds now"
    );
}

#[tokio::test]
async fn large_entries_under_their_number_alone() {
    let folder = former(&"large ".repeat(10_000), |line| {
        let full: Value = serde_json::from_str(line).unwrap();
        if full.get("blob").is_none() {
            return line.to_owned();
        }
        let mut short = json!({});
        for key in ["seq", "blob", "bytes", "more"] {
            if let Some(value) = full.get(key) {
                short[key] = value.clone();
            }
        }
        let body = short.to_string();
        let body = body.strip_suffix('}').unwrap();
        format!("{body},\"crc\":\"{:08x}\"}}", crc32fast::hash(body.as_bytes()))
    })
    .await;
    let log = fs::read_to_string(folder.path().join("journal.jsonl")).unwrap();
    let shortened = log
        .lines()
        .filter(|line| line.contains("\"blob\"") && !line.contains("\"record\""))
        .count();
    assert_eq!(shortened, 10);
    goes_on(folder.path()).await;
}

#[tokio::test]
async fn lines_without_checksums() {
    let folder = former("done", |line| format!("{}}}", line.rsplit_once(",\"crc\":").unwrap().0)).await;
    goes_on(folder.path()).await;
}

/// An entry of a kind that only a later version knows: it is refused, and the database is not taken for a damaged one.
#[tokio::test]
async fn a_kind_that_is_not_known_yet() {
    let folder = former("done", |line| {
        let line = line.replace("\"record\":\"receipt\"", "\"record\":\"dream\"");
        let body = line.rsplit_once(",\"crc\":").unwrap().0;
        format!("{body},\"crc\":\"{:08x}\"}}", crc32fast::hash(body.as_bytes()))
    })
    .await;
    let options = crate::journal::Options {
        durability: crate::journal::Durability::Process,
    };
    for lost in [None, Some("journal")] {
        let copy = super::killed(folder.path());
        if let Some(database) = lost {
            fs::remove_dir_all(copy.path().join(database)).unwrap();
        }
        let refused = Journal::open(copy.path(), options).err().unwrap();
        assert!(
            matches!(refused, crate::journal::JournalError::Codec(_)),
            "{lost:?}: {refused:?}"
        );
        assert!(!copy.path().join("journal.damaged-1").exists());
        assert_eq!(
            fs::read(copy.path().join("journal.jsonl")).unwrap(),
            fs::read(folder.path().join("journal.jsonl")).unwrap()
        );
    }
}

/// What a handle answers is the same after the journal was opened anew, whichever copy that came from.
#[tokio::test]
async fn the_index_is_a_fold_of_the_lines() {
    use crate::{
        journal::EffectState,
        sample::{Commit, Record},
    };

    let home = tempfile::tempdir().unwrap();
    let journal = open(home.path());
    ten_steps(&journal, "done").await;
    let director = || DIRECTOR.into();
    let records = [
        Record::Intent {
            key: "meant".to_owned(),
        },
        // Known already: its value stands.
        Record::Intent {
            key: "effect:3".to_owned(),
        },
        Record::Receipt {
            key: "effect:3".to_owned(),
            value: "another".into(),
        },
        Record::Attempted {
            message: super::message(10, "x").id,
            agent: director(),
            attempt: 2,
            reason: "r".to_owned(),
        },
    ];
    for record in records {
        journal.commit(Commit::of_record(record)).await.unwrap();
    }
    for (name, content) in [("first", "a"), ("second", "b"), ("first", "c")] {
        let sha256 = journal.blobs().put(content.as_bytes()).unwrap();
        let agent = name.parse().unwrap();
        journal
            .commit(Commit::of_record(Record::State { agent, sha256 }))
            .await
            .unwrap();
    }
    let sha256 = journal.blobs().put(b"state").unwrap();
    journal
        .commit(Commit::of_record(Record::Snapshot { after: 0, sha256 }))
        .await
        .unwrap();
    journal.commit(super::step(10, "later")).await.unwrap();

    let check = |journal: &Journal| {
        assert_eq!(journal.effect_state("meant").unwrap(), Some(EffectState::Intended));
        assert_eq!(
            journal.effect_state("effect:3").unwrap(),
            Some(EffectState::Done("done".into()))
        );
        assert_eq!(journal.effect_state("effect:11").unwrap(), None);
        let state = |name: &str| journal.load_agent_state(&name.parse().unwrap()).unwrap();
        assert_eq!(state("first").unwrap(), b"c");
        assert_eq!(state("second").unwrap(), b"b");
        assert_eq!(state("third"), None);
        let (snapshot, since) = journal.latest_snapshot_and_since(&director()).unwrap();
        assert_eq!(snapshot.unwrap(), b"state");
        assert_eq!(
            since.iter().map(|message| &message.id).collect::<Vec<_>>(),
            [&super::message(10, "x").id]
        );
        let pending = journal.pending_messages().unwrap();
        assert_eq!(pending.len(), 1);
        assert_eq!(
            (pending[0].failures, &pending[0].envelope.id),
            (0, &super::message(11, "x").id)
        );
        assert!(journal.find_message(&super::message(4, "x").id).unwrap().is_some());
        assert!(journal.find_message(&super::message(12, "x").id).unwrap().is_none());
    };
    check(&journal);
    for lost in ["journal", "journal.jsonl"] {
        let copy = super::killed(home.path());
        // Both copies have all of it from here on.
        drop(open(copy.path()));
        let copy = super::killed(copy.path());
        match lost {
            "journal" => fs::remove_dir_all(copy.path().join("journal")).unwrap(),
            file => fs::remove_file(copy.path().join(file)).unwrap(),
        }
        check(&open(copy.path()));
    }
}
