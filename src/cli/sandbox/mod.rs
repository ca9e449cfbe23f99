//! `kosmos sandbox`: builds images, runs one script in the sandbox, measures its isolation.

mod build;
mod exec;
mod probe;

use clap::{Args, Subcommand, ValueEnum};

pub use build::BuildArgs;
pub use exec::ExecArgs;
pub use probe::ProbeArgs;
pub(super) use probe::measure_guarantees;

use super::{CliError, Exit, Globals};
use crate::config::Backend;

/// `kosmos sandbox`: the sandbox that generated scripts run in.
#[derive(Debug, Clone, Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct SandboxArgs {
    /// The command.
    #[command(subcommand)]
    pub command: SandboxCommand,
}

/// The commands on the sandbox.
#[derive(Debug, Clone, Subcommand)]
pub enum SandboxCommand {
    /// Build the image that the docker backend runs scripts in
    #[command(long_about = build::LONG_ABOUT)]
    Build(BuildArgs),
    /// Run one script in the sandbox and print its outcome
    #[command(long_about = exec::LONG_ABOUT)]
    Exec(Box<ExecArgs>),
    /// Attack the sandbox and print what it withstands on this machine
    #[command(long_about = probe::LONG_ABOUT)]
    Probe(ProbeArgs),
}

/// The values of `--backend`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BackendArg {
    /// Processes of this machine
    Process,
    /// Containers of Docker or Podman
    Docker,
}

impl From<BackendArg> for Backend {
    fn from(backend: BackendArg) -> Self {
        match backend {
            BackendArg::Process => Self::Process,
            BackendArg::Docker => Self::Docker,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// When the settings are wrong or the sandbox is not available.
pub fn execute_sandbox(args: SandboxArgs, globals: &Globals) -> Result<Exit, CliError> {
    match args.command {
        SandboxCommand::Build(args) => build::execute_build(&args, globals),
        SandboxCommand::Exec(args) => exec::execute_exec(&args, globals),
        SandboxCommand::Probe(args) => probe::execute_probe(&args, globals),
    }
}
