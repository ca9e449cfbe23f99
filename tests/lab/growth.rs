//! What a run keeps of each experiment, beside the experiment's own folder.

use std::{fs, path::Path};

use crate::trial::{Heuristic, Trial, finished};
use kosmos_testing::describe_output;

/// Bytes of a line of the journal, with its head and its checksum: what is larger is a file of its own.
const LONGEST_LINE: usize = 17 * 1024;

/// Bytes of the journal, its files and the copy of the ledger per experiment of a table of three columns, at most.
const PER_EXPERIMENT: u64 = 256 * 1024;

#[test]
fn the_journal_grows_with_the_experiments_and_no_faster() {
    let [short, long] = ["1", "4"].map(|cycles| {
        let trial = Trial::new(Heuristic);
        let output = trial
            .command()
            .args(["--set", &format!("budget.cycles={cycles}")])
            .args(["--set", "research.batch=1", "--set", "journal.snapshot_every=5"])
            .output()
            .unwrap();
        assert!(finished(&output), "{}", describe_output(&output));
        let run = trial.run();
        let experiments = fs::read_dir(run.join("experiments")).unwrap().count() as u64;
        let journal = fs::read_to_string(run.join("journal.jsonl")).unwrap();
        let longest = journal.lines().map(str::len).max().unwrap();
        assert!(longest <= LONGEST_LINE, "a line of {longest} bytes");
        let bytes = ["journal.jsonl", "ledger.jsonl", "blobs"].map(|name| size(&run.join(name)));
        (experiments, bytes.iter().sum::<u64>())
    });
    println!("experiments and bytes: {short:?} in a short run, {long:?} in a long one");
    assert!(long.0 > short.0, "{short:?} {long:?}");
    let each = |(experiments, bytes): (u64, u64)| bytes / experiments;
    assert!(each(long) <= PER_EXPERIMENT, "{long:?}");
    assert!(2 * each(long) <= 3 * each(short), "{short:?} {long:?}");
}

fn size(path: &Path) -> u64 {
    match fs::read_dir(path) {
        Ok(entries) => entries.map(|entry| size(&entry.unwrap().path())).sum(),
        Err(_) => fs::metadata(path).unwrap().len(),
    }
}
