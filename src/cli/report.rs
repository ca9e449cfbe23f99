use clap::Args;

use crate::config::Environment;
use crate::lab::{RunFolder, render_report};

use super::outcome::print_outcome;
use super::{CliError, Exit, Globals, Home};

/// `kosmos report`: writes a run's report again from its journal, and prints its path.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct ReportArgs {
    /// Run id, or a unique prefix of one; `kosmos runs` lists the runs
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
/// When the run does not exist, or its report cannot be written.
pub fn execute_report(args: ReportArgs, globals: &Globals) -> Result<Exit, CliError> {
    let home = Home::locate(globals, &Environment::of_process()?);
    let folder = RunFolder::find(&home.runs_folder(), &args.run)?;
    let finished = render_report(&folder)?;
    print_outcome(&finished, globals)?;
    Ok(Exit::Done)
}
