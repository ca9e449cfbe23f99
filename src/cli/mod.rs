//! The command line: one file per command, with its flags, its help and its `execute_...` function.
//!
//! Only `output` writes to stdout, so that `--json` prints exactly one document there.

mod agents;
mod archive;
mod completions;
mod config;
mod console;
mod data;
mod doctor;
mod error;
mod exit;
mod fork;
mod globals;
mod graph;
mod home;
mod man;
mod outcome;
/// Writes to stdout.
pub mod output;
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
mod trust;
mod verify;

use std::ffi::OsString;
use std::io::IsTerminal;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use serde_json::json;

use crate::progress::printable;
use crate::telemetry::stderr_shows_colour;

pub use agents::{AgentsArgs, AgentsCommand, AgentsDirs};
pub use archive::{ExportArgs, ImportArgs};
pub use completions::CompletionsArgs;
pub use config::{ConfigArgs, ConfigCommand, ShowArgs};
pub use console::Console;
pub use data::DataArgs;
pub use doctor::DoctorArgs;
pub use error::CliError;
pub use exit::Exit;
pub use fork::ForkArgs;
pub use globals::Globals;
pub use graph::{GraphArgs, GraphChoice, GraphCommand};
pub use home::{Home, HomeError};
pub use man::ManArgs;
pub use prune::PruneArgs;
pub use replay::ReplayArgs;
pub use report::ReportArgs;
pub use resume::ResumeArgs;
pub use run::RunArgs;
pub use runs::RunsArgs;
pub use sandbox::{SandboxArgs, SandboxCommand};
pub use settings_args::{InputArgs, ReadingArgs, SettingsArgs};
pub use status::StatusArgs;
pub use trust::TrustArgs;
pub use verify::VerifyArgs;

/// The command line of `kosmos`.
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
together, repeats until the question is answered or a budget is spent, and writes a report in \
which every number can be reproduced.";

const EXAMPLES: &str = "\
Examples:
  kosmos run --question \"What is associated with a longer stay?\" --data stays.csv
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
    Run(Box<RunArgs>),
    /// Show how tables are read, and write their codebook
    #[command(long_about = data::LONG_ABOUT)]
    Data(DataArgs),
    /// Continue an interrupted run
    Resume(ResumeArgs),
    /// Branch a new run off an existing one, with other settings
    #[command(long_about = fork::LONG_ABOUT)]
    Fork(ForkArgs),
    /// List the runs
    Runs(RunsArgs),
    /// Show the progress of a run
    Status(StatusArgs),
    /// Repeat a run with its recorded model replies, and compare the findings
    #[command(long_about = replay::LONG_ABOUT)]
    Replay(ReplayArgs),
    /// Verify a run: execute its scripts again, and check every file and number
    #[command(long_about = verify::LONG_ABOUT)]
    Verify(VerifyArgs),
    /// Write a run's report again
    Report(ReportArgs),
    /// Write a run and the tables that it read to one archive
    Export(ExportArgs),
    /// Add the run of an archive to the runs here
    Import(ImportArgs),
    /// Show what a run from elsewhere asks for, and agree to it
    #[command(long_about = trust::LONG_ABOUT)]
    Trust(TrustArgs),
    /// Remove runs that are no longer needed
    #[command(long_about = prune::LONG_ABOUT)]
    Prune(PruneArgs),
    /// Check that this machine has everything that a run needs
    #[command(long_about = doctor::LONG_ABOUT)]
    Doctor(DoctorArgs),
    /// Build the sandbox, run a script in it, measure its isolation
    Sandbox(SandboxArgs),
    /// Query, export, import, synchronise or empty the knowledge graph
    #[command(long_about = graph::LONG_ABOUT)]
    Graph(GraphArgs),
    /// List, create, check and test agents
    #[command(long_about = agents::LONG_ABOUT)]
    Agents(AgentsArgs),
    /// Show the settings
    Config(ConfigArgs),
    /// Print a completion script for a shell
    #[command(long_about = completions::LONG_ABOUT)]
    Completions(CompletionsArgs),
    /// Print the manual pages, or write them to a folder
    #[command(long_about = man::LONG_ABOUT)]
    Man(ManArgs),
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    main_with(std::env::args_os().collect()).into()
}

fn main_with(arguments: Vec<OsString>) -> Exit {
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => {
            return print_clap_message(&error, &arguments);
        }
    };
    let json = cli.globals.json;
    execute_command(cli).unwrap_or_else(|error| error.print_error(json))
}

fn execute_command(cli: Cli) -> Result<Exit, CliError> {
    let Cli { globals, command } = cli;
    match command {
        Command::Run(args) => run::execute_run(*args, &globals),
        Command::Resume(args) => resume::execute_resume(args, &globals),
        Command::Data(args) => data::execute_data(args, &globals),
        Command::Fork(args) => fork::execute_fork(args, &globals),
        Command::Runs(args) => runs::execute_runs(args, &globals),
        Command::Status(args) => status::execute_status(args, &globals),
        Command::Replay(args) => replay::execute_replay(args, &globals),
        Command::Verify(args) => verify::execute_verify(args, &globals),
        Command::Report(args) => report::execute_report(args, &globals),
        Command::Export(args) => archive::execute_export(args, &globals),
        Command::Import(args) => archive::execute_import(args, &globals),
        Command::Trust(args) => trust::execute_trust(args, &globals),
        Command::Prune(args) => prune::execute_prune(args, &globals),
        Command::Doctor(args) => doctor::execute_doctor(args, &globals),
        Command::Sandbox(args) => sandbox::execute_sandbox(args, &globals),
        Command::Graph(args) => graph::execute_graph(args, &globals),
        Command::Agents(args) => agents::execute_agents(args, &globals),
        Command::Config(args) => config::execute_config(args, &globals),
        Command::Completions(args) => completions::execute_completions(args, &globals),
        Command::Man(args) => man::execute_man(args, &globals),
    }
}

/// Prints the help or the version on stdout if they were requested; any other message of clap is an error.
fn print_clap_message(error: &clap::Error, arguments: &[OsString]) -> Exit {
    let json = arguments.iter().any(|argument| argument == "--json");
    let asked_for = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if asked_for {
        let colour = std::io::stdout().is_terminal() && stderr_shows_colour();
        let text = if colour {
            error.render().ansi().to_string()
        } else {
            error.render().to_string()
        };
        return output::print_verbatim(&text).map_or_else(|error| error.print_error(false), |()| Exit::Done);
    }
    // The message quotes arguments, whose control characters could not be told from its colours.
    let is_plain = |argument: &OsString| {
        let text = argument.to_string_lossy();
        printable(&text) == text
    };
    match stderr_shows_colour() && arguments.iter().all(is_plain) {
        true => stderr::write_styled_to_stderr(&error.render().ansi().to_string()),
        false => stderr::write_to_stderr(&error.render().to_string()),
    }
    if json {
        let rendered = error.render().to_string();
        let message = rendered
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches("error: ");
        let document = json!({ "error": { "kind": "usage", "exit_code": Exit::Usage.code(), "message": message } });
        if let Err(error) = output::print_json(&document) {
            return error.print_error(false);
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
