use clap::Args;
use serde_json::json;

use super::{GraphChoice, block_on_work, explain_question_error};
use crate::cli::{CliError, Exit, Globals, output};
use crate::graph::path::{self, FoundPath, MOST_EDGES, PROVENANCE, Search};
use crate::graph::{Edge, EdgeKind, Node, QuestionError};
use crate::progress::printable;

/// `kosmos graph path`: the shortest path between two nodes.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct PathArgs {
    /// Start: a variable's name, or the id of a node
    #[arg(value_name = "FROM")]
    pub from: String,

    /// End: a variable's name, or the id of a node
    #[arg(value_name = "TO")]
    pub to: String,

    /// Maximum number of edges
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub longest: u32,

    /// Also follow edges over runs, tables, questions and agents, which connect almost everything
    #[arg(long)]
    pub provenance: bool,

    /// The graph.
    #[command(flatten)]
    pub choice: GraphChoice,
}

pub(super) const LONG_ABOUT: &str = "\
Find the shortest path between two variables, or between any two nodes.

Edges are followed in both directions. Edges of provenance (HAS_VARIABLE, USES, ASKS, SPAWNED_BY, \
PROPOSED_BY) are left out unless --provenance is given: they connect almost everything. If there is no \
path of that length, the command says so and exits with 0.";

const EXAMPLES: &str = "\
Examples:
  kosmos graph path body_mass_g bill_length_mm
  kosmos graph path island year --longest 8 --json";

/// Runs the command.
pub(super) fn execute_path(args: &PathArgs, globals: &Globals) -> Result<Exit, CliError> {
    let opened = args.choice.resolve_graph(globals)?;
    let found = match opened.open_to_read()? {
        None => FoundPath::None,
        Some(store) => {
            let store = store.as_ref();
            let searched = block_on_work(async {
                let search = async {
                    let search = Search {
                        from: path::resolve_end(store, &args.from).await?,
                        to: path::resolve_end(store, &args.to).await?,
                        longest: args.longest as usize,
                        without: match args.provenance {
                            true => Vec::new(),
                            false => PROVENANCE.to_vec(),
                        },
                    };
                    path::find_path(store, &search).await
                };
                Ok(search.await)
            })?;
            match searched {
                Err(QuestionError::Nothing { what: "variable" }) => {
                    opened.note_empty_graph();
                    FoundPath::None
                }
                searched => searched.map_err(|error| explain_question_error(error, &opened))?,
            }
        }
    };
    match globals.json {
        true => output::print_json(&path_as_json(args, &found))?,
        false => output::print_text(&render_path(args, &found))?,
    }
    Ok(Exit::Done)
}

fn path_as_json(args: &PathArgs, found: &FoundPath) -> serde_json::Value {
    let (nodes, edges) = match found {
        FoundPath::Path { nodes, edges } => (nodes.as_slice(), edges.as_slice()),
        FoundPath::None | FoundPath::GivenUp => (&[][..], &[][..]),
    };
    json!({
        "from": args.from,
        "to": args.to,
        "longest": args.longest,
        "found": matches!(found, FoundPath::Path { .. }),
        "given_up": matches!(found, FoundPath::GivenUp),
        "nodes": nodes,
        "edges": edges,
    })
}

fn render_path(args: &PathArgs, found: &FoundPath) -> String {
    let (from, to, longest) = (printable(&args.from), printable(&args.to), args.longest);
    let (nodes, edges) = match found {
        FoundPath::None => return format!("no path from {from} to {to} within {longest} steps\n"),
        FoundPath::GivenUp => {
            return format!(
                "no path from {from} to {to} among the first {MOST_EDGES} edges; the search stopped there\n"
            );
        }
        FoundPath::Path { nodes, edges } => (nodes, edges),
    };
    let mut text = String::new();
    let mut edges = edges.iter();
    for node in nodes {
        text.push_str(&format!("{:10}  {}\n", node.label.name(), display_name(node)));
        if let Some(edge) = edges.next() {
            text.push_str(&render_edge(node, edge));
        }
    }
    text
}

/// Points down if the edge leads to the next node, up if it comes from it.
fn render_edge(from: &Node, edge: &Edge) -> String {
    let head = if edge.from == from.id { "v" } else { "^" };
    let kind: EdgeKind = edge.kind;
    format!("{:10}  {head} {}\n", "", kind.name())
}

/// The text that a person knows a node by.
fn display_name(node: &Node) -> String {
    let known = ["statement", "text", "name", "template", "test"];
    let known = known.iter().find_map(|name| node.text_property(name));
    printable(known.unwrap_or(&node.id)).into_owned()
}
