use clap::Args;

use crate::config::Environment;
use crate::lab::{RunSummary, list_runs, summary};
use crate::progress::printable;

use super::outcome::lab_error;
use super::{CliError, Exit, Globals, Home, output};

/// `kosmos runs`: lists the runs, newest first.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct RunsArgs {}

const EXAMPLES: &str = "\
Examples:
  kosmos runs
  kosmos runs --home /srv/lab --json";

/// Runs the command.
///
/// # Errors
/// When the home can't be read.
pub fn execute(_: RunsArgs, globals: &Globals) -> Result<Exit, CliError> {
    let home = Home::locate(globals, &Environment::of_process()?);
    let runs = list_runs(&home.runs()).map_err(lab_error)?;
    let found = runs
        .iter()
        .map(summary)
        .collect::<Result<Vec<_>, _>>()
        .map_err(lab_error)?;
    if globals.json {
        output::json(&found)?;
    } else if found.is_empty() {
        output::text(&format!("no runs in {}\n", home.path().display()))?;
    } else {
        let line = |run: &RunSummary| {
            format!(
                "{}  {:<12}  {:>3} findings  {}\n",
                run.run,
                run.status,
                run.findings,
                printable(&run.question)
            )
        };
        output::text(&found.iter().map(line).collect::<String>())?;
    }
    Ok(Exit::Done)
}
