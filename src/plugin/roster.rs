//! The agents of a run with their configuration.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use kosmos_core::run_files;
use serde_json::{Map, Value};

use super::{AgentCatalogue, AgentFolder, AgentKind, Manifest, Native, PluginError, SearchPath};
use crate::config::{Origin, Resolved, Settings};
use crate::message::{AgentPlan, agent};
use crate::science::sha256_hex;

/// The only built-in agent that a run can do without: no other agent depends on it.
const DISPENSABLE: &str = agent::KNOWLEDGE_GRAPH_WRITER;

/// An agent of a run.
#[derive(Debug, Clone)]
pub struct ChosenAgent {
    /// The manifest, with the limits and restart policy of the settings.
    pub manifest: Manifest,
    /// Its configuration with defaults.
    pub config: Value,
    /// Its files.
    pub folder: AgentFolder,
}

impl ChosenAgent {
    /// The configuration as the agent sees it, with paths inside its sandbox.
    pub(super) fn config_seen(&self) -> Value {
        let mut config = self.config.clone();
        for key in &self.manifest.permissions.files {
            if let Some(value) = config.get_mut(key)
                && value.is_string()
            {
                *value = Value::String(path_inside(key));
            }
        }
        config
    }

    /// Compiles the component of a `wasm` agent, so that a faulty one is found before the run.
    ///
    /// # Errors
    /// When it is not a component for agents, or this build of `kosmos` cannot host components.
    pub fn compile_component(&self) -> Result<(), PluginError> {
        #[cfg(feature = "wasm")]
        return super::wasm::compile_component(self).map(drop);
        #[cfg(not(feature = "wasm"))]
        Err(PluginError::Needs {
            agent: self.manifest.name.to_string(),
            what: "a WebAssembly host, which this build of `kosmos` lacks".to_owned(),
            remedy: "use a build with `--features wasm`, or leave the agent out".to_owned(),
        })
    }
}

/// The path inside the sandbox of the files that a configuration key names.
pub(super) fn path_inside(key: &str) -> String {
    format!("/run/files/{key}")
}

/// The agents of a run other than the built-in ones.
#[derive(Clone, Default)]
pub struct Roster {
    /// Agents from folders, by name.
    pub agents: Vec<ChosenAgent>,
    /// Enabled built-in listeners.
    pub listeners: Vec<Native>,
    /// Disabled built-in agents.
    pub without: Vec<String>,
}

impl Roster {
    /// Chooses the agents of `catalogue` that take part under `settings`.
    ///
    /// # Errors
    /// When the settings name an unknown agent or configure one incorrectly.
    pub fn choose_agents(catalogue: &AgentCatalogue, settings: &Settings) -> Result<Self, PluginError> {
        for name in settings.agents.keys() {
            catalogue.find_agent(name)?;
        }
        Self::select_from(catalogue, settings)
    }

    fn select_from(catalogue: &AgentCatalogue, settings: &Settings) -> Result<Self, PluginError> {
        let mut roster = Self::default();
        for found in catalogue.iter() {
            let mut manifest = found.manifest.clone();
            let name = manifest.name.to_string();
            let own = own_settings(settings, &name)?;
            let enabled = match own.get("enabled") {
                None => manifest.enabled,
                Some(Value::Bool(enabled)) => *enabled,
                Some(other) => {
                    return Err(configuration_error(
                        &name,
                        "enabled",
                        format!("{other} is neither true nor false"),
                    ));
                }
            };
            if manifest.is_built_in_name() && !enabled && name != DISPENSABLE {
                return Err(PluginError::Indispensable { name });
            }
            if manifest.kind == AgentKind::Builtin {
                if let Some(key) = own.keys().find(|key| *key != "enabled") {
                    return Err(configuration_error(
                        &name,
                        key,
                        "a built-in agent is configured by sections such as [llm] and [supervisor]".to_owned(),
                    ));
                }
                match manifest.built_in_listener() {
                    Some(native) if enabled => roster.listeners.push(manifest.describe_native(native)),
                    Some(_) => {}
                    None if !enabled => roster.without.push(name),
                    None => {}
                }
                continue;
            }
            if !enabled {
                continue;
            }
            manifest.limits = overlay_section(&name, "limits", &manifest.limits, own.get("limits"))?;
            manifest.restart = overlay_section(&name, "restart", &manifest.restart, own.get("restart"))?;
            let config = build_config(&manifest, &own)?;
            roster.agents.push(ChosenAgent {
                manifest,
                config,
                folder: found.folder.clone(),
            });
        }
        Ok(roster)
    }

