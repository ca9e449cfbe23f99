use clap::Args;

use super::{CliError, Exit, Globals};

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
pub fn execute(_args: StatusArgs, _globals: &Globals) -> Result<Exit, CliError> {
    Err(CliError::NotConnected { command: "status" })
}
