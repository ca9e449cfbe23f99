//! `kosmos graph`: queries, exports, imports, synchronises and empties the knowledge graph; one file per command.

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
pub use export::GraphExportArgs;
pub use import::GraphImportArgs;
pub use path::PathArgs;
pub use query::QueryArgs;
pub use reset::ResetArgs;
pub use stats::StatsArgs;
pub use sync::SyncArgs;

use super::{CliError, Exit, Globals};
use crate::graph::QuestionError;

/// `kosmos graph`: the knowledge graph of the runs.
#[derive(Debug, Clone, Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct GraphArgs {
    /// The command.
    #[command(subcommand)]
    pub command: GraphCommand,
}

pub(super) const LONG_ABOUT: &str = "\
Query, export, import, synchronise or empty the knowledge graph that runs write to.

It is the graph in the home folder, or the one on the server that the settings name (graph.store = \"neo4j\", or \
--store neo4j). If a chosen server does not answer, the command fails with exit code 5; it never uses the other graph.";

/// The commands on the graph.
#[derive(Debug, Clone, Subcommand)]
pub enum GraphCommand {
    /// Count its nodes and edges
    Stats(StatsArgs),
    /// Answer a named question, or run a Cypher query on a server
    #[command(long_about = query::LONG_ABOUT)]
    Query(Box<QueryArgs>),
    /// Find the shortest path between two variables
    #[command(long_about = path::LONG_ABOUT)]
    Path(PathArgs),
    /// Write the graph as a document for other programs or for people
    #[command(long_about = export::LONG_ABOUT)]
    Export(Box<GraphExportArgs>),
    /// Add the contents of an exported document
    #[command(long_about = import::LONG_ABOUT)]
    Import(GraphImportArgs),
    /// Deliver the nodes and edges that are waiting in the journals of the runs
    #[command(long_about = sync::LONG_ABOUT)]
    Sync(SyncArgs),
    /// Remove everything that Kosmos wrote to it
    #[command(long_about = reset::LONG_ABOUT)]
    Reset(ResetArgs),
}

/// Runs the command.
///
/// # Errors
/// When the settings are wrong, or the graph is not available.
pub fn execute_graph(args: GraphArgs, globals: &Globals) -> Result<Exit, CliError> {
    match args.command {
        GraphCommand::Stats(args) => stats::execute_stats(&args, globals),
        GraphCommand::Query(args) => query::execute_query(&args, globals),
        GraphCommand::Path(args) => path::execute_path(&args, globals),
        GraphCommand::Export(args) => export::execute_export(&args, globals),
        GraphCommand::Import(args) => import::execute_import(&args, globals),
        GraphCommand::Sync(args) => sync::execute_sync(&args, globals),
        GraphCommand::Reset(args) => reset::execute_reset(&args, globals),
    }
}

/// Runs `work`, which needs timers and sockets, to its end.
pub(super) fn block_on_work<T>(work: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(CliError::from_failure)?;
    runtime.block_on(work)
}

/// The error of a question without an answer, with its exit code and its remedy.
fn explain_question_error(error: QuestionError, opened: &choice::ChosenGraph) -> CliError {
    let help = match error {
        QuestionError::Graph(error) => return opened.explain_error(error),
        QuestionError::Question { .. } => "`kosmos graph query` lists the questions",
        QuestionError::Missing { .. } | QuestionError::Surplus { .. } => {
            "`kosmos graph query` lists the questions with their arguments"
        }
        QuestionError::Ambiguous { .. } => "give more digits of the id",
        QuestionError::Unknown { what: "variable", .. } => {
            "a variable is named like its column; case and surrounding blanks do not matter"
        }
        QuestionError::Unknown { what: "dataset", .. } => {
            "a table is named like its file, or by a prefix of its SHA-256"
        }
        QuestionError::Unknown { what: "project", .. } | QuestionError::Nothing { what: "project" } => {
            "`kosmos graph query runs` lists the runs with their projects"
        }
        QuestionError::Unknown { .. } | QuestionError::Nothing { .. } => {
            "`kosmos graph query neighbours VARIABLE --json` lists findings with their ids"
        }
    };
    CliError::from_usage(error, help)
}
