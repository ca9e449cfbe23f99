use std::io::{self, BufRead, IsTerminal};

use clap::Args;
use serde_json::json;

use super::{GraphChoice, block_on_work};
use crate::cli::{CliError, Exit, Globals, output, stderr};

/// `kosmos graph reset`: empties the graph.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct ResetArgs {
    /// Do not ask for confirmation
    #[arg(long)]
    pub yes: bool,

    /// The graph.
    #[command(flatten)]
    pub choice: GraphChoice,
}

pub(super) const LONG_ABOUT: &str = "\
Remove everything that Kosmos wrote to the graph.

The journals of the runs keep their findings: `kosmos graph sync --again` writes them again. From a server's database, \
only nodes with Kosmos's labels and ids are removed, with their edges. On a terminal, the command asks for the word \
`reset` before it removes anything; elsewhere, --yes is needed.";

const EXAMPLES: &str = "\
Examples:
  kosmos graph reset
  kosmos graph reset --store neo4j --yes";

/// The user cannot be asked for confirmation.
#[derive(Debug, thiserror::Error)]
#[error("cannot ask for confirmation to empty the graph at {place}: stdin is not a terminal")]
struct Unconfirmed {
    place: String,
}

/// Runs the command.
pub(super) fn execute_reset(args: &ResetArgs, globals: &Globals) -> Result<Exit, CliError> {
    let opened = args.choice.resolve_graph(globals)?;
    let place = opened.place();
    if !args.yes && !io::stdin().is_terminal() {
        return Err(CliError::from_usage(
            Unconfirmed { place },
            "--yes empties it without confirmation",
        ));
    }
    let (mut nodes, mut edges) = (0, 0);
    if let Some(store) = opened.open_to_read()? {
        let stats = block_on_work(async { store.stats().await.map_err(|error| opened.explain_error(error)) })?;
        nodes = stats.nodes.iter().map(|(_, n)| n).sum();
        edges = stats.edges.iter().map(|(_, n)| n).sum();
        if !args.yes {
            stderr::write_to_stderr(&format!(
                "{nodes} nodes and {edges} edges of {place} will be removed.\nType reset to confirm: "
            ));
            if !reads_confirmation(&mut io::stdin().lock()) {
                stderr::write_to_stderr("nothing was removed\n");
                return Ok(Exit::Interrupted);
            }
        }
        block_on_work(async { store.clear().await.map_err(|error| opened.explain_error(error)) })?;
    }
    match globals.json {
        true => output::print_json(&json!({
            "store": opened.store_name(),
            "place": place,
            "removed": { "nodes": nodes, "edges": edges },
        }))?,
        false => output::print_text(&format!("removed {nodes} nodes and {edges} edges from {place}\n"))?,
    }
    Ok(Exit::Done)
}

/// Returns true if the line confirms.
fn reads_confirmation(input: &mut dyn BufRead) -> bool {
    let mut line = String::new();
    input.read_line(&mut line).is_ok() && line.trim() == "reset"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_word_itself_confirms() {
        for (typed, meant) in [
            ("reset\n", true),
            (" reset \r\n", true),
            ("reset", true),
            ("", false),
            ("\n", false),
            ("y\n", false),
            ("Reset\n", false),
            ("no\nreset\n", false),
        ] {
            assert_eq!(reads_confirmation(&mut typed.as_bytes()), meant, "{typed:?}");
        }
    }
}
