use clap::Args;

use super::{CliError, Exit, Globals, InputArgs, SettingsArgs};

/// `kosmos run`: answers a question from data.
#[derive(Debug, Clone, Args)]
#[command(long_about = LONG_ABOUT, after_help = EXAMPLES)]
pub struct RunArgs {
    /// What the run is about.
    #[command(flatten)]
    pub inputs: InputArgs,
    /// How it is done.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

const LONG_ABOUT: &str = "\
Answer a question from data.

A run needs a question and at least one table, from a run file, from flags, or from both; flags win. Each \
run has a folder of its own under the home, with its settings, its journal, its experiments and its \
report. Prints the run's id, how it ended, and where its findings and its report are.";

const EXAMPLES: &str = "\
Examples:
  kosmos run --question \"What goes with a longer stay?\" --data stays.csv --target days
  kosmos run study.toml
  kosmos run study.toml --profile quick --set budget.wall_time=10m
  kosmos run study.toml --data newer.csv --seed 7 --json > outcome.json

A run file:
  question = \"What goes with a longer stay?\"
  target = \"days\"
  [[data]]
  path = \"stays.csv\"
  [budget]
  cycles = 6";

/// Runs the command.
///
/// # Errors
/// When the settings or the inputs are wrong, or the run fails.
pub fn execute(_args: RunArgs, _globals: &Globals) -> Result<Exit, CliError> {
    Err(CliError::NotConnected { command: "run" })
}
