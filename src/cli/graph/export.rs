use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::{GraphChoice, choice::Opened, question_error, wait};
use crate::cli::outcome::lab_error;
use crate::cli::{CliError, Exit, Globals, output};
use crate::graph::{Edge, Facts, Format, Label, Node, Properties, QuestionError, export, known_project};
use crate::lab::{RunFolder, knowledge_of};

/// `kosmos graph export`: writes the graph as a document.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct ExportArgs {
    /// What to write: for networkx or Gephi, to import again, to replay on a server, or a page to look at
    #[arg(long, value_name = "graphml|jsonld|cypher|html")]
    pub format: Format,

    /// Only what this run learnt, read from its journal: needs no graph
    #[arg(long, value_name = "RUN", conflicts_with = "project")]
    pub run: Option<String>,

    /// Only what runs of this project wrote
    #[arg(long, value_name = "NAME")]
    pub project: Option<String>,

    /// The file to write, whole or not at all [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Which graph.
    #[command(flatten)]
    pub choice: GraphChoice,
}

pub(super) const LONG_ABOUT: &str = "\
Write the graph as a document for other programs or for people.

All formats hold the same nodes and edges in the same order, so that the same graph gives the same bytes, from \
whichever store. With --json, the document goes to --output and a summary to stdout.";

const EXAMPLES: &str = "\
Examples:
  kosmos graph export --format graphml --output lab.graphml
  kosmos graph export --format html --run 3fa9c1 > run.html
  kosmos graph export --format jsonld --project penguins --output penguins.jsonld --json";

#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error("with --json, stdout is for the summary, and nothing says where the document goes")]
    NoOutput,
    #[error("cannot write {}", file.display())]
    Write { file: PathBuf, source: io::Error },
    #[error("cannot write the document")]
    Render(#[source] io::Error),
}

/// Runs the command.
pub(super) fn execute(args: &ExportArgs, globals: &Globals) -> Result<Exit, CliError> {
    if globals.json && args.output.is_none() {
        return Err(CliError::usage(ExportError::NoOutput, "name a file by --output FILE"));
    }
    let opened = args.choice.open(globals)?;
    let facts = facts(args, &opened)?;
    let Some(file) = &args.output else {
        output::stream(|out| export(&facts, args.format, out))?;
        return Ok(Exit::Done);
    };
    write(file, &facts, args.format)?;
    let (nodes, edges) = (facts.nodes.len(), facts.edges.len());
    match globals.json {
        true => output::json(&json!({
            "format": args.format.name(),
            "run": args.run,
            "project": args.project,
            "nodes": nodes,
            "edges": edges,
            "output": file,
        }))?,
        false => output::text(&format!("{nodes} nodes, {edges} edges  {}\n", file.display()))?,
    }
    Ok(Exit::Done)
}

/// What is to be written.
fn facts(args: &ExportArgs, opened: &Opened) -> Result<Facts, CliError> {
    if let Some(run) = &args.run {
        let folder = RunFolder::find(&opened.home.runs(), run).map_err(lab_error)?;
        return knowledge_of(&folder).map_err(lab_error);
    }
    let Some(store) = opened.to_read()? else {
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
            Some(runs) => part(facts, &runs),
            None => facts,
        })
    };
    wait(async { read.await.map_err(|error| question_error(error, opened)) })
}

/// What these runs wrote, alone or with others.
fn part(facts: Facts, runs: &[Node]) -> Facts {
    let names: BTreeSet<&str> = runs.iter().filter_map(|run| run.text("name")).collect();
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
    // A finding of another project cannot be the end of one, but an edge that lost its end would be no edge.
    let ends: BTreeSet<&str> = edges
        .iter()
        .flat_map(|edge| [edge.from.as_str(), edge.to.as_str()])
        .collect();
    let belongs = |node: &Node| {
        let run = node.label == Label::Run && node.text("name").is_some_and(|name| names.contains(name));
        run || theirs(&node.properties) || ends.contains(node.id.as_str())
    };
    let nodes = facts.nodes.into_iter().filter(belongs).collect();
    Facts { nodes, edges }
}

/// Puts a whole file in the place of an old one.
fn write(file: &Path, facts: &Facts, format: Format) -> Result<(), CliError> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let beside = file.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let failed = |source| {
        let file = file.to_owned();
        CliError::usage(
            ExportError::Write { file, source },
            "name a file in a folder that you may write to",
        )
    };
    if name.is_empty() || file.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    }
    let mut out = File::create(&beside).map_err(failed)?;
    let written = export(facts, format, &mut out)
        .and_then(|()| out.flush())
        .and_then(|()| out.sync_all())
        .and_then(|()| fs::rename(&beside, file));
    written.map_err(|source| {
        // The half-written file is worth nothing, and its removal may fail for the same reason.
        let _ = fs::remove_file(&beside);
        CliError::failed(ExportError::Render(source))
    })
}
