use std::io::{self, BufRead, IsTerminal};

use clap::Args;
use serde_json::json;

use super::{GraphChoice, wait};
use crate::cli::{CliError, Exit, Globals, output, stderr};

/// `kosmos graph reset`: empties the graph.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct ResetArgs {
    /// Do not ask
    #[arg(long)]
    pub yes: bool,

    /// Which graph.
    #[command(flatten)]
    pub choice: GraphChoice,
}

pub(super) const LONG_ABOUT: &str = "\
Remove all that Kosmos wrote in the graph.

The runs keep what they learnt in their journals: `kosmos graph sync --again` writes it anew. Of a server's database, \
only nodes with Kosmos' labels and ids are removed, with their edges. On a terminal, the word `reset` must be typed \
before anything is removed; elsewhere, --yes is needed.";

const EXAMPLES: &str = "\
Examples:
  kosmos graph reset
  kosmos graph reset --store neo4j --yes";

/// Nobody has said that it is meant.
#[derive(Debug, thiserror::Error)]
#[error("whether the graph at {place} shall be emptied cannot be asked: this is no terminal")]
struct Unconfirmed {
    place: String,
}

/// Runs the command.
pub(super) fn execute(args: &ResetArgs, globals: &Globals) -> Result<Exit, CliError> {
    let opened = args.choice.open(globals)?;
    let place = opened.place();
    if !args.yes && !io::stdin().is_terminal() {
        return Err(CliError::usage(
            Unconfirmed { place },
            "--yes empties it without asking",
        ));
    }
    let (mut nodes, mut edges) = (0, 0);
    if let Some(store) = opened.to_read()? {
        let stats = wait(async { store.stats().await.map_err(|error| opened.error(error)) })?;
        nodes = stats.nodes.iter().map(|(_, n)| n).sum();
        edges = stats.edges.iter().map(|(_, n)| n).sum();
        if !args.yes {
            stderr::text(&format!(
                "{nodes} nodes and {edges} edges of {place} will be removed.\nType reset to remove them: "
            ));
            if !confirmed(&mut io::stdin().lock()) {
                stderr::text("nothing was removed\n");
                return Ok(Exit::Interrupted);
            }
        }
        wait(async { store.clear().await.map_err(|error| opened.error(error)) })?;
    }
    match globals.json {
        true => output::json(&json!({
            "store": opened.store_name(),
            "place": place,
            "removed": { "nodes": nodes, "edges": edges },
        }))?,
        false => output::text(&format!("removed {nodes} nodes and {edges} edges of {place}\n"))?,
    }
    Ok(Exit::Done)
}

/// Whether the line says that it is meant.
fn confirmed(input: &mut dyn BufRead) -> bool {
    let mut line = String::new();
    input.read_line(&mut line).is_ok() && line.trim() == "reset"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_word_itself_is_meant() {
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
            assert_eq!(confirmed(&mut typed.as_bytes()), meant, "{typed:?}");
        }
    }
}
