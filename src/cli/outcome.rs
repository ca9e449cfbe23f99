use std::path::PathBuf;

use serde::Serialize;

use crate::lab::Finished;
use crate::message::Says;
use crate::progress::printable;
use crate::report::{ProjectMemory, Written, terminal_summary};
use crate::science::{Branch, BudgetName, EndReason, HypothesisId, RunEnd, RunId, RunStatus, ShuffledNull};

use super::{CliError, Exit, Globals, output};

/// The document that `run`, `resume` and `report` print with `--json`.
#[derive(Debug, Serialize)]
struct Outcome<'a> {
    run: &'a RunId,
    /// The run that it branched from; null if it is no branch.
    branch: &'a Option<Branch>,
    status: RunStatus,
    reason: &'a EndReason,
    message: &'a str,
    /// The budget that ended the run; null where none did.
    ended_by: Option<&'a BudgetName>,
    cycles: usize,
    tests: usize,
    findings: usize,
    shuffled_null: &'a Option<ShuffledNull>,
    /// Earlier runs of its project; null if it belongs to none.
    project: Option<Project<'a>>,
    /// Nodes and edges that are waiting for the graph.
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
    /// Claims that they judged on the same data, which were not tested again.
    settled: u64,
    /// Verdicts of this run on their findings in other data.
    echoes: Vec<EchoTold<'a>>,
}

#[derive(Debug, Serialize)]
struct EchoTold<'a> {
    finding: &'a HypothesisId,
    says: Says,
    /// Approximate share of this table's distinct rows that the earlier table has too; null if unknown.
    shared_rows: Option<f64>,
    /// The run that found it.
    run: &'a RunId,
}

/// The exit code of a run's end.
pub(super) fn exit_of_run(end: &RunEnd) -> Exit {
    match (end.status, &end.reason) {
        (RunStatus::Answered | RunStatus::NotAnswerable | RunStatus::Exhausted, _) => Exit::Done,
        (RunStatus::BudgetSpent, _) => Exit::Budget,
        (RunStatus::Stopped, EndReason::Outage) => Exit::Unavailable,
        (RunStatus::Stopped, _) => Exit::Interrupted,
        (RunStatus::Failed, EndReason::BadInput { .. }) => Exit::Usage,
        (RunStatus::Failed, _) => Exit::Failed,
    }
}

/// Prints the outcome of a run and the path of its report.
pub(super) fn print_outcome(finished: &Finished, globals: &Globals) -> Result<Exit, CliError> {
    let Finished { end, dossier, written } = finished;
    let exit = exit_of_run(end);
    let Written {
        findings,
        markdown,
        html,
        notebook,
    } = written;
    if globals.json {
        output::print_json(&Outcome {
            run: &dossier.run,
            branch: &dossier.branch,
            status: end.status,
            reason: &end.reason,
            message: &end.message,
            ended_by: end.ended_by(),
            cycles: dossier.cycles.len(),
            tests: dossier.tests.len(),
            findings: dossier.tests.iter().filter(|test| test.is_finding()).count(),
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
        printable(&end.message),
        findings.display(),
        html.display(),
    );
    for agent in &dossier.agents {
        if let Some(from) = &agent.from {
            let told = format!("{} from {from}: {}", agent.name, agent.permissions);
            text.push_str(&format!("agent     {}\n", printable(&told)));
        }
    }
    if let Some(branch) = &dossier.branch {
        text.push_str(&format!("branch    of {}, from cycle {}\n", branch.run, branch.cycle));
    }
    if let Some(memory) = &dossier.memory {
        text.push_str(&format!("project   {}\n", describe_project(memory)));
    }
    if dossier.graph_waits > 0 {
        text.push_str(&format!(
            "graph     {} nodes and edges are waiting for it; `kosmos graph sync {}` delivers them\n",
            dossier.graph_waits, dossier.run
        ));
    }
    output::print_text(&text)?;
    Ok(exit)
}

/// One line about the run's project.
fn describe_project(memory: &ProjectMemory) -> String {
    let count = |says: Says| memory.echoes.iter().filter(|echo| echo.says == says).count();
    let name = printable(&memory.project);
    if memory.runs.is_empty() {
        return format!("{name}: first run in this graph");
    }
    let mut told = match memory.runs.len() {
        1 => format!("{name}: 1 earlier run"),
        runs => format!("{name}: {runs} earlier runs"),
    };
    if memory.settled_in_all > 0 {
        told.push_str(&format!(
            "; {} claims had been settled on the same data",
            memory.settled_in_all
        ));
    }
    let verdicts = [
        (Says::Replicates, "replicated"),
        (Says::Contradicts, "contradicted"),
        (Says::Fails, "not found again"),
        (Says::Differs, "with a different leading group"),
    ];
    let verdicts: Vec<String> = verdicts
        .into_iter()
        .filter(|(says, _)| count(*says) > 0)
        .map(|(says, words)| format!("{} {words}", count(says)))
        .collect();
    let shared = memory.echoes.iter().filter(|echo| echo.on_shared_rows()).count();
    if !verdicts.is_empty() {
        told.push_str(&format!("; of the findings in other data, {}", verdicts.join(", ")));
        if shared > 0 {
            told.push_str(&format!(" ({shared} of these on rows that both tables contain)"));
        }
    }
    told
}

/// The data cannot be analysed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct BadInput(pub(super) String);
