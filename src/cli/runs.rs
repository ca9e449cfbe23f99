use clap::Args;

use super::{CliError, Exit, Globals};

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
pub fn execute(_args: RunsArgs, _globals: &Globals) -> Result<Exit, CliError> {
    Err(CliError::NotConnected { command: "runs" })
}
