//! `kosmos agents`: lists agents, and helps to write one.

mod check;
mod list;
mod new;
mod schema;
mod trial;
mod trust;

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
    /// List the agents, their origins, their permissions and their grants
    List(list::ListArgs),
    /// Show what an agent asks for beyond messages, and grant it
    #[command(long_about = trust::LONG_ABOUT)]
    Trust(trust::TrustArgs),
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
List, create, check, test and trust agents.

An agent is a folder with an agent.toml. Besides the built-in agents, Kosmos looks for agents in the folders that \
--agents-dir names, in agents/ beside the run file, in agents/ of the working folder, in agents/ of your own \
folder for Kosmos (~/.config/kosmos), and among those that it ships; the first of each name is used. An agent takes \
part where a run file, a profile or a flag names it: [agents.skeptic] enabled = true, or --agent skeptic; those in a \
folder that --agents-dir names take part too. One that is not shipped needs a grant for anything beyond messages: \
kosmos agents trust NAME.";

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
        AgentsCommand::Trust(args) => trust::execute_trust(&args, globals),
        AgentsCommand::New(args) => new::execute_new(&args, globals),
        AgentsCommand::Check(args) => check::execute_check(&args, globals),
        AgentsCommand::Test(args) => trial::execute_test(&args, globals),
        AgentsCommand::Schema(args) => schema::execute_schema(&args),
    }
}
