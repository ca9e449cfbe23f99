//! The requests of a run beyond its folder: programs, addresses, headers, variables, agents, images and files.

use std::{collections::BTreeSet, path::Path};

use serde::Serialize;
use serde_json::Value;

use super::{LabError, TrustError, contents};
use crate::{
    config::{Backend, GraphStoreKind, PolicyChoice, Settings},
    hash::sha256_hex,
    journal::{Entry, JournalError, Record, read_entries},
    lab::{RunFolder, graph},
    plugin::{AgentFolder, ChosenAgent, Roster, config_key},
    science::RunId,
};
use kosmos_core::{plain_path::PlainPath, run_files};

/// The requests of a run beyond its folder, in the order in which the user is shown it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunRequests {
    /// The run.
    pub run: RunId,
    /// SHA-256 of its settings.
    pub settings_sha256: String,
    /// Programs that are started outside the sandbox.
    pub programs: Vec<String>,
    /// Addresses that are connected to.
    pub addresses: Vec<String>,
    /// Headers that are sent to the model's address.
    pub headers: Vec<String>,
    /// Environment variables that are read, by name.
    pub variables: Vec<String>,
    /// Agents that take part.
    pub agents: Vec<AgentRequest>,
    /// Container images, runtimes and packages.
    pub images: Vec<String>,
    /// Files and folders outside the run's own that are read.
    pub files: Vec<String>,
    /// The project whose knowledge it reads and adds to.
    pub project: Option<String>,
}

/// An agent that takes part in a run, with its permissions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AgentRequest {
    /// Its name.
    pub name: String,
    /// Its own version.
    pub version: String,
    /// `process`, `wasm` or `llm`; `builtin` for a listener that Kosmos has itself.
    pub kind: &'static str,
    /// The program, for a process.
    pub command: Vec<String>,
    /// Permissions beyond messages.
    pub permissions: Vec<String>,
    /// SHA-256 of its files; none for what Kosmos has itself.
    pub sha256: Option<String>,
}

impl RunRequests {
    /// Collects what the run in `folder` asks for.
    ///
    /// # Errors
    /// When the folder holds links or devices, or its settings, its agents or its journal cannot be read.
    pub fn of_run(folder: &RunFolder) -> Result<Self, LabError> {
        contents::check_plain_files(folder.path())?;
        let (run, path) = (folder.open_dir()?, PlainPath::of(run_files::SETTINGS));
        let settings_sha256 = run
            .hash(&path, run_files::SETTINGS_BYTES)
            .map_err(LabError::io("read", run.place_of(&path)))?
            .to_string();
        let settings = folder.resolve_settings()?.settings;
        let roster = folder.read_roster(&settings)?;
        let log = run.kind_of(&PlainPath::of(run_files::JOURNAL_LOG));
        let entries: Vec<Entry> = match log.map_err(LabError::io("read", folder.path()))? {
            Some(_) => read_entries(&run)?,
            None => Vec::new(),
        };
        let thinks = settings.policy == PolicyChoice::Llm || roster.asks_model();
        Ok(Self {
            run: folder.id(),
            settings_sha256,
            programs: programs(&settings),
            addresses: addresses(&settings, thinks),
            headers: settings.llm.headers.clone(),
            variables: variables(&settings, thinks),
            agents: agents(&folder.id(), &roster)?,
            images: images(&settings, &entries),
            files: files(&settings, &roster, &entries)?,
            project: settings.project,
        })
    }

