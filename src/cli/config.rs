use clap::{Args, Subcommand};

use crate::config::Environment;

use super::{CliError, Exit, Globals, InputArgs, SettingsArgs, output};

/// `kosmos config`: shows the settings.
#[derive(Debug, Clone, Args)]
#[command(subcommand_required = true, arg_required_else_help = true, after_help = EXAMPLES)]
pub struct ConfigArgs {
    /// The command.
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// The commands on settings.
#[derive(Debug, Clone, Subcommand)]
pub enum ConfigCommand {
    /// Print the settings in force, and the origin of each
    #[command(long_about = LONG_ABOUT)]
    Show(Box<ShowArgs>),
}

/// `kosmos config show`: prints the settings in force.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct ShowArgs {
    /// Question and data.
    #[command(flatten)]
    pub inputs: InputArgs,
    /// Changes to the settings.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

const LONG_ABOUT: &str = "\
Print the settings that a run with these flags would have, and the origin of each.

Later sources override earlier ones: built-in defaults, the profile, the run file, environment variables such as \
KOSMOS__BUDGET__CYCLES, flags. The output is TOML, which `kosmos run` reads.";

const EXAMPLES: &str = "\
Examples:
  kosmos config show
  kosmos config show study.toml --profile thorough
  kosmos config show study.toml --set research.alpha=0.01 --json";

/// Runs the command.
///
/// # Errors
/// When the settings are wrong.
pub fn execute_config(args: ConfigArgs, globals: &Globals) -> Result<Exit, CliError> {
    let ConfigCommand::Show(show) = args.command;
    let resolved = show.inputs.resolve(&show.settings, Environment::of_process()?)?;
    match globals.json {
        true => output::print_json(&resolved)?,
        false => output::print_text(&resolved.to_annotated_toml()?)?,
    }
    Ok(Exit::Done)
}
