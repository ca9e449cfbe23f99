use clap::Args;

use crate::{
    cli::{CliError, Console, Exit, Globals, SettingsArgs, output},
    config::Environment,
    sandbox::Language,
};

/// `kosmos sandbox build`: makes an image.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct BuildArgs {
    /// What the scripts that run in it are written in
    #[arg(long, value_name = "python|r", default_value = "python")]
    pub language: Language,

    /// Changes to the settings.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

pub(super) const LONG_ABOUT: &str = "x";
const EXAMPLES: &str = "x";

/// Runs the command.
pub(super) fn execute(args: &BuildArgs, globals: &Globals) -> Result<Exit, CliError> {
    let resolved = args.settings.resolve(Environment::of_process()?)?;
    let _console = Console::start(&resolved.settings.log, globals)?;
    output::text("")?;
    Ok(Exit::Done)
}
