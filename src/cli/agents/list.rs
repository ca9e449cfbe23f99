use clap::Args;
use serde_json::{Value, json};

use super::AgentsDirs;
use crate::cli::{CliError, Exit, Globals, output};
use crate::config::Environment;
use crate::plugin::{AgentCatalogue, AgentKind, FoundAgent, GrantState, Grants, Manifest};
use crate::progress::printable;

/// `kosmos agents list`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  kosmos agents list\n  kosmos agents list skeptic    # its permissions, limits and settings"
)]
pub struct ListArgs {
    /// Show this agent in full
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Folders of agents.
    #[command(flatten)]
    pub dirs: AgentsDirs,
}

pub(super) fn execute_list(args: &ListArgs, globals: &Globals) -> Result<Exit, CliError> {
    let catalogue = args.dirs.search_catalogue()?;
    let grants = Grants::load(&Environment::of_process()?)?;
    let chosen: Vec<&FoundAgent> = match &args.name {
        Some(name) => vec![catalogue.find_agent(name)?],
        None => catalogue.iter().collect(),
    };
    if globals.json {
        let broken: Vec<Value> = catalogue
            .unusable_folders()
            .map(|(name, problem)| json!({ "name": name, "problem": problem }))
            .collect();
        let agents: Vec<Value> = chosen.into_iter().map(|found| agent_as_json(found, &grants)).collect();
        output::print_json(&json!({ "agents": agents, "broken": broken }))?;
        return Ok(Exit::Done);
    }
    match (args.name.is_some(), chosen.as_slice()) {
        (true, [only]) => output::print_text(&render_agent(only, only.grant_state(&grants)))?,
        _ => output::print_text(&render_table(&catalogue, &chosen, &grants))?,
    }
    Ok(Exit::Done)
}

fn agent_as_json(found: &FoundAgent, grants: &Grants) -> Value {
    json!({
        "name": found.manifest.name, "place": found.place, "path": found.path, "manifest": found.manifest,
        "grant": found.grant_state(grants),
    })
}

fn render_table(catalogue: &AgentCatalogue, chosen: &[&FoundAgent], grants: &Grants) -> String {
    let mut table = comfy_table::Table::new();
    table.load_preset(comfy_table::presets::NOTHING);
    table.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    table.set_header(["NAME", "KIND", "FROM", "ENABLED", "PERMISSIONS", "GRANT", "PURPOSE"]);
    for found in chosen {
        let manifest = &found.manifest;
        table.add_row([
            printable(manifest.name.as_str()).into_owned(),
            manifest.kind.as_str().to_owned(),
            found.place.to_string(),
            if manifest.enabled { "yes" } else { "no" }.to_owned(),
            list_permissions(manifest),
            describe_grant(found.grant_state(grants)).to_owned(),
            printable(&manifest.description).into_owned(),
        ]);
    }
    let mut text = format!("{table}\n");
    for (name, problem) in catalogue.unusable_folders() {
        text.push_str(&format!(
            "\n{} cannot be used: {}\n",
            printable(name),
            printable(problem)
        ));
    }
    text
}

fn describe_grant(state: GrantState) -> &'static str {
    match state {
        GrantState::NotNeeded => "-",
        GrantState::Granted => "granted",
        GrantState::Changed => "changed",
        GrantState::NotGranted => "not granted",
    }
}

/// Its permissions beyond the events and messages that its agent.toml lists.
fn list_permissions(manifest: &Manifest) -> String {
    let permissions = &manifest.permissions;
    let flags = [
        (permissions.sandbox, "sandbox"),
        (permissions.model, "model"),
        (permissions.graph, "graph"),
        (permissions.veto, "veto"),
        (!permissions.files.is_empty(), "files"),
        (!permissions.network.is_empty(), "network"),
    ];
    let words: Vec<&str> = flags
        .into_iter()
        .filter(|(may, _)| *may)
        .map(|(_, word)| word)
        .collect();
    if words.is_empty() {
        "-".to_owned()
    } else {
        words.join(" ")
    }
}

fn render_agent(found: &FoundAgent, grant: GrantState) -> String {
    let manifest = &found.manifest;
    let list = |items: &[String]| {
        if items.is_empty() {
            "-".to_owned()
        } else {
            items.join(", ")
        }
    };
    let mut text = format!(
        "{} {}\n{}\n\nkind         {}\nfrom         {} ({})\nenabled      {}\n",
        printable(manifest.name.as_str()),
        printable(&manifest.version),
        printable(&manifest.description),
        manifest.kind.as_str(),
        found.place,
        printable(&found.path),
        match manifest.enabled {
            true => "yes, unless a run file disables it".to_owned(),
            false => format!("if a run file says so: [agents.{}] enabled = true", manifest.name),
        },
    );
    let limits = &manifest.limits;
    let amount = match manifest.kind {
        AgentKind::Wasm => format!("{} of fuel", limits.fuel),
        _ => format!("{} processes", limits.processes),
    };
    let rows = [
        ("receives", list(&manifest.subscribes)),
        ("sends", list(&manifest.publishes)),
        ("permissions", list_permissions(manifest)),
        ("grant", grant.as_words().to_owned()),
        ("files", list(&manifest.permissions.files)),
        ("network", list(&manifest.permissions.network)),
        (
            "limits",
            format!(
                "{} per event, {} of memory, {amount}, {} messages per minute, {} of the budget",
                limits.deadline, limits.memory, limits.messages_per_minute, limits.budget_share
            ),
        ),
    ];
    for (name, value) in rows {
        text.push_str(&format!("{name:12} {}\n", printable(&value)));
    }
    let properties = manifest.config.as_ref().and_then(|schema| schema.get("properties"));
    let properties = properties
        .and_then(Value::as_object)
        .filter(|properties| !properties.is_empty());
    if let Some(properties) = properties {
        text.push_str(&format!("\nSettings under [agents.{}]:\n", manifest.name));
        for (key, property) in properties {
            let about = property.get("description").and_then(Value::as_str).unwrap_or_default();
            let default = property
                .get("default")
                .map(|default| format!(" (default {default})"))
                .unwrap_or_default();
            let key = printable(key);
            text.push_str(&format!("  {key:12} {}{}\n", printable(about), printable(&default)));
        }
    }
    text
}
