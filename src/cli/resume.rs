use clap::Args;

use super::{CliError, Exit, Globals};

/// `kosmos resume`: carries on with a run that was interrupted, under the settings it began with.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct ResumeArgs {
    /// The id of a run, or a beginning of it that fits one alone; `kosmos runs` lists them
    #[arg(value_name = "RUN")]
    pub run: String,
}

const EXAMPLES: &str = "\
Examples:
  kosmos resume 3fa9c1
  kosmos resume 3fa9c1 --home /srv/lab --json";

/// Runs the command.
///
/// # Errors
/// When there is no such run, or it fails.
pub fn execute(_args: ResumeArgs, _globals: &Globals) -> Result<Exit, CliError> {
    Err(CliError::NotConnected { command: "resume" })
}
