//! Reading the entries of some kinds alone.

use std::fs;

use serde_json::Value;

use super::{message, open, step, ten_steps};
use crate::{
    journal::{
        Durability, JournalError, Kind, Options,
        record::{encode_with_checksum, may_be_of_kinds},
    },
    sample::{Commit, Entry, Journal, Opening, Record},
};

const OPTIONS: Options = Options {
    durability: Durability::Process,
};

const KINDS: [Kind; 10] = [
    Kind::Opened,
    Kind::Sent,
    Kind::Handled,
    Kind::Attempted,
    Kind::Restarted,
    Kind::Intent,
    Kind::Receipt,
    Kind::Snapshot,
    Kind::State,
    Kind::Stopped,
];

fn opened() -> Record {
    Record::Opened(Opening {
        version: "1".to_owned(),
        ..Opening::default()
    })
}

#[tokio::test]
async fn entries_of_some_kinds_are_those_of_all_that_are_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    journal.commit(Commit::of_record(opened())).await.unwrap();
    ten_steps(&journal, "x").await;
    // One that is too large for its line, and says what others say.
    journal
        .commit(step(10, &"\"record\":\"sent\"".repeat(4000)))
        .await
        .unwrap();
    journal.commit(step(11, "\"record\":\"sent\"")).await.unwrap();
    let stopped = Record::Stopped {
        reason: "\"record\":\"opened\"".to_owned(),
        outage: false,
    };
    journal.commit(Commit::of_record(stopped)).await.unwrap();
    let all: Vec<_> = journal.entries().map(Result::unwrap).collect();
    for kinds in KINDS.map(|kind| vec![kind]).into_iter().chain([KINDS.to_vec()]) {
        let expected: Vec<_> = all
            .iter()
            .filter(|entry| kinds.contains(&entry.record.kind()))
            .collect();
        let found: Vec<_> = journal.entries_of(&kinds).map(Result::unwrap).collect();
        assert!(found.iter().eq(expected), "{kinds:?}");
    }
}

#[tokio::test]
async fn lines_of_other_kinds_are_not_decoded() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    ten_steps(&journal, "x").await;
    for entry in journal.entries().map(Result::unwrap) {
        let line = encode_with_checksum(&entry).unwrap();
        let tag: Value = serde_json::from_slice(&line).unwrap();
        for kind in KINDS {
            assert_eq!(
                may_be_of_kinds(&line, &[kind]),
                kind == entry.record.kind(),
                "{kind:?}: {tag}"
            );
        }
    }
}

#[tokio::test]
async fn the_time_between_two_processes_does_not_count() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    assert_eq!(journal.elapsed_ms().unwrap(), 0);
    let wait = || std::thread::sleep(std::time::Duration::from_millis(30));
    journal.commit(Commit::of_record(opened())).await.unwrap();
    wait();
    ten_steps(&journal, "x").await;
    wait();
    wait();
    journal.commit(Commit::of_record(opened())).await.unwrap();
    wait();
    journal.commit(step(10, "x")).await.unwrap();
    let at: Vec<u64> = journal.entries().map(|entry| entry.unwrap().at_ms).collect();
    let (second, first) = (at.len() - 4, 0);
    let expected = (at[second - 1] - at[first]) + (at[at.len() - 1] - at[second]);
    assert_eq!(journal.elapsed_ms().unwrap(), expected);
    assert!(expected >= 60 && expected < at[at.len() - 1] - at[0]);
}

/// The stored form is a contract with the journals of earlier versions.
#[test]
fn records_are_stored_beside_their_numbers() {
    let stored = |record: Record| {
        let entry = Entry {
            seq: 7,
            at_ms: 8,
            more: true,
            record,
        };
        let text = serde_json::to_string(&entry).unwrap();
        assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), entry);
        text
    };
    assert_eq!(
        stored(opened()),
        r#"{"seq":7,"at_ms":8,"more":true,"record":"opened","version":"1"}"#
    );
    let envelope = Box::new(message(0, "x"));
    let id = envelope.id.clone();
    assert_eq!(
        stored(Record::Sent { envelope }),
        format!(
            r#"{{"seq":7,"at_ms":8,"more":true,"record":"sent","envelope":{{"id":"{id}","run":"r","cause":null,"from":"supervisor","to":"director","attempt":1,"schema_version":1,"payload":{{"type":"said","body":{{"word":"b","of":"x"}}}}}}}}"#
        )
    );
    assert_eq!(id.as_str().len(), 22);
}

#[cfg(unix)]
#[tokio::test]
async fn no_link_of_a_runs_folder_is_followed() {
    use std::os::unix::fs::symlink;

    let whole = tempfile::tempdir().unwrap();
    ten_steps(&open(whole.path()), "x").await;
    for (name, told) in [
        ("journal.jsonl", "it is a link"),
        ("ledger.jsonl", ""),
        ("blobs", "in place of a folder"),
        ("journal", "in place of a folder"),
        ("journal/db", "it is neither a file nor a folder"),
    ] {
        let (copy, elsewhere) = (super::killed(whole.path()), tempfile::tempdir().unwrap());
        let (place, moved) = (copy.path().join(name), elsewhere.path().join("moved"));
        fs::rename(&place, &moved).unwrap();
        symlink(&moved, &place).unwrap();
        let before = fs::metadata(&moved).unwrap();
        let opened = Journal::open(copy.path(), OPTIONS);
        // The ledger is written anew in any case: its link is replaced.
        match (name, opened) {
            ("ledger.jsonl", opened) => assert!(opened.is_ok() && !place.is_symlink()),
            (_, Ok(_)) => panic!("{name} is followed"),
            (_, Err(JournalError::Io { path, source })) => {
                assert_eq!(path, place);
                assert!(source.to_string().contains(told), "{name}: {source}");
            }
            (_, Err(error)) => panic!("{name}: {error}"),
        }
        let after = fs::metadata(&moved).unwrap();
        assert_eq!(
            (after.len(), after.modified().unwrap()),
            (before.len(), before.modified().unwrap()),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_line_without_an_end_is_not_read_to_it() {
    let folder = tempfile::tempdir().unwrap();
    ten_steps(&open(folder.path()), "x").await;
    let log = fs::OpenOptions::new()
        .write(true)
        .open(folder.path().join("journal.jsonl"))
        .unwrap();
    log.set_len(1 << 40).unwrap();
    match Journal::read_log(folder.path()) {
        Err(JournalError::Io { source, .. }) => {
            assert!(source.to_string().contains("has a line of more than"), "{source}")
        }
        _ => panic!("it is read"),
    }
}