    /// The agents in the folder of a run.
    ///
    /// # Errors
    /// When a file is missing or cannot be used.
    pub fn of_run(run: &Path, settings: &Settings) -> Result<Self, PluginError> {
        let catalogue = AgentCatalogue::search_folders(&SearchPath::only_folders([run.join(run_files::AGENTS)]))?;
        // The settings may have disabled some of them.
        let mut roster = Self::select_from(&catalogue, settings)?;
        // Shipped agents take part only if the run has a copy of them.
        roster
            .agents
            .retain(|chosen| matches!(chosen.folder, AgentFolder::Disk(_)));
        Ok(roster)
    }

    /// Copies the agents' folders into the run's folder.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn copy_to(&self, run: &Path) -> io::Result<()> {
        for chosen in &self.agents {
            chosen
                .folder
                .copy_to(&run.join(run_files::AGENTS).join(chosen.manifest.name.as_str()))?;
        }
        Ok(())
    }

    /// The agents as the director needs to know them; those that replace a built-in agent are left out.
    pub fn agent_plans(&self, experiments: u64) -> Vec<AgentPlan> {
        let others = self.agents.iter().filter(|chosen| !chosen.manifest.replaces_built_in());
        others
            .map(|chosen| {
                let manifest = &chosen.manifest;
                AgentPlan {
                    name: manifest.name.clone(),
                    version: manifest.version.clone(),
                    description: manifest.description.clone(),
                    subscribes: manifest.subscribes.clone(),
                    publishes: manifest.publishes.clone(),
                    veto: manifest.permissions.veto,
                    experiments: match manifest.permissions.sandbox {
                        true => whole_share(manifest.limits.budget_share, experiments),
                        false => 0,
                    },
                }
            })
            .collect()
    }

    /// Checks that the run provides what its agents need.
    ///
    /// # Errors
    /// [`PluginError::Needs`] with the missing resource.
    pub fn check_requirements(&self, settings: &Settings) -> Result<(), PluginError> {
        let needs = |agent: &str, what: &str, remedy: &str| {
            Err(PluginError::Needs {
                agent: agent.to_owned(),
                what: what.to_owned(),
                remedy: remedy.to_owned(),
            })
        };
        for chosen in &self.agents {
            let manifest = &chosen.manifest;
            let thinks = manifest.kind == AgentKind::Llm || manifest.permissions.model;
            if thinks && (settings.llm.model.is_none() || settings.llm.address().is_none()) {
                let remedy = "set model and base_url (or provider) in [llm], or leave the agent out";
                return needs(manifest.name.as_str(), "a language model", remedy);
            }
        }
        self.compile_components()?;
        if settings.project.is_some() && self.without.iter().any(|name| name == DISPENSABLE) {
            return Err(PluginError::Indispensable {
                name: DISPENSABLE.to_owned(),
            });
        }
        Ok(())
    }

    /// Compiles all components now, so that no agent waits for it later.
    ///
    /// # Errors
    /// Those of [`ChosenAgent::compile_component`].
    pub fn compile_components(&self) -> Result<(), PluginError> {
        let mut components = self
            .agents
            .iter()
            .filter(|chosen| chosen.manifest.kind == AgentKind::Wasm);
        components.try_for_each(ChosenAgent::compile_component)
    }

    /// Whether any agent is a program.
    pub fn has_programs(&self) -> bool {
        self.agents
            .iter()
            .any(|chosen| chosen.manifest.kind == AgentKind::Process)
    }

    /// Whether any agent asks a model.
    pub fn asks_model(&self) -> bool {
        let asks = |chosen: &ChosenAgent| chosen.manifest.kind == AgentKind::Llm || chosen.manifest.permissions.model;
        self.agents.iter().any(asks)
    }

    /// Hashes the files of each agent, by name.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn hash_folders(&self) -> Result<BTreeMap<String, String>, PluginError> {
        let mut hashes = BTreeMap::new();
        for chosen in &self.agents {
            let AgentFolder::Disk(folder) = &chosen.folder else {
                continue;
            };
            let failed = |source| PluginError::Read {
                path: folder.clone(),
                source,
            };
            let mut files = Vec::new();
            list_files(folder, folder, &mut files).map_err(failed)?;
            files.sort();
            hashes.insert(chosen.manifest.name.to_string(), sha256_hex(files.concat()));
        }
        Ok(hashes)
    }
}

