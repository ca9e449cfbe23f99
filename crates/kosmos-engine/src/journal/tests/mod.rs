//! What is left of the two copies after a crash at any point, and that either makes the other whole.

use std::{fs, path::Path};

mod faults;
mod former;
mod reading;

use kosmos_core::run_dir::RunDir;

use super::{Durability, Options, group_by_commit, read_entries, write_entries};
use crate::{
    RunId,
    sample::{Commit, DIRECTOR, Entry, Envelope, Journal, Record, Talk},
};

fn open(folder: &Path) -> Journal {
    let durability = Durability::Process;
    Journal::open(folder, Options { durability }).unwrap()
}

/// A journal's folder as a kill at this moment leaves it.
fn killed(folder: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    copy_tree(folder, copy.path());
    copy
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_tree(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}

fn message(topic: usize, detail: &str) -> Envelope {
    let run: RunId = "r".parse().unwrap();
    Envelope::external(&run, topic, DIRECTOR.into(), Talk::said("b", detail))
}

/// The commit of a step: it handles message `n` and sends the next, an effect's receipt beside it.
fn step(n: usize, receipt: &str) -> Commit {
    Commit {
        handled: Some((message(n, "x").id, DIRECTOR.into())),
        dead: None,
        sent: vec![message(n + 1, "x")],
        records: vec![Record::Receipt {
            key: format!("effect:{n}"),
            value: receipt.into(),
        }],
    }
}

/// Ten steps, and what waits after them.
async fn ten_steps(journal: &Journal, receipt: &str) {
    journal.commit(Commit::of_message(message(0, "x"))).await.unwrap();
    for n in 0..10 {
        journal.commit(step(n, receipt)).await.unwrap();
    }
}

fn lines(folder: &Path) -> Vec<String> {
    let log = fs::read_to_string(folder.join("journal.jsonl")).unwrap();
    log.lines().map(|line| format!("{line}\n")).collect()
}

/// Whole steps only, the same in both copies, and work can go on.
async fn holds_steps(folder: &Path, steps: usize) {
    let journal = open(folder);
    assert_eq!(journal.last_seq(), 1 + 3 * steps as u64);
    let pending = journal.pending_messages().unwrap();
    assert_eq!(pending.len(), 1, "one message waits");
    assert_eq!(pending.first().unwrap().envelope.id, message(steps, "x").id);
    let stored: Vec<_> = journal.entries().map(Result::unwrap).collect();
    assert_eq!(read_entries(&RunDir::open(folder).unwrap()).unwrap(), stored);
    journal.commit(step(steps, "y")).await.unwrap();
    assert_eq!(journal.last_seq(), 1 + 3 * (steps as u64 + 1));
}

#[tokio::test]
async fn a_kill_loses_no_commit() {
    let home = tempfile::tempdir().unwrap();
    let journal = open(home.path());
    ten_steps(&journal, "done").await;
    // The database's files are behind at this moment, by all of it where it was never flushed.
    let copy = killed(home.path());
    holds_steps(copy.path(), 10).await;
}

#[tokio::test]
async fn values_too_large_for_a_line_come_back_too() {
    let home = tempfile::tempdir().unwrap();
    let journal = open(home.path());
    ten_steps(&journal, &"large ".repeat(10_000)).await;
    let copy = killed(home.path());
    holds_steps(copy.path(), 10).await;
}

#[tokio::test]
async fn a_commit_counts_whole_or_not_at_all_wherever_the_log_ends() {
    let home = tempfile::tempdir().unwrap();
    let journal = open(home.path());
    let before_flush = killed(home.path());
    ten_steps(&journal, "done").await;
    let log = fs::read(home.path().join("journal.jsonl")).unwrap();
    let ends: Vec<usize> = (0..log.len()).filter(|at| log.get(*at) == Some(&b'\n')).collect();
    for cut in ends.iter().flat_map(|end| [end - 20, *end, end + 1]) {
        let copy = tempfile::tempdir().unwrap();
        copy_tree(before_flush.path(), copy.path());
        fs::write(copy.path().join("journal.jsonl"), log.get(..cut).unwrap()).unwrap();
        let lines = ends.iter().filter(|end| **end < cut).count();
        if lines > 0 {
            holds_steps(copy.path(), (lines - 1) / 3).await;
        }
    }
}

#[tokio::test]
async fn either_copy_makes_the_other_whole() {
    let home = tempfile::tempdir().unwrap();
    let journal = open(home.path());
    ten_steps(&journal, "done").await;
    // As opened, both copies hold everything.
    let opened = killed(home.path());
    let journal = open(opened.path());
    for (lost, rebuilt) in [("journal", true), ("journal.jsonl", false)] {
        let copy = killed(opened.path());
        let path = copy.path().join(lost);
        match path.is_dir() {
            true => fs::remove_dir_all(path).unwrap(),
            false => fs::remove_file(path).unwrap(),
        }
        let journal = open(copy.path());
        assert_eq!(journal.was_rebuilt(), rebuilt);
        holds_steps(killed(copy.path()).path(), 10).await;
    }
    drop(journal);
}

/// What a database that is behind lacks comes from the log, though a line before it is damaged, or there twice.
#[tokio::test]
async fn a_damaged_line_costs_nothing_that_the_database_has() {
    let home = tempfile::tempdir().unwrap();
    let journal = open(home.path());
    ten_steps(&journal, "done").await;
    let whole = lines(home.path());
    for damaged in [String::new(), "{\"seq\":4,\n".to_owned(), whole.concat()] {
        // A database with the first five steps.
        let behind = tempfile::tempdir().unwrap();
        fs::write(behind.path().join("journal.jsonl"), whole.get(..16).unwrap().concat()).unwrap();
        let journal = open(behind.path());
        let copy = killed(behind.path());
        drop(journal);
        let mut log = whole.clone();
        *log.get_mut(3).unwrap() = damaged;
        fs::write(copy.path().join("journal.jsonl"), log.concat()).unwrap();
        holds_steps(copy.path(), 10).await;
    }
}

#[tokio::test]
async fn written_entries_are_a_journal_that_goes_on() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let journal = open(from.path());
    // Large enough for files of their own.
    ten_steps(&journal, &"x".repeat(20_000)).await;
    drop(journal);
    let mut written = group_by_commit(read_entries(&RunDir::open(from.path()).unwrap()).unwrap());
    // Half of the steps, without the receipts, each of which stands within its commit.
    written.truncate(6);
    for commit in &mut written {
        commit.retain(|entry| !matches!(entry.record, Record::Receipt { .. }));
    }
    written.push(Vec::new());
    let records = |entries: &[Entry]| entries.iter().map(|entry| entry.record.clone()).collect::<Vec<_>>();
    let expected = records(&written.concat());
    let run = RunDir::open(to.path()).unwrap();
    write_entries(&run, written.clone(), Durability::Power).unwrap();
    write_entries(&run, written, Durability::Process).unwrap_err();

    let log = read_entries(&run).unwrap();
    assert_eq!(records(&log), expected);
    assert_eq!(
        log.iter().map(|entry| entry.seq).collect::<Vec<_>>(),
        (1..=log.len() as u64).collect::<Vec<_>>()
    );
    let journal = open(to.path());
    assert!(!journal.was_rebuilt());
    assert_eq!(journal.entries().collect::<Result<Vec<_>, _>>().unwrap(), log);
    let pending = journal.pending_messages().unwrap();
    assert_eq!(pending.len(), 1);
    let done = journal.commit(step(5, "again")).await.unwrap();
    assert_eq!((done.duplicate, done.seq), (false, log.len() as u64 + 3));
}
