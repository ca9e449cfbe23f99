use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use crate::graph::GraphError;
use crate::journal::JournalError;
use crate::lab::{Finished, LabError};
use crate::message::Says;
use crate::plugin::PluginError;
use crate::progress::printable;
use crate::report::{Memory, Written, terminal_summary};
use crate::science::{Branch, EndReason, HypothesisId, RunEnd, RunId, RunStatus, ShuffledNull};
use crate::supervisor::SupervisorError;

use super::{CliError, Exit, Globals, output};

/// What `run`, `resume` and `report` print with `--json`.
#[derive(Debug, Serialize)]
struct Outcome<'a> {
    run: &'a RunId,
    /// The run that it branched from; null where it did not.
    branch: &'a Option<Branch>,
    status: RunStatus,
    reason: &'a EndReason,
    message: &'a str,
    cycles: usize,
    tests: usize,
    findings: usize,
    shuffled_null: &'a Option<ShuffledNull>,
    /// What earlier runs of the project have to do with it; null where it belongs to none.
    project: Option<Project<'a>>,
    /// Nodes and edges that wait for the graph.
    graph_waits: u64,
    findings_json: PathBuf,
    report_html: PathBuf,
    report_md: PathBuf,
    notebook: PathBuf,
    exit_code: u8,
}

#[derive(Debug, Serialize)]
struct Project<'a> {
    name: &'a str,
    /// Earlier runs.
    runs: usize,
    /// Claims that they judged on the same data, and which were not tested again.
    settled: u64,
    /// What this run says of their findings in other data.
    echoes: Vec<EchoTold<'a>>,
}

#[derive(Debug, Serialize)]
struct EchoTold<'a> {
    finding: &'a HypothesisId,
    says: Says,
    /// The share of this table's distinct rows that the earlier one has too, about; null where that cannot be told.
    shared_rows: Option<f64>,
    /// The run that found it.
    run: &'a RunId,
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
            branch: &dossier.branch,
            status: end.status,
            reason: &end.reason,
            message: &end.message,
            cycles: dossier.cycles.len(),
            tests: dossier.tests.len(),
            findings: dossier.tests.iter().filter(|test| test.significant).count(),
            shuffled_null: &dossier.shuffled_null,
            project: dossier.memory.as_ref().map(|memory| Project {
                name: &memory.project,
                runs: memory.runs.len(),
                settled: memory.settled_in_all,
                echoes: memory
                    .echoes
                    .iter()
                    .map(|echo| EchoTold {
                        finding: &echo.finding,
                        says: echo.says,
                        shared_rows: echo.earlier.shared_rows,
                        run: &echo.earlier.run,
                    })
                    .collect(),
            }),
            graph_waits: dossier.graph_waits,
            findings_json: findings.clone(),
            report_html: html.clone(),
            report_md: markdown.clone(),
            notebook: notebook.clone(),
            exit_code: exit.code(),
        })?;
        return Ok(exit);
    }
    let mut text = format!(
        "{}\nrun       {}\nstatus    {}: {}\nfindings  {}\nreport    {}\n",
        terminal_summary(dossier).trim_end(),
        dossier.run,
        end.status,
        end.message,
        findings.display(),
        html.display(),
    );
    if let Some(branch) = &dossier.branch {
        text.push_str(&format!(
            "branch    of {}, from cycle {} on\n",
            branch.run, branch.cycle
        ));
    }
    if let Some(memory) = &dossier.memory {
        text.push_str(&format!("project   {}\n", project(memory)));
    }
    if dossier.graph_waits > 0 {
        text.push_str(&format!(
            "graph     {} nodes and edges wait for it; `kosmos graph sync {}` delivers them\n",
            dossier.graph_waits, dossier.run
        ));
    }
    output::text(&text)?;
    Ok(exit)
}

