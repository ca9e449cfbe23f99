use clap::Args;

use crate::config::Environment;
use crate::lab::{RunFolder, render};

use super::outcome::{lab_error, tell};
use super::{CliError, Exit, Globals, Home};

/// `kosmos report`: writes the report of a run again from its journal, and prints where it is.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct ReportArgs {
    /// The id of a run, or a beginning of it that fits one alone; `kosmos runs` lists them
    #[arg(value_name = "RUN")]
    pub run: String,
}

const EXAMPLES: &str = "\
Examples:
  kosmos report 3fa9c1
  kosmos report 3fa9c1 --json";

/// Runs the command.
///
/// # Errors
/// When there is no such run, or its report can't be written.
pub fn execute(args: ReportArgs, globals: &Globals) -> Result<Exit, CliError> {
    let home = Home::locate(globals, &Environment::of_process()?);
    let folder = RunFolder::find(&home.runs(), &args.run).map_err(lab_error)?;
    let finished = render(&folder).map_err(lab_error)?;
    tell(&finished, globals)?;
    Ok(Exit::Done)
}
