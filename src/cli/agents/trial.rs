use std::{fs, path::PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::{AgentsDirs, check::Bench};
use crate::cli::{CliError, Exit, Globals, SettingsArgs, output};
use crate::message::Event;
use crate::plugin::{AgentKind, PluginError, admit_trial_messages, try_event};

/// `kosmos agents test`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "The event is JSON: {\"type\": \"finding_drafted\", \"body\": {...}}, as `kosmos agents schema` describes it.\n\
The agent starts with an empty state, its log lines go to stderr, and its other calls fail.\n\n\
Examples:\n  kosmos agents test my_agent --event event.json"
)]
pub struct TestArgs {
    /// Agent to test
    #[arg(value_name = "NAME")]
    pub name: String,
    /// File with the event
    #[arg(long, value_name = "FILE")]
    pub event: PathBuf,
    /// Folders of agents.
    #[command(flatten)]
    pub dirs: AgentsDirs,
    /// Changes to the settings.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

/// The file does not hold a valid event.
#[derive(Debug, thiserror::Error)]
#[error("{} does not hold a valid event", path.display())]
struct InvalidEvent {
    path: PathBuf,
    source: Box<dyn std::error::Error + Send + Sync>,
}

pub(super) fn execute_test(args: &TestArgs, globals: &Globals) -> Result<Exit, CliError> {
    let none = |source: Box<dyn std::error::Error + Send + Sync>| {
        let help = "name a file with {\"type\": ..., \"body\": ...}; `kosmos agents schema` describes each type";
        let path = args.event.clone();
        CliError::from_usage(InvalidEvent { path, source }, help)
    };
    let text = fs::read_to_string(&args.event).map_err(|error| none(error.into()))?;
    let event: Event = serde_json::from_str(&text).map_err(|error| none(error.into()))?;
    let bench = Bench::set_up(&args.name, &args.dirs, &args.settings, globals)?;
    if !matches!(bench.chosen.manifest.kind, AgentKind::Process | AgentKind::Wasm) {
        let problem = "only agents of kind `process` and `wasm` can be tested outside of a run".to_owned();
        let place = format!("the agent `{}`", args.name);
        return Err(CliError::from(PluginError::Manifest { place, problem }));
    }
    let messages = bench.try_it(async |setting| try_event(setting, &event).await)?;
    let (accepted, refused) = admit_trial_messages(&bench.chosen, "trial", &event, &messages);
    let messages: Vec<Value> = accepted
        .iter()
        .filter_map(|speech| serde_json::to_value(speech).ok())
        .collect();
    if globals.json {
        output::print_json(&json!({ "agent": args.name, "messages": messages, "refused": refused }))?;
    } else {
        let mut text = String::new();
        for message in &messages {
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
        output::print_text(&text)?;
    }
    Ok(if refused.is_empty() { Exit::Done } else { Exit::Failed })
}
