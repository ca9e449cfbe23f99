//! `kosmos agents`: lists agents, and helps to write one.

mod check;
mod list;
mod new;
mod schema;
mod trial;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{CliError, Exit, Globals};
use crate::config::Environment;
use crate::plugin::{AgentCatalogue, SearchPath};

/// `kosmos agents`.
#[derive(Debug, Clone, Args)]
pub struct AgentsArgs {
    /// The command.
    #[command(subcommand)]
    pub command: AgentsCommand,
}

/// The commands.
#[derive(Debug, Clone, Subcommand)]
pub enum AgentsCommand {
    /// List the agents, their origins and their permissions
    List(list::ListArgs),
    /// Create a new agent: a working skeleton with a test
    New(new::NewArgs),
    /// Check an agent: its agent.toml, its files and its first answer
    Check(check::CheckArgs),
    /// Send an agent one event and show its messages
    Test(trial::TestArgs),
    /// Print the JSON Schemas of agent.toml, events and messages
    Schema(schema::SchemaArgs),
}

pub(super) const LONG_ABOUT: &str = "\
List, create, check and test agents.

An agent is a folder with an agent.toml. Besides the built-in agents, Kosmos looks for agents in the folders that \
--agents-dir names, in agents/ beside the run file, in agents/ of the working folder, in agents/ of your own \
folder for Kosmos (~/.config/kosmos), and among those that it ships; the first of each name is used. A run file \
enables, disables and configures them: [agents.skeptic] enabled = true.";

/// Folders of agents.
#[derive(Debug, Clone, Default, Args)]
pub struct AgentsDirs {
    /// Folder of agents, searched before all others; repeatable
    #[arg(long = "agents-dir", value_name = "DIR")]
    pub agents_dir: Vec<PathBuf>,
}

impl AgentsDirs {
    fn search_catalogue(&self) -> Result<AgentCatalogue, CliError> {
        let environment = Environment::of_process()?;
        let path = SearchPath::default_folders(&self.agents_dir, None, &environment);
        AgentCatalogue::search_folders(&path).map_err(CliError::from)
    }
}

/// Runs the command.
///
/// # Errors
/// Those of the command.
pub fn execute_agents(args: AgentsArgs, globals: &Globals) -> Result<Exit, CliError> {
    match args.command {
        AgentsCommand::List(args) => list::execute_list(&args, globals),
        AgentsCommand::New(args) => new::execute_new(&args, globals),
        AgentsCommand::Check(args) => check::execute_check(&args, globals),
        AgentsCommand::Test(args) => trial::execute_test(&args, globals),
        AgentsCommand::Schema(args) => schema::execute_schema(&args),
    }
}
