//! Checks a run that was unpacked from an archive, before it appears among the runs.

use std::{error::Error, io};

use kosmos_core::{plain_path::PlainPath, run_dir::RunDir, run_files};

use crate::{
    config::Request,
    journal::{Entry, Record, read_entries},
    message::ledger_lines,
};

/// Checks the settings, the journal and the ledger of the run `id` in `folder`. The error names the file and the
/// reason.
pub(super) fn check_unpacked(folder: &RunDir, id: &str) -> Result<(), String> {
    for name in [run_files::SETTINGS, run_files::JOURNAL_LOG, run_files::LEDGER] {
        if !folder.has_file(&PlainPath::of(name)) {
            return Err(format!("it holds no run: `{name}` is missing"));
        }
    }
    Request::frozen(folder.path().join(run_files::SETTINGS))
        .resolve()
        .map_err(|error| refuse(run_files::SETTINGS, &describe_causes(&error)))?;
    let entries = read_entries(folder).map_err(|error| refuse(run_files::JOURNAL_LOG, &describe_causes(&error)))?;
    check_runs(&entries, id)?;
    check_ledger(folder, &entries)
}

fn refuse(name: &str, why: &str) -> String {
    format!("`{name}` is not as a run has it: {why}")
}

/// An error with its causes. Paths of the folder that is removed again are of no use to anyone.
fn describe_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(&format!(": {cause}"));
        next = cause.source();
    }
    text
}

/// Checks that the journal is of the run that the archive names.
fn check_runs(entries: &[Entry], id: &str) -> Result<(), String> {
    let other = entries.iter().find_map(|entry| match &entry.record {
        Record::Sent { envelope } if envelope.run.as_str() != id => Some((entry.seq, &envelope.run)),
        _ => None,
    });
    match other {
        None => Ok(()),
        Some((seq, run)) => Err(refuse(
            run_files::JOURNAL_LOG,
            &format!("entry {seq} is of the run `{run}`"),
        )),
    }
}

/// Checks that the ledger is the one that the journal gives.
fn check_ledger(folder: &RunDir, entries: &[Entry]) -> Result<(), String> {
    let refuse = |why: &str| refuse(run_files::LEDGER, why);
    let mut expected = Vec::new();
    for entry in entries {
        let Record::Sent { envelope } = &entry.record else {
            continue;
        };
        for line in ledger_lines(entry.seq, envelope) {
            serde_json::to_writer(&mut expected, &line).map_err(|error| refuse(&error.to_string()))?;
            expected.push(b'\n');
        }
    }
    let found = folder.read(&PlainPath::of(run_files::LEDGER), run_files::TEXT_BYTES);
    let found = found.map_err(|error: io::Error| refuse(&error.to_string()))?;
    match found == expected {
        true => Ok(()),
        false => Err(refuse("it does not follow from the journal")),
    }
}
