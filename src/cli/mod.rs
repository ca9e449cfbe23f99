//! The command line: one file per command, each with its flags, its help and `execute`.
//!
//! Stdout is written to by `output` alone, so that `--json` can promise one document there.

mod agents;
mod archive;
mod config;
mod console;
mod doctor;
mod error;
mod exit;
mod fork;
mod globals;
mod graph;
mod home;
mod outcome;
/// The way to stdout.
pub mod output;
/// What a run needs before it can start.
pub mod preflight;
mod prune;
mod replay;
mod report;
mod resume;
mod run;
mod runs;
mod sandbox;
mod settings_args;
mod status;
mod stderr;
mod verify;

use std::ffi::OsString;
use std::io::IsTerminal;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use serde_json::json;

use crate::telemetry::stderr_shows_colour;

pub use agents::{AgentsArgs, AgentsCommand, AgentsDirs};
pub use archive::{ExportArgs, ImportArgs};
pub use config::{ConfigArgs, ConfigCommand, ShowArgs};
pub use console::Console;
pub use doctor::DoctorArgs;
pub use error::CliError;
pub use exit::Exit;
pub use fork::ForkArgs;
pub use globals::Globals;
pub use graph::{GraphArgs, GraphChoice, GraphCommand};
pub use home::{Home, HomeError};
pub use prune::PruneArgs;
pub use replay::ReplayArgs;
pub use report::ReportArgs;
pub use resume::ResumeArgs;
pub use run::{Prepared, RunArgs};
pub use runs::RunsArgs;
pub use sandbox::{SandboxArgs, SandboxCommand};
pub use settings_args::{InputArgs, SettingsArgs};
pub use status::StatusArgs;
pub use verify::VerifyArgs;

/// What `kosmos` was asked to do.
#[derive(Debug, Parser)]
#[command(name = "kosmos", version, about, long_about = LONG_ABOUT, after_help = EXAMPLES, max_term_width = 100)]
#[command(
    propagate_version = true,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Cli {
    /// Flags that every command takes.
    #[command(flatten)]
    pub globals: Globals,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

const LONG_ABOUT: &str = "\
An autonomous research lab in one binary.

Give it a question and a table. It proposes hypotheses, tests them in a sandbox, judges the results \
together, goes round again until the question is answered or a budget is spent, and writes a report in \
which every number can be computed again.";

const EXAMPLES: &str = "\
Examples:
  kosmos run --question \"What goes with a longer stay?\" --data stays.csv
  kosmos run study.toml --set budget.cycles=2
  kosmos config show study.toml

Exit codes:
  0 done   2 bad usage or configuration   3 a budget was spent   4 failed
  5 a chosen backend is unavailable   130 interrupted";

/// The commands, each with its flags.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Answer a question from data
    #[command(long_about = run::LONG_ABOUT)]
    Run(RunArgs),
    /// Carry on with a run that was interrupted
    Resume(ResumeArgs),
    /// Go on from a cycle of a run in a new run, with other settings
    #[command(long_about = fork::LONG_ABOUT)]
    Fork(ForkArgs),
    /// List the runs
    Runs(RunsArgs),
    /// Tell how far a run has come
    Status(StatusArgs),
    /// Do a run again from the replies that its models gave, and compare
    #[command(long_about = replay::LONG_ABOUT)]
    Replay(ReplayArgs),
    /// Hold a run's evidence against the run: execute its scripts again, and check every file and number
    #[command(long_about = verify::LONG_ABOUT)]
    Verify(VerifyArgs),
    /// Write the report of a run again
    Report(ReportArgs),
    /// Write a run to one file, with the tables that it read
    Export(ExportArgs),
    /// Put the run of such a file among the others
    Import(ImportArgs),
    /// Remove runs that are not needed any more
    #[command(long_about = prune::LONG_ABOUT)]
    Prune(PruneArgs),
    /// Check that this machine has what a run needs
    #[command(long_about = doctor::LONG_ABOUT)]
    Doctor(DoctorArgs),
    /// Build, try and measure the sandbox that scripts run in
    Sandbox(SandboxArgs),
    /// Ask, copy, bring up to date and empty the knowledge graph
    #[command(long_about = graph::LONG_ABOUT)]
    Graph(GraphArgs),
    /// List, write, check and try agents
    #[command(long_about = agents::LONG_ABOUT)]
    Agents(AgentsArgs),
    /// Look at the settings
    Config(ConfigArgs),
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    main_with(std::env::args_os().collect()).into()
}

fn main_with(arguments: Vec<OsString>) -> Exit {
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => {
            return usage(&error, arguments.iter().any(|argument| argument == "--json"));
        }
    };
    let json = cli.globals.json;
    execute(cli).unwrap_or_else(|error| error.report(json))
}

fn execute(cli: Cli) -> Result<Exit, CliError> {
    let Cli { globals, command } = cli;
    match command {
        Command::Run(args) => run::execute(args, &globals),
        Command::Resume(args) => resume::execute(args, &globals),
        Command::Fork(args) => fork::execute(args, &globals),
        Command::Runs(args) => runs::execute(args, &globals),
        Command::Status(args) => status::execute(args, &globals),
        Command::Replay(args) => replay::execute(args, &globals),
        Command::Verify(args) => verify::execute(args, &globals),
        Command::Report(args) => report::execute(args, &globals),
        Command::Export(args) => archive::execute_export(args, &globals),
        Command::Import(args) => archive::execute_import(args, &globals),
        Command::Prune(args) => prune::execute(args, &globals),
        Command::Doctor(args) => doctor::execute(args, &globals),
        Command::Sandbox(args) => sandbox::execute(args, &globals),
        Command::Graph(args) => graph::execute(args, &globals),
        Command::Agents(args) => agents::execute(args, &globals),
        Command::Config(args) => config::execute(args, &globals),
    }
}

/// Help and version go to stdout as what was asked for; anything else clap says is an error.
fn usage(error: &clap::Error, json: bool) -> Exit {
    let asked_for = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if asked_for {
        let colour = std::io::stdout().is_terminal() && stderr_shows_colour();
        let text = if colour {
            error.render().ansi().to_string()
        } else {
            error.render().to_string()
        };
        return output::text(&text).map_or_else(|error| error.report(false), |()| Exit::Done);
    }
    let text = if stderr_shows_colour() {
        error.render().ansi().to_string()
    } else {
        error.render().to_string()
    };
    stderr::text(&text);
    if json {
        let rendered = error.render().to_string();
        let message = rendered
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches("error: ");
        let document = json!({ "error": { "kind": "usage", "exit_code": Exit::Usage.code(), "message": message } });
        if let Err(error) = output::json(&document) {
            return error.report(false);
        }
    }
    Exit::Usage
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
