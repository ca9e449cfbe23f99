use std::path::PathBuf;

use serde::Serialize;

use crate::graph::GraphError;
use crate::lab::{Finished, LabError};
use crate::report::{Written, terminal_summary};
use crate::science::{EndReason, RunEnd, RunId, RunStatus, ShuffledNull};

use super::{CliError, Exit, Globals, output};

/// What `run`, `resume` and `report` print with `--json`.
#[derive(Debug, Serialize)]
struct Outcome<'a> {
    run: &'a RunId,
    status: RunStatus,
    reason: &'a EndReason,
    message: &'a str,
    cycles: usize,
    tests: usize,
    findings: usize,
    shuffled_null: &'a Option<ShuffledNull>,
    findings_json: PathBuf,
    report_html: PathBuf,
    report_md: PathBuf,
    notebook: PathBuf,
    exit_code: u8,
}

/// A run's end, as an exit code.
pub(super) fn exit_of(end: &RunEnd) -> Exit {
    match (end.status, &end.reason) {
        (RunStatus::Answered | RunStatus::Exhausted, _) => Exit::Done,
        (RunStatus::BudgetSpent, _) => Exit::Budget,
        (RunStatus::Stopped, EndReason::Outage) => Exit::Unavailable,
        (RunStatus::Stopped, _) => Exit::Interrupted,
        (RunStatus::Failed, EndReason::BadInput { .. }) => Exit::Usage,
        (RunStatus::Failed, _) => Exit::Failed,
    }
}

/// Says how a run came out and where its report is.
pub(super) fn tell(finished: &Finished, globals: &Globals) -> Result<Exit, CliError> {
    let Finished { end, dossier, written } = finished;
    let exit = exit_of(end);
    let Written {
        findings,
        markdown,
        html,
        notebook,
    } = written;
    if globals.json {
        output::json(&Outcome {
            run: &dossier.run,
            status: end.status,
            reason: &end.reason,
            message: &end.message,
            cycles: dossier.cycles.len(),
            tests: dossier.tests.len(),
            findings: dossier.tests.iter().filter(|test| test.significant).count(),
            shuffled_null: &dossier.shuffled_null,
            findings_json: findings.clone(),
            report_html: html.clone(),
            report_md: markdown.clone(),
            notebook: notebook.clone(),
            exit_code: exit.code(),
        })?;
        return Ok(exit);
    }
    let text = format!(
        "{}\nrun       {}\nstatus    {}: {}\nfindings  {}\nreport    {}\n",
        terminal_summary(dossier).trim_end(),
        dossier.run,
        end.status,
        end.message,
        findings.display(),
        html.display(),
    );
    output::text(&text)?;
    Ok(exit)
}

/// The data cannot be researched.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct BadInput(pub(super) String);

/// A failure of the lab, with its exit code and what to do.
pub(super) fn lab_error(error: LabError) -> CliError {
    match error {
        LabError::Interpreter(_) | LabError::Sandbox(_) => {
            CliError::unavailable(error, "`kosmos doctor` checks all that a run needs")
        }
        LabError::Supervisor(crate::supervisor::SupervisorError::Unavailable { .. }) => {
            CliError::unavailable(error, "mend it, then `kosmos resume` goes on with the run")
        }
        LabError::Llm(_) => CliError::unavailable(error, "`kosmos doctor` with the same settings checks the endpoint"),
        LabError::Graph(ref graph) => match graph {
            GraphError::Away { .. } => CliError::unavailable(
                error,
                "start the graph server, or name another by graph.uri; a run of a project needs it at its start",
            ),
            GraphError::Refused { .. } => CliError::unavailable(
                error,
                "graph.user, graph.database and the password in NEO4J_PASSWORD must be the server's; `kosmos doctor` with the same settings checks them",
            ),
            GraphError::Query { .. } => CliError::usage(error, "mend the query"),
            _ => CliError::failed(error),
        },
        LabError::NoSuchRun { .. } | LabError::Ambiguous { .. } => {
            CliError::usage(error, "`kosmos runs` lists the runs; --home names another home")
        }
        LabError::Unfinished { ref run } => {
            let help = format!("`kosmos resume {run}` carries on with it");
            CliError::usage(error, help)
        }
        LabError::TwoTables { .. } => CliError::usage(
            error,
            "give each table a name of its own: [[data]] name = \"...\" in the run file",
        ),
        LabError::Config(error) => CliError::Config(error),
        LabError::Journal(ref journal) if matches!(**journal, crate::journal::JournalError::Locked { .. }) => {
            CliError::usage(
                error,
                "one process works on a run at a time; `kosmos status` tells how far it is",
            )
        }
        other => CliError::failed(other),
    }
}