/// What the project had to do with the run, in a line.
fn project(memory: &Memory) -> String {
    let count = |says: Says| memory.echoes.iter().filter(|echo| echo.says == says).count();
    let name = printable(&memory.project);
    if memory.runs.is_empty() {
        return format!("{name}: its first run in this graph");
    }
    let mut told = match memory.runs.len() {
        1 => format!("{name}: 1 earlier run"),
        runs => format!("{name}: {runs} earlier runs"),
    };
    if memory.settled_in_all > 0 {
        told.push_str(&format!(
            "; {} claims were settled on the same data",
            memory.settled_in_all
        ));
    }
    let verdicts = [
        (Says::Replicates, "replicated"),
        (Says::Contradicts, "contradicted"),
        (Says::Fails, "not found again"),
        (Says::Differs, "with another group ahead"),
    ];
    let verdicts: Vec<String> = verdicts
        .into_iter()
        .filter(|(says, _)| count(*says) > 0)
        .map(|(says, words)| format!("{} {words}", count(says)))
        .collect();
    let shared = memory.echoes.iter().filter(|echo| echo.on_shared_rows()).count();
    if !verdicts.is_empty() {
        told.push_str(&format!("; of what was found in other data, {}", verdicts.join(", ")));
        if shared > 0 {
            told.push_str(&format!(" ({shared} of these on rows that both tables share)"));
        }
    }
    told
}

/// The data cannot be researched.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct BadInput(pub(super) String);

/// A fault of an agent's folder, or of what is said of it.
pub(super) fn plugin_error(error: PluginError) -> CliError {
    let help = error.help();
    match error {
        PluginError::Needs { .. } => CliError::unavailable(error, help),
        error => CliError::usage(error, help),
    }
}

/// A failure of the lab, with its exit code and what to do.
pub(super) fn lab_error(error: LabError) -> CliError {
    match error {
        LabError::Interpreter(_) | LabError::Sandbox(_) => {
            let help = error
                .help()
                .unwrap_or_else(|| "`kosmos doctor` checks all that a run needs".to_owned());
            CliError::unavailable(error, help)
        }
        LabError::Supervisor(SupervisorError::Unavailable { .. }) => {
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
        LabError::Fork(error) => {
            let help = error.help();
            CliError::usage(error, help)
        }
        LabError::Archive { .. } => CliError::usage(
            error,
            "give another file; an archive is what `kosmos export` writes, with one run that is not there yet",
        ),
        LabError::TwoTables { .. } => CliError::usage(
            error,
            "give each table a name of its own: [[data]] name = \"...\" in the run file",
        ),
        LabError::Plugin(error) => plugin_error(error),
        LabError::Config(error) => CliError::Config(error),
        LabError::Journal(ref journal) | LabError::Supervisor(SupervisorError::Journal(ref journal)) => {
            let journal = Arc::clone(journal);
            journal_error(&journal, error)
        }
        other => CliError::failed(other),
    }
}

/// A failure of a run's journal.
fn journal_error(journal: &JournalError, error: LabError) -> CliError {
    match journal {
        JournalError::Locked { .. } => CliError::usage(
            error,
            "one process works on a run at a time; `kosmos status` tells how far it is",
        ),
        JournalError::Lost { from, .. } => CliError::failed_with(
            error,
            format!(
                "bring the file back from a backup; or `kosmos resume RUN --drop-damaged` goes on from entry {}, and does again what came after it",
                from - 1
            ),
        ),
        JournalError::DamagedLog { .. } => CliError::failed_with(
            error,
            "`kosmos resume` mends it from the journal's database, where that has what was there",
        ),
        JournalError::Damaged { .. } | JournalError::Blob { .. } => {
            CliError::failed_with(error, "bring the run's folder back from a backup, or begin a new run")
        }
        JournalError::Version { .. } => CliError::usage(error, "the run's other files can be read as they are"),
        JournalError::Io { .. } | JournalError::Store(_) => CliError::failed_with(
            error,
            "when the disk can be written again, `kosmos resume` goes on with the run: nothing that was done is lost",
        ),
        _ => CliError::failed(error),
    }
}
