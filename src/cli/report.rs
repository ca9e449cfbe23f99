use clap::Args;

use super::{CliError, Exit, Globals};

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
pub fn execute(_args: ReportArgs, _globals: &Globals) -> Result<Exit, CliError> {
    Err(CliError::NotConnected { command: "report" })
}
