//! `kosmos agents`: the agents that there are, and what those who write one need.

mod check;
mod list;
mod new;
mod schema;
mod trial;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{CliError, Exit, Globals};
use crate::config::Environment;
use crate::plugin::{Catalogue, SearchPath};

/// `kosmos agents`.
#[derive(Debug, Clone, Args)]
pub struct AgentsArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: AgentsCommand,
}

/// The commands.
#[derive(Debug, Clone, Subcommand)]
pub enum AgentsCommand {
    /// List the agents, where each comes from and what it may do
    List(list::ListArgs),
    /// Begin a new agent: a working skeleton with a test
    New(new::NewArgs),
    /// Check an agent: its agent.toml, its files, and how it answers
    Check(check::CheckArgs),
    /// Give an agent one event and show its messages
    Test(trial::TestArgs),
    /// Print the JSON Schemas of agent.toml, events and messages
    Schema(schema::SchemaArgs),
}

pub(super) const LONG_ABOUT: &str = "\
List, write, check and try agents.

An agent is a folder with an agent.toml. Besides the built-in ones, agents are found in the folders that \
--agents-dir names, in agents/ beside the run file, in agents/ of the working folder, in agents/ of your own \
folder for Kosmos (~/.config/kosmos), and among those that Kosmos ships; the first of a name counts. A run file \
turns them on and off and configures them: [agents.skeptic] enabled = true.";

/// Where agents are looked for.
#[derive(Debug, Clone, Default, Args)]
pub struct AgentsDirs {
    /// A folder of agents, before all others; may be given many times
    #[arg(long = "agents-dir", value_name = "DIR")]
    pub agents_dir: Vec<PathBuf>,
}

impl AgentsDirs {
    fn catalogue(&self) -> Result<Catalogue, CliError> {
        let environment = Environment::of_process()?;
        let path = SearchPath::usual(&self.agents_dir, None, &environment);
        Catalogue::search(&path).map_err(super::outcome::plugin_error)
    }
}

/// Runs the command.
///
/// # Errors
/// Those of the command.
pub fn execute(args: AgentsArgs, globals: &Globals) -> Result<Exit, CliError> {
    match args.command {
        AgentsCommand::List(args) => list::execute(&args, globals),
        AgentsCommand::New(args) => new::execute(&args, globals),
        AgentsCommand::Check(args) => check::execute(&args, globals),
        AgentsCommand::Test(args) => trial::execute(&args, globals),
        AgentsCommand::Schema(args) => schema::execute(&args),
    }
}
