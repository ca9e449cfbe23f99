use std::{fs, path::PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::{AgentsDirs, check::Bench};
use crate::cli::{CliError, Exit, Globals, SettingsArgs, output};
use crate::message::Event;
use crate::plugin::{Kind, PluginError, admitted, try_event};

/// `kosmos agents test`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "The event's file is JSON: {\"type\": \"finding_drafted\", \"body\": {...}}, as `kosmos agents schema` describes it.\n\
The agent's state begins empty, its log lines go to stderr, and other calls are answered with an error.\n\n\
Examples:\n  kosmos agents test my_agent --event event.json"
)]
pub struct TestArgs {
    /// The agent
    #[arg(value_name = "NAME")]
    pub name: String,
    /// The event
    #[arg(long, value_name = "FILE")]
    pub event: PathBuf,
    /// Where to look.
    #[command(flatten)]
    pub dirs: AgentsDirs,
    /// How it is configured.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

/// An event that is none.
#[derive(Debug, thiserror::Error)]
#[error("{} is no event", path.display())]
struct NoEvent {
    path: PathBuf,
    source: Box<dyn std::error::Error + Send + Sync>,
}

pub(super) fn execute(args: &TestArgs, globals: &Globals) -> Result<Exit, CliError> {
    let none = |source: Box<dyn std::error::Error + Send + Sync>| {
        let help = "give a file with {\"type\": ..., \"body\": ...}; `kosmos agents schema` has the form of each type";
        let path = args.event.clone();
        CliError::usage(NoEvent { path, source }, help)
    };
    let text = fs::read_to_string(&args.event).map_err(|error| none(error.into()))?;
    let event: Event = serde_json::from_str(&text).map_err(|error| none(error.into()))?;
    let bench = Bench::set_up(&args.name, &args.dirs, &args.settings, globals)?;
    if !matches!(bench.chosen.manifest.kind, Kind::Process | Kind::Wasm) {
        let problem = "only agents of kind `process` and `wasm` can be tried apart from a run".to_owned();
        let place = format!("the agent `{}`", args.name);
        return Err(crate::cli::outcome::plugin_error(PluginError::Manifest {
            place,
            problem,
        }));
    }
    let messages = bench.try_it(async |setting| try_event(setting, &event).await)?;
    let (said, refused) = admitted(&bench.chosen, "trial", &event, &messages);
    let said: Vec<Value> = said
        .iter()
        .filter_map(|speech| serde_json::to_value(speech).ok())
        .collect();
    if globals.json {
        output::json(&json!({ "agent": args.name, "messages": said, "refused": refused }))?;
    } else {
        let mut text = String::new();
        for message in &said {
            text.push_str(&format!(
                "{}\n",
                serde_json::to_string_pretty(message).map_err(CliError::Render)?
            ));
        }
        for refusal in &refused {
            text.push_str(&format!("refused: {}: {}\n", refusal.kind, refusal.reason));
        }
        if text.is_empty() {
            text.push_str("no messages\n");
        }
        output::text(&text)?;
    }
    Ok(if refused.is_empty() { Exit::Done } else { Exit::Failed })
}
