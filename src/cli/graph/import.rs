use std::fs::File;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{GraphChoice, merge, wait};
use crate::cli::{CliError, Console, Exit, Globals, output};
use crate::graph::{ImportError, import};
use crate::supervisor::StopSignal;

/// `kosmos graph import`: adds a document to the graph.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct ImportArgs {
    /// What `kosmos graph export --format jsonld` wrote, here or elsewhere
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Which graph.
    #[command(flatten)]
    pub choice: GraphChoice,
}

pub(super) const LONG_ABOUT: &str = "\
Add what an exported JSON-LD document holds to the graph.

Nodes and edges that are there already are merged with it, so that a second import changes nothing. The whole \
document is read before anything is written; it is then written in batches, and Ctrl-C between two of them leaves a \
graph without loose ends, to which a later import of the same document adds the rest.";

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
pub(super) fn execute(args: &ImportArgs, globals: &Globals) -> Result<Exit, CliError> {
    let opened = args.choice.open(globals)?;
    let console = Console::start(&opened.settings.log, globals)?;
    let file = args.file.clone();
    let mut document = File::open(&file).map_err(|source| {
        let error = BadDocument::Open {
            file: file.clone(),
            source,
        };
        CliError::usage(error, "check the path; it is taken relative to the working folder")
    })?;
    let facts = import(&mut document).map_err(|source| {
        let error = BadDocument::Import { file, source };
        CliError::usage(error, "import what `kosmos graph export --format jsonld` wrote")
    })?;
    if !opened.is_server() {
        opened.home.prepare()?;
    }
    let store = opened.to_write()?;
    let merged = wait(async {
        let stop = StopSignal::default();
        stop.on_terminal_signals();
        let progress = console.progress.as_ref();
        let merged = merge::merge(store.as_ref(), facts, "import", progress, &stop).await;
        merged.map_err(|error| opened.error(error))
    })?;
    let exit = if merged.whole { Exit::Done } else { Exit::Interrupted };
    if globals.json {
        output::json(&json!({
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
    output::text(&format!(
        "{} nodes, {} edges merged into {}{how}\n",
        merged.nodes,
        merged.edges,
        opened.place()
    ))?;
    Ok(exit)
}
