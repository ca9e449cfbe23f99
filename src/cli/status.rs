use clap::Args;

use crate::config::Environment;
use crate::lab::{RunFolder, summary};
use crate::progress::printable;

use super::outcome::lab_error;
use super::{CliError, Exit, Globals, Home, output};

/// `kosmos status`: tells how far a run has come, while it runs or after.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct StatusArgs {
    /// The id of a run, or a beginning of it that fits one alone; `kosmos runs` lists them
    #[arg(value_name = "RUN")]
    pub run: String,
}

const EXAMPLES: &str = "\
Examples:
  kosmos status 3fa9c1
  kosmos status 3fa9c1 --json";

/// Runs the command.
///
/// # Errors
/// When there is no such run, or its journal can't be read.
pub fn execute(args: StatusArgs, globals: &Globals) -> Result<Exit, CliError> {
    let home = Home::locate(globals, &Environment::of_process()?);
    let folder = RunFolder::find(&home.runs(), &args.run).map_err(lab_error)?;
    let found = summary(&folder).map_err(lab_error)?;
    if globals.json {
        output::json(&found)?;
        return Ok(Exit::Done);
    }
    let why = found.end.as_ref().map(|end| &end.message).or(found.stopped.as_ref());
    let message = why.map(|why| format!(": {why}")).unwrap_or_default();
    let lines = [
        ("run", found.run.to_string()),
        ("question", printable(&found.question).into_owned()),
        ("status", format!("{}{}", found.status, printable(&message))),
        ("cycle", found.cycle.to_string()),
        (
            "experiments",
            format!("{} of {} done", found.experiments_done, found.experiments_planned),
        ),
        ("tests", found.tests.to_string()),
        ("findings", found.findings.to_string()),
        (
            "restarts",
            format!("{}, messages given up: {}", found.restarts, found.dead_letters),
        ),
    ];
    output::text(
        &lines
            .iter()
            .map(|(name, value)| format!("{name:<12} {value}\n"))
            .collect::<String>(),
    )?;
    Ok(Exit::Done)
}
