//! `kosmos sandbox`: builds its images, runs one script in it, measures what it withstands.

mod build;
mod exec;
mod probe;

use clap::{Args, Subcommand, ValueEnum};

pub use build::BuildArgs;
pub use exec::ExecArgs;
pub use probe::ProbeArgs;
pub(super) use probe::measure;

use super::{CliError, Exit, Globals};
use crate::config::Backend;

/// `kosmos sandbox`: where generated scripts run.
#[derive(Debug, Clone, Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct SandboxArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub command: SandboxCommand,
}

/// What can be done with the sandbox.
#[derive(Debug, Clone, Subcommand)]
pub enum SandboxCommand {
    /// Make the image that the docker backend runs scripts in
    #[command(long_about = build::LONG_ABOUT)]
    Build(BuildArgs),
    /// Run one script in the sandbox and print what came of it
    #[command(long_about = exec::LONG_ABOUT)]
    Exec(Box<ExecArgs>),
    /// Measure by an attack what the sandbox withstands here
    #[command(long_about = probe::LONG_ABOUT)]
    Probe(ProbeArgs),
}

/// The sandboxes there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum Chosen {
    Process,
    Docker,
}

impl From<Chosen> for Backend {
    fn from(chosen: Chosen) -> Self {
        match chosen {
            Chosen::Process => Self::Process,
            Chosen::Docker => Self::Docker,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// When the settings are wrong or the sandbox is not available.
pub fn execute(args: SandboxArgs, globals: &Globals) -> Result<Exit, CliError> {
    match args.command {
        SandboxCommand::Build(args) => build::execute(&args, globals),
        SandboxCommand::Exec(args) => exec::execute(&args, globals),
        SandboxCommand::Probe(args) => probe::execute(&args, globals),
    }
}
