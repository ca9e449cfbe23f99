use clap::Args;
use serde_json::{Map, Value, json};

use super::{GraphChoice, block_on_work, shown};
use crate::cli::{CliError, Exit, Globals, output};
use crate::graph::GraphStats;

/// `kosmos graph stats`: counts nodes and edges.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct StatsArgs {
    /// The graph.
    #[command(flatten)]
    pub choice: GraphChoice,
}

const EXAMPLES: &str = "\
Examples:
  kosmos graph stats
  kosmos graph stats --store neo4j --json";

/// Runs the command.
pub(super) fn execute_stats(args: &StatsArgs, globals: &Globals) -> Result<Exit, CliError> {
    let opened = args.choice.resolve_graph(globals)?;
    let stats = match opened.open_to_read()? {
        Some(store) => block_on_work(async { store.stats().await.map_err(|error| opened.explain_error(error)) })?,
        None => GraphStats::default(),
    };
    if globals.json {
        let counts = |counts: &[(String, u64)]| -> Map<String, Value> {
            counts.iter().map(|(name, n)| (name.clone(), (*n).into())).collect()
        };
        output::print_json(&json!({
            "store": opened.store_name(),
            "place": opened.place(),
            "schema_version": stats.schema_version(),
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
        text.push_str(&shown::render_rows(&["kind", "name", "count"], &rows));
    }
    output::print_text(&text)?;
    Ok(Exit::Done)
}
