use clap::Args;
use serde_json::{Map, Value, json};

use super::{GraphChoice, shown, wait};
use crate::cli::{CliError, Exit, Globals, output};
use crate::graph::{GraphStats, VERSION};

/// `kosmos graph stats`: counts what is in the graph.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct StatsArgs {
    /// Which graph.
    #[command(flatten)]
    pub choice: GraphChoice,
}

const EXAMPLES: &str = "\
Examples:
  kosmos graph stats
  kosmos graph stats --store neo4j --json";

/// Runs the command.
pub(super) fn execute(args: &StatsArgs, globals: &Globals) -> Result<Exit, CliError> {
    let opened = args.choice.open(globals)?;
    let stats = match opened.to_read()? {
        Some(store) => wait(async { store.stats().await.map_err(|error| opened.error(error)) })?,
        None => GraphStats::default(),
    };
    if globals.json {
        let counts = |counts: &[(String, u64)]| -> Map<String, Value> {
            counts.iter().map(|(name, n)| (name.clone(), (*n).into())).collect()
        };
        output::json(&json!({
            "store": opened.store_name(),
            "place": opened.place(),
            "schema_version": VERSION,
            "nodes": counts(&stats.nodes),
            "edges": counts(&stats.edges),
        }))?;
        return Ok(Exit::Done);
    }
    let total = |counts: &[(String, u64)]| counts.iter().map(|(_, n)| n).sum::<u64>();
    let (nodes, edges) = (total(&stats.nodes), total(&stats.edges));
    let mut rows = Vec::new();
    for (sort, counts) in [("node", &stats.nodes), ("edge", &stats.edges)] {
        rows.extend(counts.iter().map(|(name, n)| vec![json!(sort), json!(name), json!(n)]));
    }
    let mut text = format!("{}: {nodes} nodes, {edges} edges\n", opened.place());
    if !rows.is_empty() {
        text.push_str(&shown::rows(&["what", "name", "count"], &rows));
    }
    output::text(&text)?;
    Ok(Exit::Done)
}
