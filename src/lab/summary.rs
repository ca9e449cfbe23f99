//! How far a run is, read from its plain journal: by any process, while the run is worked on or after.

use serde::Serialize;

use super::{LabError, RunFolder};
use crate::{
    journal::{Blobs, Entry, Record, read_entries},
    message::Payload,
    science::{Arm, RunEnd, RunId},
};

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunSummary {
    #[allow(missing_docs)]
    pub run: RunId,
    #[allow(missing_docs)]
    pub question: String,
    /// `answered`, ..., or `unfinished` while it has not ended.
    pub status: String,
    /// How it ended.
    pub end: Option<RunEnd>,
    /// Why it stopped, where it has not ended.
    pub stopped: Option<String>,
    /// From 1; 0 before the first.
    pub cycle: u32,
    /// Scripts handed to the sandbox.
    pub experiments_planned: u64,
    /// Scripts that ended.
    pub experiments_done: u64,
    /// Tests judged on the data as given.
    pub tests: u64,
    /// Significant ones.
    pub findings: u64,
    /// Restarts of agents.
    pub restarts: u64,
    /// Messages given up.
    pub dead_letters: u64,
    /// Milliseconds since the Unix epoch of the first and the last entry.
    pub began_ms: Option<u64>,
    #[allow(missing_docs)]
    pub last_ms: Option<u64>,
}

/// Reads where the run in `folder` stands.
///
/// # Errors
/// When its settings or its journal cannot be read.
pub fn summary(folder: &RunFolder) -> Result<RunSummary, LabError> {
    let settings = folder.settings()?;
    let mut summary = RunSummary {
        run: folder.id(),
        question: settings.question.unwrap_or_default(),
        status: "unfinished".to_owned(),
        end: None,
        stopped: None,
        cycle: 0,
        experiments_planned: 0,
        experiments_done: 0,
        tests: 0,
        findings: 0,
        restarts: 0,
        dead_letters: 0,
        began_ms: None,
        last_ms: None,
    };
    let blobs = Blobs::open(folder.path().join("blobs"))?;
    for entry in read_entries(folder.path(), &blobs)? {
        count(&mut summary, entry);
    }
    Ok(summary)
}

fn count(summary: &mut RunSummary, entry: Entry) {
    summary.began_ms.get_or_insert(entry.at_ms);
    summary.last_ms = Some(entry.at_ms);
    match entry.record {
        Record::Sent { envelope } => match envelope.payload {
            Payload::DesignExperiment(request) => summary.cycle = summary.cycle.max(request.cycle),
            Payload::RunExperiment(_) => summary.experiments_planned += 1,
            Payload::ExperimentFinished(_) => summary.experiments_done += 1,
            Payload::CycleJudged(verdict) if verdict.arm == Arm::Observed => {
                summary.tests += verdict.family.tests;
                summary.findings += verdict.family.significant;
            }
            Payload::EndRun(end) => {
                summary.status = end.status.to_string();
                summary.end = Some(*end);
            }
            _ => {}
        },
        Record::Opened { .. } if summary.end.is_none() => {
            summary.status = "unfinished".to_owned();
            summary.stopped = None;
        }
        Record::Stopped { reason, .. } => {
            summary.status = "stopped".to_owned();
            summary.stopped = Some(reason);
        }
        Record::Restarted { .. } => summary.restarts += 1,
        Record::Handled { dead: Some(_), .. } => summary.dead_letters += 1,
        _ => {}
    }
}
