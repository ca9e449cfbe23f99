//! Damaged files: each fault ends with all entries from the other copy, or with a refusal that says what is missing.
//! The table of the README is held by these.

use std::{fs, io::Write, path::Path};

use super::{copy_tree, killed, lines, message, open, step, ten_steps};
use crate::{
    journal::{Durability, JournalError, Options},
    sample::{Entry, Journal},
};

/// Steps of the journals here.
const STEPS: usize = 10;

/// A journal that both copies hold in full.
async fn whole() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let journal = open(home.path());
    ten_steps(&journal, &"x".repeat(300)).await;
    drop(journal);
    // As opened, both copies hold everything; the writer of the first has ended by then or ends soon.
    let copy = loop {
        let copy = killed(home.path());
        if Journal::open(copy.path(), OPTIONS).is_ok_and(|journal| journal.last_seq() == 1 + 3 * STEPS as u64) {
            break copy;
        }
    };
    drop(open_when_free(copy.path()));
    killed(copy.path())
}

const OPTIONS: Options = Options {
    durability: Durability::Process,
};

/// The writer's thread of an earlier handle lets go of the database a little after it.
fn open_when_free(folder: &Path) -> Result<Journal, JournalError> {
    loop {
        match Journal::open(folder, OPTIONS) {
            Err(JournalError::Locked { .. }) => std::thread::sleep(std::time::Duration::from_millis(2)),
            opened => return opened,
        }
    }
}

fn entries(journal: &Journal) -> Vec<Entry> {
    journal.entries().map(Result::unwrap).collect()
}

/// All is there, in both copies, and work can go on.
async fn holds_all(folder: &Path, expected: &[Entry]) {
    let journal = open_when_free(folder).unwrap();
    assert_eq!(entries(&journal), expected);
    let pending = journal.pending_messages().unwrap();
    assert_eq!(pending.len(), 1);
    assert_eq!(pending.first().unwrap().envelope.id, message(STEPS, "x").id);
    for n in 0..STEPS {
        assert!(journal.effect_state(&format!("effect:{n}")).unwrap().is_some());
        // Handled, and so it is not handled again.
        assert!(journal.commit(step(n, "again")).await.unwrap().duplicate);
    }
    assert_eq!(lines(folder).len(), expected.len());
    journal.commit(step(STEPS, "y")).await.unwrap();
    assert_eq!(journal.last_seq(), expected.len() as u64 + 3);
}

/// Files of the database.
fn files(folder: &Path, out: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        match entry.file_type().unwrap().is_dir() {
            true => files(&entry.path(), out),
            false if entry.metadata().unwrap().len() > 0 => out.push(entry.path()),
            false => {}
        }
    }
    out.sort();
}

#[tokio::test]
async fn a_database_with_flipped_bits_or_torn_files_costs_nothing() {
    let whole = whole().await;
    let expected = entries(&open_when_free(killed(whole.path()).path()).unwrap());
    let mut random = fastrand::Rng::with_seed(7);
    for nth in 0..120 {
        let copy = killed(whole.path());
        let mut found = Vec::new();
        files(&copy.path().join("journal"), &mut found);
        let file = random.choice(&found).unwrap();
        let mut content = fs::read(file).unwrap();
        // Most of the file of a small database is empty; damage is to hit what is not.
        let used = content.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        match nth % 3 {
            0 => content.truncate(random.usize(..used)),
            1 => {
                let at = random.usize(..used);
                content[at] ^= 1 << random.u8(..8);
            }
            _ => {
                let at = random.usize(..used);
                let to = (at + 4096).min(used);
                content[at..to].fill(0);
            }
        }
        fs::write(file, content).unwrap();
        eprintln!("{nth}: {}", file.display());
        holds_all(copy.path(), &expected).await;
    }
}

#[tokio::test]
async fn a_damaged_log_costs_nothing_that_the_database_has() {
    let whole = whole().await;
    let expected = entries(&open_when_free(killed(whole.path()).path()).unwrap());
    let log = fs::read(whole.path().join("journal.jsonl")).unwrap();
    let all = lines(whole.path());
    let mut random = fastrand::Rng::with_seed(11);
    let mut damaged: Vec<Vec<u8>> = vec![
        Vec::new(),
        // Every line twice; the whole twice; two in the other order.
        all.iter()
            .flat_map(|line| [line.as_bytes(), line.as_bytes()].concat())
            .collect(),
        [log.clone(), log.clone()].concat(),
        [&all[..4], &[all[5].clone(), all[4].clone()], &all[6..]]
            .concat()
            .concat()
            .into_bytes(),
    ];
    for nth in 0..40 {
        let mut log = log.clone();
        let at = random.usize(..log.len());
        match nth % 2 {
            0 => log.truncate(at),
            _ => log[at] ^= 1 << random.u8(..8),
        }
        damaged.push(log);
    }
    for log in damaged {
        let copy = killed(whole.path());
        fs::write(copy.path().join("journal.jsonl"), log).unwrap();
        holds_all(copy.path(), &expected).await;
    }
}

