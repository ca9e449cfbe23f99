use clap::{Args, Subcommand};

use crate::config::Environment;

use super::{CliError, Exit, Globals, InputArgs, SettingsArgs, output};

/// `kosmos config`: looks at the settings.
#[derive(Debug, Clone, Args)]
#[command(subcommand_required = true, arg_required_else_help = true, after_help = EXAMPLES)]
pub struct ConfigArgs {
    /// What to do with them.
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// What can be done with the settings.
#[derive(Debug, Clone, Subcommand)]
pub enum ConfigCommand {
    /// Print the settings in force, and where each came from
    #[command(long_about = LONG_ABOUT)]
    Show(Box<ShowArgs>),
}

/// `kosmos config show`: prints the settings in force.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct ShowArgs {
    /// Which run's settings.
    #[command(flatten)]
    pub inputs: InputArgs,
    /// Changes to them.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

const LONG_ABOUT: &str = "\
Print the settings that a run with these flags would have, and where each came from.

Later ones win: built-in defaults, the profile, the run file, environment variables such as \
KOSMOS__BUDGET__CYCLES, flags. The output is TOML that `kosmos run` takes.";

const EXAMPLES: &str = "\
Examples:
  kosmos config show
  kosmos config show study.toml --profile thorough
  kosmos config show study.toml --set research.alpha=0.01 --json";

/// Runs the command.
///
/// # Errors
/// When the settings are wrong.
pub fn execute(args: ConfigArgs, globals: &Globals) -> Result<Exit, CliError> {
    let ConfigCommand::Show(show) = args.command;
    let resolved = show.inputs.resolve(&show.settings, Environment::of_process()?)?;
    match globals.json {
        true => output::json(&resolved)?,
        false => output::text(&resolved.annotated()?)?,
    }
    Ok(Exit::Done)
}
