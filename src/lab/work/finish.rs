//! States how a run ended, and writes its report.

use crate::{
    actors::{Restorer, research_director::restore_state},
    config::Settings,
    journal::{Commit, Journal, Kind, Record},
    lab::{LabError, RunFolder, dossier, options::open_journal, run_version::RunVersion},
    message::{AgentName, agent},
    report::{Dossier, ReportError, Written, write_files, write_table_files},
    science::{EndReason, RunEnd, RunId, RunStatus},
    supervisor::{RunResult, SupervisorError},
};

/// The outcome of the work on a run.
#[derive(Debug)]
pub struct Finished {
    /// The typed end.
    pub end: RunEnd,
    /// The data that the report was made from.
    pub dossier: Dossier,
    /// Paths of the findings and the report.
    pub written: Written,
}

/// Records why the run stopped, if it has not ended, and writes its report. Files of experiments that were deleted or
/// damaged are restored.
pub(super) async fn finish_run(
    folder: &RunFolder,
    settings: &Settings,
    journal: &Journal,
    result: RunResult,
    restorer: &Restorer<'_>,
) -> Result<Finished, LabError> {
    let run = folder.id();
    let (end, stopped) = match result {
        RunResult::Ended(end) => (end, None),
        RunResult::Stopped => (stopped_end(&run, None), Some(("stopped by the user".to_owned(), false))),
        RunResult::Paused { reason, remedy } => {
            // The journal has one text for both.
            let reason = format!("{reason}; {remedy}");
            (stopped_end(&run, Some(&reason)), Some((reason, true)))
        }
    };
    if let Some((reason, outage)) = stopped {
        let record = Record::Stopped { reason, outage };
        journal.commit(Commit::of_record(record)).await?;
    }
    match write_report(folder, settings, journal, end.clone()) {
        Err(LabError::Report(ReportError::Missing { .. } | ReportError::HashDiffers { .. })) => {
            let executor = AgentName::from(agent::SANDBOX_EXECUTOR);
            let restored = restorer.restore_all().await;
            restored.map_err(|error| SupervisorError::from_agent_error(&executor, error))?;
            write_report(folder, settings, journal, end)
        }
        written => written,
    }
}

/// Writes the report of a run again, from its journal alone.
///
/// # Errors
/// When another process works on the run, or its journal or its experiments cannot be read.
pub fn render_report(folder: &RunFolder) -> Result<Finished, LabError> {
    let (settings, journal) = open_journal(folder, folder.origin()?)?;
    let (state, _) = restore_state(&journal)?;
    let end = match state.end {
        Some(end) => end,
        None => stopped_end(&folder.id(), pause_reason(&journal)?.as_deref()),
    };
    write_report(folder, &settings, &journal, end)
}

fn write_report(folder: &RunFolder, settings: &Settings, journal: &Journal, end: RunEnd) -> Result<Finished, LabError> {
    let (state, _) = restore_state(journal)?;
    let context = dossier::Context {
        run: &folder.id(),
        settings,
        end: &end,
    };
    let dossier = dossier::gather_dossier(&context, &state, journal)?;
    let version = RunVersion::of_run(journal)?;
    let contents = version.render_report(journal.run_dir(), &dossier)?;
    write_table_files(journal.run_dir(), &version.render_table_files(&dossier))?;
    let written = write_files(journal.run_dir(), &contents)?;
    Ok(Finished { end, dossier, written })
}

/// The end of a run that has not ended: stopped by the user, or paused for this reason.
fn stopped_end(run: &RunId, paused: Option<&str>) -> RunEnd {
    let (reason, why) = match paused {
        Some(why) => (EndReason::Outage, why),
        None => (EndReason::User, "stopped before its end"),
    };
    RunEnd {
        status: RunStatus::Stopped,
        reason,
        message: format!("{why}; `kosmos resume {run}` goes on"),
    }
}

/// The reason of the run's pause; none if the run was not paused last.
fn pause_reason(journal: &Journal) -> Result<Option<String>, LabError> {
    let mut paused = None;
    for entry in journal.entries_of(&[Kind::Stopped, Kind::Opened]) {
        match entry?.record {
            Record::Stopped { reason, outage } => paused = outage.then_some(reason),
            Record::Opened(_) => paused = None,
            _ => {}
        }
    }
    Ok(paused)
}