/// A share as a whole number of experiments.
fn whole_share(share: f64, of: u64) -> u64 {
    (share * of as f64).floor() as u64
}

/// Lists the path and hash of every file, one per line.
fn list_files(root: &Path, folder: &Path, out: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list_files(root, &path, out)?;
        } else {
            let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            out.push(format!("{name} {}\n", sha256_hex(fs::read(&path)?)));
        }
    }
    Ok(())
}

fn own_settings(settings: &Settings, name: &str) -> Result<Map<String, Value>, PluginError> {
    match settings.agents.get(name) {
        None => Ok(Map::new()),
        Some(Value::Object(own)) => Ok(own.clone()),
        Some(_) => Err(configuration_error(name, "", "it must be a section".to_owned())),
    }
}

fn configuration_error(agent: &str, key: &str, problem: String) -> PluginError {
    PluginError::Configuration {
        agent: agent.to_owned(),
        key: key.to_owned(),
        problem,
    }
}

/// A section of the manifest, overridden by the settings.
fn overlay_section<T>(agent: &str, section: &str, base: &T, over: Option<&Value>) -> Result<T, PluginError>
where
    T: Clone + serde::Serialize + serde::de::DeserializeOwned,
{
    let Some(over) = over else { return Ok(base.clone()) };
    let Value::Object(over) = over else {
        return Err(configuration_error(agent, section, "it must be a section".to_owned()));
    };
    let mut laid = serde_json::to_value(base).unwrap_or_default();
    if let Some(laid) = laid.as_object_mut() {
        laid.extend(over.clone());
    }
    serde_json::from_value(laid).map_err(|error| configuration_error(agent, section, error.to_string()))
}

/// The configuration: defaults overridden by the settings, validated against the schema.
fn build_config(manifest: &Manifest, own: &Map<String, Value>) -> Result<Value, PluginError> {
    let name = manifest.name.as_str();
    let schema = manifest.config.clone().unwrap_or_else(|| serde_json::json!({}));
    let properties = schema.get("properties").and_then(Value::as_object);
    let mut config = Map::new();
    for (key, property) in properties.into_iter().flatten() {
        if let Some(default) = property.get("default") {
            config.insert(key.clone(), default.clone());
        }
    }
    let reserved = |key: &String| matches!(key.as_str(), "enabled" | "limits" | "restart");
    for (key, value) in own.iter().filter(|(key, _)| !reserved(key)) {
        if !properties.is_some_and(|properties| properties.contains_key(key)) {
            let keys: Vec<&str> = properties.into_iter().flatten().map(|(key, _)| key.as_str()).collect();
            let there = match keys.is_empty() {
                true => "it has no configuration".to_owned(),
                false => format!("the keys are {}", keys.join(", ")),
            };
            return Err(configuration_error(name, key, format!("unknown key; {there}")));
        }
        config.insert(key.clone(), value.clone());
    }
    let config = Value::Object(config);
    let validator =
        jsonschema::validator_for(&schema).map_err(|error| configuration_error(name, "", error.to_string()))?;
    if let Some(error) = validator.iter_errors(&config).next() {
        let key = error.instance_path().to_string().trim_start_matches('/').to_owned();
        return Err(configuration_error(name, &key, error.to_string()));
    }
    Ok(config)
}

/// Makes the paths in the agents' configuration absolute; relative ones are resolved against the file that states
/// them.
///
/// # Errors
/// When a file or folder does not exist.
pub fn make_paths_absolute(
    catalogue: &AgentCatalogue,
    resolved: &mut Resolved,
    working_folder: &Path,
) -> Result<(), PluginError> {
    for (name, own) in &mut resolved.settings.agents {
        let files = catalogue.find_agent(name)?.manifest.permissions.files.clone();
        let Some(own) = own.as_object_mut() else { continue };
        for key in files {
            let Some(Value::String(path)) = own.get_mut(&key) else {
                continue;
            };
            let base = match resolved.origins.get(&format!("agents.{name}.{key}")) {
                Some(Origin::RunFile { file, .. } | Origin::Profile { file, .. }) => {
                    working_folder.join(file).parent().map(Path::to_owned)
                }
                _ => None,
            };
            let whole: PathBuf = base.unwrap_or_else(|| working_folder.to_owned()).join(path.as_str());
            if !whole.exists() {
                return Err(configuration_error(
                    name,
                    &key,
                    format!("{} does not exist", whole.display()),
                ));
            }
            *path = whole.components().collect::<PathBuf>().display().to_string();
        }
    }
    Ok(())
}
