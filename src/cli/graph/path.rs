use clap::Args;
use serde_json::json;

use super::{GraphChoice, question_error, wait};
use crate::cli::{CliError, Exit, Globals, output};
use crate::graph::path::{self, Found, MOST_EDGES, PROVENANCE, Search};
use crate::graph::{Edge, Node, QuestionError, Relation};
use crate::progress::printable;

/// `kosmos graph path`: the shortest way between two nodes.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct PathArgs {
    /// A variable's name, or the id of a node
    #[arg(value_name = "FROM")]
    pub from: String,

    /// Another
    #[arg(value_name = "TO")]
    pub to: String,

    /// Edges of the way, at most
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub longest: u32,

    /// Go over runs, tables, questions and agents too, by which everything is near
    #[arg(long)]
    pub provenance: bool,

    /// Which graph.
    #[command(flatten)]
    pub choice: GraphChoice,
}

pub(super) const LONG_ABOUT: &str = "\
Search the shortest way between two variables, or any two nodes.

Edges are followed both ways. Those that say where something comes from (HAS_VARIABLE, USES, ASKS, SPAWNED_BY, \
PROPOSED_BY) are left out unless --provenance is given: by them everything is near everything. That there is no \
way of the length is an answer too, with exit code 0.";

const EXAMPLES: &str = "\
Examples:
  kosmos graph path body_mass_g bill_length_mm
  kosmos graph path island year --longest 8 --json";

/// Runs the command.
pub(super) fn execute(args: &PathArgs, globals: &Globals) -> Result<Exit, CliError> {
    let opened = args.choice.open(globals)?;
    let found = match opened.to_read()? {
        None => Found::None,
        Some(store) => {
            let store = store.as_ref();
            let searched = wait(async {
                let search = async {
                    let search = Search {
                        from: path::end(store, &args.from).await?,
                        to: path::end(store, &args.to).await?,
                        longest: args.longest as usize,
                        without: match args.provenance {
                            true => Vec::new(),
                            false => PROVENANCE.to_vec(),
                        },
                    };
                    path::path(store, &search).await
                };
                Ok(search.await)
            })?;
            match searched {
                Err(QuestionError::Nothing { what: "variable" }) => {
                    opened.say_empty();
                    Found::None
                }
                searched => searched.map_err(|error| question_error(error, &opened))?,
            }
        }
    };
    match globals.json {
        true => output::json(&document(args, &found))?,
        false => output::text(&text(args, &found))?,
    }
    Ok(Exit::Done)
}

fn document(args: &PathArgs, found: &Found) -> serde_json::Value {
    let (nodes, edges) = match found {
        Found::Path { nodes, edges } => (nodes.as_slice(), edges.as_slice()),
        Found::None | Found::GivenUp => (&[][..], &[][..]),
    };
    json!({
        "from": args.from,
        "to": args.to,
        "longest": args.longest,
        "found": matches!(found, Found::Path { .. }),
        "given_up": matches!(found, Found::GivenUp),
        "nodes": nodes,
        "edges": edges,
    })
}

fn text(args: &PathArgs, found: &Found) -> String {
    let (from, to, longest) = (printable(&args.from), printable(&args.to), args.longest);
    let (nodes, edges) = match found {
        Found::None => return format!("no way from {from} to {to} within {longest} steps\n"),
        Found::GivenUp => {
            return format!("no way from {from} to {to} among the first {MOST_EDGES} edges; the search was given up\n");
        }
        Found::Path { nodes, edges } => (nodes, edges),
    };
    let mut text = String::new();
    let mut edges = edges.iter();
    for node in nodes {
        text.push_str(&format!("{:10}  {}\n", node.label.name(), name(node)));
        if let Some(edge) = edges.next() {
            text.push_str(&arrow(node, edge));
        }
    }
    text
}

/// Down where the edge leads to the next node, up where it comes from there.
fn arrow(from: &Node, edge: &Edge) -> String {
    let head = if edge.from == from.id { "v" } else { "^" };
    let kind: Relation = edge.kind;
    format!("{:10}  {head} {}\n", "", kind.name())
}

/// What a person knows a node by.
fn name(node: &Node) -> String {
    let known = ["statement", "text", "name", "template", "test"];
    let known = known.iter().find_map(|name| node.text(name));
    printable(known.unwrap_or(&node.id)).into_owned()
}
