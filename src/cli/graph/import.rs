use std::fs::File;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{GraphChoice, block_on_work, merge};
use crate::cli::{CliError, Console, Exit, Globals, output};
use crate::graph::{ImportError, import_jsonld};
use crate::supervisor::StopSignal;

/// `kosmos graph import`: adds a document to the graph.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct GraphImportArgs {
    /// Document written by `kosmos graph export --format jsonld`, here or elsewhere
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// The graph.
    #[command(flatten)]
    pub choice: GraphChoice,
}

pub(super) const LONG_ABOUT: &str = "\
Add the contents of an exported JSON-LD document to the graph.

Nodes and edges that exist already are merged, so that a second import changes nothing. The whole \
document is read before anything is written; it is then written in batches. Ctrl-C between two batches leaves a \
consistent graph, and a later import of the same document adds the rest.";

const EXAMPLES: &str = "\
Examples:
  kosmos graph import lab.jsonld
  kosmos graph import lab.jsonld --store neo4j";

/// The document cannot be used.
#[derive(Debug, thiserror::Error)]
enum BadDocument {
    #[error("cannot read the document {}", file.display())]
    Open { file: PathBuf, source: std::io::Error },
    #[error("cannot import {}", file.display())]
    Import { file: PathBuf, source: ImportError },
}

/// Runs the command.
pub(super) fn execute_import(args: &GraphImportArgs, globals: &Globals) -> Result<Exit, CliError> {
    let opened = args.choice.resolve_graph(globals)?;
    let console = Console::start(&opened.settings.log, globals)?;
    let file = args.file.clone();
    let mut document = File::open(&file).map_err(|source| {
        let error = BadDocument::Open {
            file: file.clone(),
            source,
        };
        CliError::from_usage(error, "check the path, which is relative to the working folder")
    })?;
    let facts = import_jsonld(&mut document).map_err(|source| {
        let error = BadDocument::Import { file, source };
        CliError::from_usage(
            error,
            "import a document that `kosmos graph export --format jsonld` wrote",
        )
    })?;
    if !opened.is_server() {
        opened.home.create_if_missing()?;
    }
    let store = opened.open_to_write()?;
    let merged = block_on_work(async {
        let stop = StopSignal::default();
        stop.listen_to_signals();
        let progress = console.progress.as_ref();
        let merged = merge::merge_in_batches(store.as_ref(), facts, "import", progress, &stop).await;
        merged.map_err(|error| opened.explain_error(error))
    })?;
    let exit = if merged.whole { Exit::Done } else { Exit::Interrupted };
    if globals.json {
        output::print_json(&json!({
            "store": opened.store_name(),
            "place": opened.place(),
            "nodes": merged.nodes,
            "edges": merged.edges,
            "whole": merged.whole,
            "exit_code": exit.code(),
        }))?;
        return Ok(exit);
    }
    let how = if merged.whole { "" } else { ", then interrupted" };
    output::print_text(&format!(
        "{} nodes, {} edges merged into {}{how}\n",
        merged.nodes,
        merged.edges,
        opened.place()
    ))?;
    Ok(exit)
}