    /// The hash of all this, by which the user's agreement is known.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub fn hash(&self) -> Result<String, LabError> {
        Ok(sha256_hex(serde_json::to_vec(self).map_err(JournalError::from)?))
    }

    /// All this as lines for a person, each with its heading.
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines = vec![
            ("run", self.run.to_string()),
            ("settings", format!("sha256 {}", self.settings_sha256)),
        ];
        for (heading, values) in [
            ("program", &self.programs),
            ("address", &self.addresses),
            ("header", &self.headers),
            ("variable", &self.variables),
            ("image", &self.images),
            ("file", &self.files),
        ] {
            lines.extend(values.iter().map(|value| (heading, value.clone())));
        }
        for agent in &self.agents {
            let command = match agent.command.is_empty() {
                true => String::new(),
                false => format!(": {}", agent.command.join(" ")),
            };
            lines.push((
                "agent",
                format!("{} {} ({}){command}", agent.name, agent.version, agent.kind),
            ));
            lines.extend(
                agent
                    .permissions
                    .iter()
                    .map(|permission| ("", format!("may {permission}"))),
            );
            lines.extend(agent.sha256.iter().map(|sha256| ("", format!("sha256 {sha256}"))));
        }
        lines.extend(self.project.iter().map(|project| ("project", project.clone())));
        lines
    }
}

fn programs(settings: &Settings) -> Vec<String> {
    let python = settings.sandbox.python.as_ref();
    python
        .map(|path| format!("sandbox.python = {}", path.display()))
        .into_iter()
        .collect()
}

fn addresses(settings: &Settings, thinks: bool) -> Vec<String> {
    let mut found = Vec::new();
    if thinks || settings.llm.base_url.is_some() {
        found.extend(settings.llm.address().map(|address| format!("a model at {address}")));
    }
    if settings.sandbox.backend == Backend::Docker {
        found.push(match &settings.sandbox.engine {
            Some(engine) => format!("a container engine at {engine}"),
            None => "the container engine of this machine".to_owned(),
        });
    }
    if settings.graph.store == GraphStoreKind::Neo4j {
        found.push(format!(
            "a graph server at {}, as {}",
            settings.graph.uri, settings.graph.user
        ));
    }
    found
}

fn variables(settings: &Settings, thinks: bool) -> Vec<String> {
    let mut names = BTreeSet::new();
    if thinks || settings.llm.api_key_env.is_some() {
        names.extend(settings.llm.key_variable());
    }
    let of_header = |header: &'_ String| -> Option<String> {
        let (_, value) = header.split_once(':')?;
        value.trim().strip_prefix('$').map(str::to_owned)
    };
    let of_headers: Vec<String> = settings.llm.headers.iter().filter_map(of_header).collect();
    names.extend(of_headers.iter().map(String::as_str));
    if settings.graph.store == GraphStoreKind::Neo4j {
        names.insert(graph::PASSWORD);
    }
    names.into_iter().map(str::to_owned).collect()
}

fn images(settings: &Settings, entries: &[Entry]) -> Vec<String> {
    let set = &settings.sandbox;
    let mut found: Vec<String> = [
        ("image", &set.image),
        ("r_image", &set.r_image),
        ("runtime", &set.runtime),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some(format!("sandbox.{key} = {}", value.as_ref()?)))
    .collect();
    found.extend(set.packages.iter().map(|package| format!("package {package}")));
    let opened = entries.iter().find_map(|entry| match &entry.record {
        Record::Opened(opening) => Some(opening),
        _ => None,
    });
    let pinned = opened.into_iter().flat_map(|opening| &opening.images);
    found.extend(pinned.map(|(language, image)| format!("{language} {image}")));
    found
}

impl AgentRequest {
    /// The kind of a listener that Kosmos has itself.
    pub(super) const BUILT_IN: &'static str = "builtin";

    /// Collects what the agents of a run's folder ask for, with the files that they have now.
    ///
    /// # Errors
    /// [`TrustError::NotPlain`] if one has files that its hash does not count; and when one cannot be read.
    pub(super) fn of_folders(run: &RunId, roster: &Roster) -> Result<Vec<Self>, LabError> {
        roster.agents.iter().map(|chosen| Self::of_agent(run, chosen)).collect()
    }

