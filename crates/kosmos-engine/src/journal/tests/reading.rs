//! Reading the entries of some kinds alone.

use serde_json::Value;

use super::{message, open, step, ten_steps};
use crate::{
    journal::{
        Kind,
        record::{encode_with_checksum, may_be_of_kinds},
    },
    sample::{Commit, Entry, Opening, Record},
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
