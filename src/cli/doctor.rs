use clap::Args;

use super::{CliError, Exit, Globals, SettingsArgs};

/// `kosmos doctor`: checks that this machine has what a run needs.
#[derive(Debug, Clone, Args)]
#[command(long_about = LONG_ABOUT, after_help = EXAMPLES)]
pub struct DoctorArgs {
    /// Which settings to check for.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

const LONG_ABOUT: &str = "\
Check that this machine has what a run needs.

Checks the settings, the home, and the backends that the settings choose, and says what to do about each \
that is missing. Exits with 5 when one is.";

const EXAMPLES: &str = "\
Examples:
  kosmos doctor
  kosmos doctor --set sandbox.python=/opt/science/bin/python3
  kosmos doctor --json";

/// Runs the command.
///
/// # Errors
/// When the settings are wrong.
pub fn execute(_args: DoctorArgs, _globals: &Globals) -> Result<Exit, CliError> {
    Err(CliError::NotConnected { command: "doctor" })
}