/// The database is gone, and a line of the log is damaged: it says so, and goes on only when told to.
#[tokio::test]
async fn what_neither_copy_has_is_refused_by_name() {
    let whole = whole().await;
    let expected = entries(&open_when_free(killed(whole.path()).path()).unwrap());
    let all = lines(whole.path());
    // The first of all, the second of the fifth step, and the last of the last.
    for line in [1, 15, all.len()] {
        let copy = killed(whole.path());
        fs::remove_dir_all(copy.path().join("journal")).unwrap();
        let mut log = all.clone();
        log[line - 1] = log[line - 1].replacen('1', "7", 1);
        fs::write(copy.path().join("journal.jsonl"), log.concat()).unwrap();
        // Whole commits before it.
        let kept = (0..line).rev().find(|at| *at == 0 || !expected[at - 1].more).unwrap();
        for _ in 0..2 {
            let refused = open_when_free(copy.path()).err().unwrap();
            let JournalError::Lost { line: named, from, .. } = refused else {
                panic!("{refused:?}");
            };
            assert_eq!((named as usize, from as usize), (line, kept + 1));
        }
        let (journal, dropped) = loop {
            match Journal::open_without_lost(copy.path(), OPTIONS) {
                Err(JournalError::Locked { .. }) => std::thread::sleep(std::time::Duration::from_millis(2)),
                opened => break opened.unwrap(),
            }
        };
        assert_eq!(dropped.unwrap().from as usize, kept + 1);
        assert_eq!(entries(&journal), expected[..kept]);
        drop(journal);
        assert_eq!(entries(&open_when_free(copy.path()).unwrap()), expected[..kept]);
    }
}

#[tokio::test]
async fn a_run_that_has_lost_its_journal_does_not_begin_again() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("experiments/e-1")).unwrap();
    assert!(matches!(
        open_when_free(folder.path()),
        Err(JournalError::Damaged { .. })
    ));
    // The same with files that have nothing in them.
    let whole = whole().await;
    copy_tree(whole.path(), folder.path());
    fs::remove_dir_all(folder.path().join("journal")).unwrap();
    fs::write(folder.path().join("journal.jsonl"), "").unwrap();
    assert!(matches!(
        open_when_free(folder.path()),
        Err(JournalError::Damaged { .. })
    ));
    // And with a database that cannot be read.
    let copy = killed(whole.path());
    fs::write(copy.path().join("journal.jsonl"), "").unwrap();
    let mut database = fs::OpenOptions::new()
        .write(true)
        .open(copy.path().join("journal/db"))
        .unwrap();
    database.write_all(&[0x5a; 4096]).unwrap();
    drop(database);
    let refused = open_when_free(copy.path());
    assert!(refused.is_err(), "it began again");
}

#[tokio::test]
async fn another_version_is_refused_by_both_copies() {
    let whole = whole().await;
    let copy = killed(whole.path());
    let text = lines(copy.path())
        .concat()
        .replace("\"schema_version\":1", "\"schema_version\":2");
    assert!(text.contains("\"schema_version\":2"));
    // With their checksums, as that version would have written them.
    let sealed: String = text
        .lines()
        .map(|line| {
            let body = line.rsplit_once(",\"crc\":").unwrap().0;
            format!("{body},\"crc\":\"{:08x}\"}}\n", crc32fast::hash(body.as_bytes()))
        })
        .collect();
    fs::write(copy.path().join("journal.jsonl"), sealed).unwrap();
    fs::remove_dir_all(copy.path().join("journal")).unwrap();
    let refused = open_when_free(copy.path());
    assert!(matches!(refused, Err(JournalError::Version { found: 2, .. })));

    let copy = killed(whole.path());
    {
        let database = sled::open(copy.path().join("journal")).unwrap();
        let meta = database.open_tree("meta").unwrap();
        meta.insert("schema", &2u32.to_be_bytes()).unwrap();
        // Which that version may have, as an earlier one had.
        database.open_tree("sent").unwrap().insert("m-1", "1").unwrap();
        database.flush().unwrap();
    }
    let refused = open_when_free(copy.path());
    assert!(matches!(refused, Err(JournalError::Version { found: 2, .. })));
    let database = loop {
        match sled::open(copy.path().join("journal")) {
            Ok(database) => break database,
            Err(_) => std::thread::sleep(std::time::Duration::from_millis(5)),
        }
    };
    assert!(database.tree_names().contains(&"sent".into()), "it was changed");
}
