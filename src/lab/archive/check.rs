//! Checks a run that was unpacked from an archive, before it appears among the runs.

use std::{error::Error, io};

use kosmos_core::{plain_path::PlainPath, run_dir::RunDir, run_files};

use crate::{
    config::{ConfigError, Request},
    journal::{Entry, JournalError, Record, read_entries},
    message::ledger_lines,
    science::RunId,
};

/// Why what an archive holds is not taken as a run. The message names the file and the reason.
#[derive(Debug, thiserror::Error)]
pub(super) enum UnpackedFault {
    /// A file is missing that every run has.
    #[error("it holds no run: `{0}` is missing")]
    Missing(&'static str),
    /// The settings are not those of a run.
    #[error("`{}` is not as a run has it: {}", run_files::SETTINGS, describe_causes(.0))]
    Settings(Box<ConfigError>),
    /// The journal cannot be read.
    #[error("`{}` is not as a run has it: {}", run_files::JOURNAL_LOG, describe_causes(.0))]
    Journal(JournalError),
    /// The journal has an entry of another run.
    #[error(
        "`{}` is not as a run has it: entry {seq} is of the run `{run}`",
        run_files::JOURNAL_LOG
    )]
    OtherRun {
        /// The number of the entry.
        seq: u64,
        /// The run that it names.
        run: RunId,
    },
    /// The ledger cannot be read or written anew.
    #[error("`{}` is not as a run has it: {cause}", run_files::LEDGER, cause = .0)]
    Ledger(io::Error),
    /// The ledger is not the one that the journal gives.
    #[error(
        "`{}` is not as a run has it: it does not follow from the journal",
        run_files::LEDGER
    )]
    OtherLedger,
}

/// Checks the settings, the journal and the ledger of the run `id` in `folder`.
pub(super) fn check_unpacked(folder: &RunDir, id: &str) -> Result<(), UnpackedFault> {
    for name in [run_files::SETTINGS, run_files::JOURNAL_LOG, run_files::LEDGER] {
        if !folder.has_file(&PlainPath::of(name)) {
            return Err(UnpackedFault::Missing(name));
        }
    }
    Request::frozen(folder.path().join(run_files::SETTINGS))
        .resolve()
        .map_err(|error| UnpackedFault::Settings(Box::new(error)))?;
    let entries = read_entries(folder).map_err(UnpackedFault::Journal)?;
    check_runs(&entries, id)?;
    check_ledger(folder, &entries)
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
fn check_runs(entries: &[Entry], id: &str) -> Result<(), UnpackedFault> {
    let other = entries.iter().find_map(|entry| match &entry.record {
        Record::Sent { envelope } if envelope.run.as_str() != id => Some((entry.seq, &envelope.run)),
        _ => None,
    });
    match other {
        None => Ok(()),
        Some((seq, run)) => Err(UnpackedFault::OtherRun { seq, run: run.clone() }),
    }
}

/// Checks that the ledger is the one that the journal gives.
fn check_ledger(folder: &RunDir, entries: &[Entry]) -> Result<(), UnpackedFault> {
    let mut expected = Vec::new();
    for entry in entries {
        let Record::Sent { envelope } = &entry.record else {
            continue;
        };
        for line in ledger_lines(entry.seq, envelope) {
            serde_json::to_writer(&mut expected, &line).map_err(|error| UnpackedFault::Ledger(error.into()))?;
            expected.push(b'\n');
        }
    }
    let found = folder.read(&PlainPath::of(run_files::LEDGER), run_files::TEXT_BYTES);
    let found = found.map_err(UnpackedFault::Ledger)?;
    match found == expected {
        true => Ok(()),
        false => Err(UnpackedFault::OtherLedger),
    }
}
