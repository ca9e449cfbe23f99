use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use kosmos_core::files::{Sync, write_atomically};
use serde_json::json;

use super::{GraphChoice, block_on_work, choice::ChosenGraph, explain_question_error};
use crate::cli::{CliError, Exit, Globals, output};
use crate::graph::{Edge, Facts, Format, Label, Node, Properties, QuestionError, export_graph, known_project};
use crate::lab::{RunFolder, knowledge_of};

/// `kosmos graph export`: writes the graph as a document.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct GraphExportArgs {
    /// Format: graphml for networkx or Gephi, jsonld to import again, cypher for a server, html to view
    #[arg(long, value_name = "graphml|jsonld|cypher|html")]
    pub format: Format,

    /// Export only the findings of this run, read from its journal; needs no graph
    #[arg(long, value_name = "RUN", conflicts_with = "project")]
    pub run: Option<String>,

    /// Export only the nodes and edges that runs of this project wrote
    #[arg(long, value_name = "NAME")]
    pub project: Option<String>,

    /// File to write, completely or not at all [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// The graph.
    #[command(flatten)]
    pub choice: GraphChoice,
}

pub(super) const LONG_ABOUT: &str = "\
Write the graph as a document for other programs or for people.

All formats hold the same nodes and edges in the same order, so that the same graph gives the same bytes from \
every store. With --json, the document is written to --output and a summary to stdout.";

const EXAMPLES: &str = "\
Examples:
  kosmos graph export --format graphml --output lab.graphml
  kosmos graph export --format html --run 3fa9c1 > run.html
  kosmos graph export --format jsonld --project penguins --output penguins.jsonld --json";

#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error("with --json, stdout is for the summary, and no file is named for the document")]
    NoOutput,
    #[error("cannot write {}", file.display())]
    Write { file: PathBuf, source: io::Error },
    #[error("cannot write the document")]
    Render(#[source] io::Error),
}

/// Runs the command.
pub(super) fn execute_export(args: &GraphExportArgs, globals: &Globals) -> Result<Exit, CliError> {
    if globals.json && args.output.is_none() {
        return Err(CliError::from_usage(
            ExportError::NoOutput,
            "name a file by --output FILE",
        ));
    }
    let opened = args.choice.resolve_graph(globals)?;
    let facts = read_facts(args, &opened)?;
    let Some(file) = &args.output else {
        output::print_stream(|out| export_graph(&facts, args.format, out))?;
        return Ok(Exit::Done);
    };
    write_document(file, &facts, args.format)?;
    let (nodes, edges) = (facts.nodes.len(), facts.edges.len());
    match globals.json {
        true => output::print_json(&json!({
            "format": args.format.name(),
            "run": args.run,
            "project": args.project,
            "nodes": nodes,
            "edges": edges,
            "output": file,
        }))?,
        false => output::print_text(&format!("{nodes} nodes, {edges} edges  {}\n", file.display()))?,
    }
    Ok(Exit::Done)
}

/// The nodes and edges to write.
fn read_facts(args: &GraphExportArgs, opened: &ChosenGraph) -> Result<Facts, CliError> {
    if let Some(run) = &args.run {
        let folder = RunFolder::find(&opened.home.runs_folder(), run)?;
        return knowledge_of(&folder).map_err(CliError::from);
    }
    let Some(store) = opened.open_to_read()? else {
        return Ok(Facts::default());
    };
    let store = store.as_ref();
    let read = async {
        let runs = match &args.project {
            Some(project) => Some(known_project(store, project).await?),
            None => None,
        };
        let facts = store.dump().await?;
        Ok::<_, QuestionError>(match runs {
            Some(runs) => facts_of_runs(facts, &runs),
            None => facts,
        })
    };
    block_on_work(async { read.await.map_err(|error| explain_question_error(error, opened)) })
}

/// The nodes and edges that these runs wrote, alone or with others.
fn facts_of_runs(facts: Facts, runs: &[Node]) -> Facts {
    let names: BTreeSet<&str> = runs.iter().filter_map(|run| run.text_property("name")).collect();
    let theirs = |properties: &Properties| {
        let runs = properties.get("runs").and_then(|runs| runs.as_array());
        let mut runs = runs.into_iter().flatten().filter_map(|run| run.as_str());
        runs.any(|run| names.contains(run))
    };
    let edges: Vec<Edge> = facts
        .edges
        .into_iter()
        .filter(|edge| theirs(&edge.properties))
        .collect();
    // An edge needs both of its ends, even if a node belonged to another project.
    let ends: BTreeSet<&str> = edges
        .iter()
        .flat_map(|edge| [edge.from.as_str(), edge.to.as_str()])
        .collect();
    let belongs = |node: &Node| {
        let run = node.label == Label::Run && node.text_property("name").is_some_and(|name| names.contains(name));
        run || theirs(&node.properties) || ends.contains(node.id.as_str())
    };
    let nodes = facts.nodes.into_iter().filter(belongs).collect();
    Facts { nodes, edges }
}

/// Writes the document to a file, completely or not at all.
fn write_document(file: &Path, facts: &Facts, format: Format) -> Result<(), CliError> {
    let refused = |source| {
        let file = file.to_owned();
        CliError::from_usage(
            ExportError::Write { file, source },
            "name a file in a folder that you can write to",
        )
    };
    if file.file_name().is_none() || file.is_dir() {
        return Err(refused(io::ErrorKind::IsADirectory.into()));
    }
    let mut created = false;
    let written = write_atomically(file, Sync::Content, |out| {
        created = true;
        export_graph(facts, format, out)
    });
    written.map_err(|source| match created {
        true => CliError::from_failure(ExportError::Render(source)),
        false => refused(source),
    })
}
