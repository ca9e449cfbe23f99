use clap::Args;
use serde::Serialize;

use crate::config::Environment;
use crate::lab::{RunFolder, RunSummary, list_runs, summarise_run};
use crate::progress::printable;
use crate::science::RunId;

use super::{CliError, Exit, Globals, Home, output};

/// `kosmos runs`: lists the runs, newest first.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct RunsArgs {}

const EXAMPLES: &str = "\
Examples:
  kosmos runs
  kosmos runs --home /srv/lab --json";

/// A line of the list; a run that cannot be read does not hide the others.
#[derive(Serialize)]
#[serde(untagged)]
enum Listed {
    Known(Box<RunSummary>),
    Unreadable { run: RunId, error: String },
}

fn list_run(folder: &RunFolder) -> Listed {
    match summarise_run(folder) {
        Ok(found) => Listed::Known(Box::new(found)),
        Err(error) => Listed::Unreadable {
            run: folder.id(),
            error: error.to_string(),
        },
    }
}

/// Runs the command.
///
/// # Errors
/// When the home cannot be read.
pub fn execute_runs(_: RunsArgs, globals: &Globals) -> Result<Exit, CliError> {
    let home = Home::locate(globals, &Environment::of_process()?);
    let runs = list_runs(&home.runs_folder())?;
    let found: Vec<Listed> = runs.iter().map(list_run).collect();
    if globals.json {
        output::print_json(&found)?;
    } else if found.is_empty() {
        output::print_text(&format!("no runs in {}\n", home.path().display()))?;
    } else {
        let line = |run: &Listed| match run {
            Listed::Known(run) => format!(
                "{}  {:<12}  {:>3} findings  {}\n",
                run.run,
                run.status,
                run.findings,
                printable(&run.question)
            ),
            Listed::Unreadable { run, error } => format!("{run}  {:<12}  {}\n", "unreadable", printable(error)),
        };
        output::print_text(&found.iter().map(line).collect::<String>())?;
    }
    Ok(Exit::Done)
}
