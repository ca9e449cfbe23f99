use std::{
    io::{self, BufRead, IsTerminal},
    path::{Path, PathBuf},
};

use clap::Args;
use serde_json::json;

use super::AgentsDirs;
use crate::cli::{CliError, Exit, Globals, output, stderr};
use crate::config::Environment;
use crate::plugin::{AgentKind, FoundAgent, GrantState, Grants};
use crate::progress::printable;

/// `kosmos agents trust`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct TrustArgs {
    /// Agent, or a path to its folder
    #[arg(value_name = "NAME|FOLDER")]
    pub agent: PathBuf,
    /// Grant it without asking
    #[arg(long)]
    pub yes: bool,
    /// Folders of agents.
    #[command(flatten)]
    pub dirs: AgentsDirs,
}

pub(super) const LONG_ABOUT: &str = "\
Show what an agent asks for, and grant it.

An agent that is not shipped with Kosmos may send messages. For anything more (network, files, the sandbox, a model, \
the graph, a veto, the place of a built-in agent) it needs a grant, which holds for the files that the agent's folder \
has now: when one of them changes, a run asks for a new grant. Grants are kept in agent-grants.json in your own folder \
for Kosmos (~/.config/kosmos).";

const EXAMPLES: &str = "\
Examples:
  kosmos agents trust my_agent
  kosmos agents trust ./agents/my_agent --yes";

/// The user cannot be asked.
#[derive(Debug, thiserror::Error)]
#[error("cannot ask whether `{agent}` is granted this: stdin is not a terminal")]
struct Unasked {
    agent: String,
}

pub(super) fn execute_trust(args: &TrustArgs, globals: &Globals) -> Result<Exit, CliError> {
    let environment = Environment::of_process()?;
    let found = find_agent(args, &environment)?;
    let mut grants = Grants::load(&environment)?;
    let name = found.manifest.name.to_string();
    let requests = found.manifest.list_requests(None);
    let hash = found.hash_files()?;
    let before = found.grant_state(&grants);
    if !globals.json {
        output::print_text(&describe(&found, &requests, before))?;
    }
    let granted = match before {
        GrantState::NotNeeded => false,
        GrantState::Granted => true,
        GrantState::Changed | GrantState::NotGranted => {
            if !args.yes {
                if !io::stdin().is_terminal() {
                    let help = "--yes grants it without asking";
                    return Err(CliError::from_usage(Unasked { agent: name }, help));
                }
                stderr::write_to_stderr(&format!("Type trust to grant this to {}: ", printable(&name)));
                if !reads_confirmation(&mut io::stdin().lock()) {
                    stderr::write_to_stderr("nothing was granted\n");
                    return Ok(Exit::Interrupted);
                }
            }
            grants.add(&name, &hash, &requests)?;
            true
        }
    };
    if globals.json {
        output::print_json(&json!({
            "agent": name, "path": found.path, "requests": requests, "before": before, "granted": granted,
            "sha256": hash, "file": grants.path(),
        }))?;
    } else if matches!(before, GrantState::Changed | GrantState::NotGranted) {
        output::print_text(&format!("granted to {name}, as long as its files stay as they are\n"))?;
    }
    Ok(Exit::Done)
}

/// The agent of that name, or the one in that folder.
fn find_agent(args: &TrustArgs, environment: &Environment) -> Result<FoundAgent, CliError> {
    let text = args.agent.to_string_lossy();
    if text.contains(std::path::is_separator) || args.agent.join("agent.toml").exists() {
        let folder = environment.working_folder().join(&args.agent);
        // Without `.` and a slash at the end, so that the last part is the agent's name.
        let folder: PathBuf = folder.components().collect();
        return Ok(FoundAgent::in_folder(&without_parents(&folder))?);
    }
    Ok(args.dirs.search_catalogue()?.find_agent(&text)?.clone())
}

/// The path without `..`, if it leads to something; else as it is.
fn without_parents(path: &Path) -> PathBuf {
    match path.file_name() {
        Some(_) => path.to_owned(),
        None => path.canonicalize().unwrap_or_else(|_| path.to_owned()),
    }
}

/// Everything that a person needs to know before the grant.
fn describe(found: &FoundAgent, requests: &[String], before: GrantState) -> String {
    let manifest = &found.manifest;
    let mut text = format!(
        "{} {}\n{}\n\nfolder     {}\nkind       {}\n",
        printable(manifest.name.as_str()),
        printable(&manifest.version),
        printable(&manifest.description),
        printable(&found.path),
        manifest.kind.as_str(),
    );
    if manifest.kind == AgentKind::Process {
        text.push_str(&format!(
            "starts     {} (in the sandbox)\n",
            printable(&manifest.command.join(" "))
        ));
    }
    let limits = &manifest.limits;
    text.push_str(&format!(
        "limits     {} per event, {} of memory, {} processes, {} messages per minute, {} of the budget\n",
        limits.deadline, limits.memory, limits.processes, limits.messages_per_minute, limits.budget_share
    ));
    if requests.is_empty() {
        text.push_str("\nIt asks for nothing beyond messages and needs no grant.\n");
        return text;
    }
    text.push_str("\nIt asks\n");
    for request in requests {
        text.push_str(&format!("  {}\n", printable(request)));
    }
    text.push_str(match before {
        GrantState::NotNeeded => "\nIt is shipped with Kosmos and needs no grant.\n",
        GrantState::Granted => "\nThis is granted.\n",
        GrantState::Changed => "\nAn agent of this name was granted this or other things with other files.\n",
        GrantState::NotGranted => "\n",
    });
    text
}

/// Returns true if the line confirms.
fn reads_confirmation(input: &mut dyn BufRead) -> bool {
    let mut line = String::new();
    input.read_line(&mut line).is_ok() && line.trim() == "trust"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_word_itself_confirms() {
        for (typed, meant) in [
            ("trust\n", true),
            (" trust \n", true),
            ("yes\n", false),
            ("\n", false),
            ("", false),
        ] {
            assert_eq!(reads_confirmation(&mut typed.as_bytes()), meant, "{typed:?}");
        }
    }
}