    fn of_agent(run: &RunId, chosen: &ChosenAgent) -> Result<Self, LabError> {
        let manifest = &chosen.manifest;
        let sha256 = match &chosen.folder {
            AgentFolder::Disk(_) => {
                let files = chosen.read_files()?;
                if let Some(inside) = files.left_out() {
                    return Err(TrustError::NotPlain {
                        run: run.to_string(),
                        path: Path::new(run_files::AGENTS).join(manifest.name.as_str()).join(inside),
                        what: "not among the files that a run keeps of an agent",
                    }
                    .into());
                }
                Some(files.hash())
            }
            AgentFolder::Shipped(_) => None,
        };
        Ok(Self {
            name: manifest.name.to_string(),
            version: manifest.version.clone(),
            kind: manifest.kind.as_str(),
            command: manifest.command.clone(),
            permissions: permissions(chosen),
            sha256,
        })
    }
}

fn agents(run: &RunId, roster: &Roster) -> Result<Vec<AgentRequest>, LabError> {
    let mut agents = AgentRequest::of_folders(run, roster)?;
    agents.extend(roster.listeners.iter().map(|native| AgentRequest {
        name: native.plan.name.to_string(),
        version: native.plan.version.clone(),
        kind: AgentRequest::BUILT_IN,
        command: Vec::new(),
        permissions: Vec::new(),
        sha256: None,
    }));
    Ok(agents)
}

fn permissions(chosen: &ChosenAgent) -> Vec<String> {
    let allowed = &chosen.manifest.permissions;
    let configured = |key: &str| chosen.config.get(key).map(Value::to_string).unwrap_or_default();
    let flags = [
        (allowed.sandbox, "run scripts in the sandbox"),
        (allowed.model, "ask the model"),
        (allowed.graph, "query the knowledge graph"),
        (allowed.veto, "veto findings"),
    ];
    let mut told: Vec<String> = flags
        .into_iter()
        .filter(|(is_set, _)| *is_set)
        .map(|(_, what)| what.to_owned())
        .collect();
    told.extend(allowed.network.iter().map(|host| match config_key(host) {
        Some((key, false)) => format!("fetch from the hosts of `{key}`: {}", configured(key)),
        Some((key, true)) => format!(
            "fetch from the hosts of `{key}`, also at private addresses: {}",
            configured(key)
        ),
        None => format!("fetch from {host}"),
    }));
    let files = allowed.files.iter();
    told.extend(files.map(|key| format!("read the files of `{key}`: {}", configured(key))));
    if chosen.manifest.replaces_built_in() {
        told.push("take the place of a built-in agent".to_owned());
    }
    told
}

fn files(settings: &Settings, roster: &Roster, entries: &[Entry]) -> Result<Vec<String>, LabError> {
    let mut found: BTreeSet<String> = settings
        .data
        .iter()
        .flat_map(|table| std::iter::once(&table.path).chain(&table.codebook))
        .map(|path| path.display().to_string())
        .collect();
    found.extend(settings.llm.prices.iter().map(|path| path.display().to_string()));
    for chosen in &roster.agents {
        let keys = chosen.manifest.permissions.files.iter();
        found.extend(keys.filter_map(|key| Some(chosen.config.get(key)?.as_str()?.to_owned())));
    }
    for entry in entries {
        collect_files(&serde_json::to_value(entry).map_err(JournalError::from)?, &mut found);
    }
    Ok(found.into_iter().collect())
}

/// Collects the paths outside the run's folder that a journalled value names: of tables, and of the inputs of scripts.
fn collect_files(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            if fields.contains_key("sha256") {
                let named = ["path", "host"].into_iter().filter_map(|key| fields.get(key)?.as_str());
                found.extend(named.filter(|path| path.starts_with('/')).map(str::to_owned));
            }
            fields.values().for_each(|value| collect_files(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_files(item, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_of_tables_and_inputs_are_files() {
        let entry = json!({
            "datasets": [{"name": "a", "path": "/data/a.csv", "sha256": "0", "bytes": 1}],
            "inputs": [
                {"host": "/etc/passwd", "inside": "data/a", "sha256": "0"},
                {"host": "experiments/e/table.parquet", "inside": "data/b", "sha256": "0"},
            ],
            "said": {"path": "/no/file/at/all"},
        });
        let mut found = BTreeSet::new();
        collect_files(&entry, &mut found);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["/data/a.csv", "/etc/passwd"]);
    }
}
