//! `kosmos graph`: asks, copies, brings up to date and empties the knowledge graph; a file to each.

mod choice;
mod cypher;
mod export;
mod import;
mod merge;
mod path;
mod query;
mod reset;
mod shown;
mod stats;
mod sync;

use std::future::Future;

use clap::{Args, Subcommand};

pub use choice::GraphChoice;
pub use export::ExportArgs;
pub use import::ImportArgs;
pub use path::PathArgs;
pub use query::QueryArgs;
pub use reset::ResetArgs;
pub use stats::StatsArgs;
pub use sync::SyncArgs;

use super::{CliError, Exit, Globals};
use crate::graph::QuestionError;

/// `kosmos graph`: what runs have learnt.
#[derive(Debug, Clone, Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct GraphArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub command: GraphCommand,
}

pub(super) const LONG_ABOUT: &str = "\
Ask, copy, bring up to date and empty the knowledge graph that runs write to.

It is the graph in the home folder, or the server that the settings name (graph.store = \"neo4j\", or --store \
neo4j). A chosen server that does not answer is an error with exit code 5, and never replaced by the other.";

/// What can be done with the graph.
#[derive(Debug, Clone, Subcommand)]
pub enum GraphCommand {
    /// Count what is in it
    Stats(StatsArgs),
    /// Ask it a named question, or a server one in Cypher
    #[command(long_about = query::LONG_ABOUT)]
    Query(Box<QueryArgs>),
    /// Search the shortest way between two variables
    #[command(long_about = path::LONG_ABOUT)]
    Path(PathArgs),
    /// Write it as a document for other programs or for people
    #[command(long_about = export::LONG_ABOUT)]
    Export(Box<ExportArgs>),
    /// Add what an exported document holds
    #[command(long_about = import::LONG_ABOUT)]
    Import(ImportArgs),
    /// Deliver what waits for it in the journals of the runs
    #[command(long_about = sync::LONG_ABOUT)]
    Sync(SyncArgs),
    /// Remove all that Kosmos wrote in it
    #[command(long_about = reset::LONG_ABOUT)]
    Reset(ResetArgs),
}

/// Runs the command.
///
/// # Errors
/// When the settings are wrong, or the graph is not available.
pub fn execute(args: GraphArgs, globals: &Globals) -> Result<Exit, CliError> {
    match args.command {
        GraphCommand::Stats(args) => stats::execute(&args, globals),
        GraphCommand::Query(args) => query::execute(&args, globals),
        GraphCommand::Path(args) => path::execute(&args, globals),
        GraphCommand::Export(args) => export::execute(&args, globals),
        GraphCommand::Import(args) => import::execute(&args, globals),
        GraphCommand::Sync(args) => sync::execute(&args, globals),
        GraphCommand::Reset(args) => reset::execute(&args, globals),
    }
}

/// Waits for work that needs clocks and sockets.
fn wait<T>(work: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(CliError::failed)?;
    runtime.block_on(work)
}

/// A question without an answer, with its exit code and what to do.
fn question_error(error: QuestionError, opened: &choice::Opened) -> CliError {
    let help = match error {
        QuestionError::Graph(error) => return opened.error(error),
        QuestionError::Question { .. } => "`kosmos graph query` lists the questions",
        QuestionError::Missing { .. } | QuestionError::Surplus { .. } => "`kosmos graph query` lists what each takes",
        QuestionError::Ambiguous { .. } => "name it by more of the digits",
        QuestionError::Unknown { what: "variable", .. } => {
            "a variable is named as its column; case and blanks around it do not matter"
        }
        QuestionError::Unknown { what: "dataset", .. } => "a table is named as its file, or by how its SHA-256 begins",
        QuestionError::Unknown { what: "project", .. } | QuestionError::Nothing { what: "project" } => {
            "`kosmos graph query runs` lists the runs with their projects"
        }
        QuestionError::Unknown { .. } | QuestionError::Nothing { .. } => {
            "`kosmos graph query neighbours VARIABLE --json` lists findings with their ids"
        }
    };
    CliError::usage(error, help)
}
