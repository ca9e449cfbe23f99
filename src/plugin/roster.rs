//! The agents of a run, with their configuration.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};

use super::{Catalogue, Folder, Kind, Manifest, Native, PluginError, SearchPath};
use crate::config::{Origin, Resolved, Settings};
use crate::message::{AgentPlan, agent};
use crate::science::sha256_hex;

/// Where a run keeps the agents that take part in it, below its folder.
pub const FOLDER: &str = "agents";

/// The only built-in agent that a run can do without: nothing waits for what it knows.
const DISPENSABLE: &str = agent::KNOWLEDGE_GRAPH_WRITER;

/// An agent of a run.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// With what the run file says of limits and restarts.
    pub manifest: Manifest,
    /// Its configuration, whole.
    pub config: Value,
    /// Its files.
    pub folder: Folder,
}

impl Chosen {
    /// Its configuration as it sees it: paths lead to where its files are inside.
    pub(super) fn config_seen(&self) -> Value {
        let mut config = self.config.clone();
        for key in &self.manifest.permissions.files {
            if let Some(value) = config.get_mut(key)
                && value.is_string()
            {
                *value = Value::String(inside(key));
            }
        }
        config
    }

    /// Compiles the component of an agent of kind `wasm`, so that one that cannot be used is found before a run begins.
    ///
    /// # Errors
    /// When it is no component for agents, or this `kosmos` cannot host any.
    pub fn compile(&self) -> Result<(), PluginError> {
        #[cfg(feature = "wasm")]
        return super::wasm::compile(self).map(drop);
        #[cfg(not(feature = "wasm"))]
        Err(PluginError::Needs {
            agent: self.manifest.name.clone(),
            what: "a host for WebAssembly, which this `kosmos` was built without".to_owned(),
            remedy: "use a `kosmos` that was built with `--features wasm`, or leave the agent out".to_owned(),
        })
    }
}

/// Where a program finds the files that a key of its configuration names.
pub(super) fn inside(key: &str) -> String {
    format!("/run/files/{key}")
}

/// The agents of a run besides the built-in ones.
#[derive(Clone, Default)]
pub struct Roster {
    /// By name.
    pub agents: Vec<Chosen>,
    /// Built-in agents that listen.
    pub listeners: Vec<Native>,
    /// Built-in agents that are not wanted.
    pub without: Vec<String>,
}

impl Roster {
    /// Those of `catalogue` that take part under `settings`.
    ///
    /// # Errors
    /// When the settings name one that there is none of, or configure it as it cannot be.
    pub fn choose(catalogue: &Catalogue, settings: &Settings) -> Result<Self, PluginError> {
        for name in settings.agents.keys() {
            catalogue.get(name)?;
        }
        Self::of(catalogue, settings)
    }

    fn of(catalogue: &Catalogue, settings: &Settings) -> Result<Self, PluginError> {
        let mut roster = Self::default();
        for found in catalogue.iter() {
            let mut manifest = found.manifest.clone();
            let name = manifest.name.clone();
            let own = own(settings, &name)?;
            let enabled = match own.get("enabled") {
                None => manifest.enabled,
                Some(Value::Bool(enabled)) => *enabled,
                Some(other) => return Err(wrong(&name, "enabled", format!("{other} is neither true nor false"))),
            };
            if manifest.is_built_in_name() && !enabled && name != DISPENSABLE {
                return Err(PluginError::Indispensable { name });
            }
            if manifest.kind == Kind::Builtin {
                if let Some(key) = own.keys().find(|key| *key != "enabled") {
                    return Err(wrong(
                        &name,
                        key,
                        "a built-in agent is set by the sections of its trade, such as [llm] and [supervisor]"
                            .to_owned(),
                    ));
                }
                match manifest.listener() {
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
            manifest.limits = laid_over(&name, "limits", &manifest.limits, own.get("limits"))?;
            manifest.restart = laid_over(&name, "restart", &manifest.restart, own.get("restart"))?;
            let config = configured(&manifest, &own)?;
            roster.agents.push(Chosen {
                manifest,
                config,
                folder: found.folder.clone(),
            });
        }
        Ok(roster)
    }

    /// Those that a run keeps in its folder.
    ///
    /// # Errors
    /// When a file is gone or cannot be used.
    pub fn of_run(run: &Path, settings: &Settings) -> Result<Self, PluginError> {
        let catalogue = Catalogue::search(&SearchPath::only([run.join(FOLDER)]))?;
        // An agent that the settings turn off is not there.
        let mut roster = Self::of(&catalogue, settings)?;
        // Of the shipped ones those take part that the run has its own copy of.
        roster.agents.retain(|chosen| matches!(chosen.folder, Folder::Disk(_)));
        Ok(roster)
    }

    /// Copies the agents' folders into the run's.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn copy_to(&self, run: &Path) -> io::Result<()> {
        for chosen in &self.agents {
            chosen.folder.copy_to(&run.join(FOLDER).join(&chosen.manifest.name))?;
        }
        Ok(())
    }

    /// As the director deals with them; those that take a built-in agent's place are none of its business.
    pub fn plans(&self, experiments: u64) -> Vec<AgentPlan> {
        let others = self.agents.iter().filter(|chosen| !chosen.manifest.replaces());
        others
            .map(|chosen| {
                let manifest = &chosen.manifest;
                AgentPlan {
                    name: manifest.name.clone().into(),
                    version: manifest.version.clone(),
                    description: manifest.description.clone(),
                    subscribes: manifest.subscribes.clone(),
                    publishes: manifest.publishes.clone(),
                    veto: manifest.permissions.veto,
                    experiments: match manifest.permissions.sandbox {
                        true => share(manifest.limits.budget_share, experiments),
                        false => 0,
                    },
                }
            })
            .collect()
    }

    /// That the run has what its agents need.
    ///
    /// # Errors
    /// [`PluginError::Needs`] with what is missing.
    pub fn check(&self, settings: &Settings) -> Result<(), PluginError> {
        let needs = |agent: &str, what: &str, remedy: &str| {
            Err(PluginError::Needs {
                agent: agent.to_owned(),
                what: what.to_owned(),
                remedy: remedy.to_owned(),
            })
        };
        for chosen in &self.agents {
            let manifest = &chosen.manifest;
            let thinks = manifest.kind == Kind::Llm || manifest.permissions.model;
            if thinks && (settings.llm.model.is_none() || settings.llm.address().is_none()) {
                let remedy = "name one by [llm] model and base_url (or provider), or leave the agent out";
                return needs(&manifest.name, "a language model", remedy);
            }
        }
        self.compile()?;
        if settings.project.is_some() && self.without.iter().any(|name| name == DISPENSABLE) {
            return Err(PluginError::Indispensable {
                name: DISPENSABLE.to_owned(),
            });
        }
        Ok(())
    }

    /// Compiles the components, so that none of it is done while agents wait.
    ///
    /// # Errors
    /// Those of [`Chosen::compile`].
    pub fn compile(&self) -> Result<(), PluginError> {
        let mut components = self.agents.iter().filter(|chosen| chosen.manifest.kind == Kind::Wasm);
        components.try_for_each(Chosen::compile)
    }

    /// Whether one of them is a program.
    pub fn has_programs(&self) -> bool {
        self.agents.iter().any(|chosen| chosen.manifest.kind == Kind::Process)
    }

    /// Whether one of them asks a model.
    pub fn thinks(&self) -> bool {
        let asks = |chosen: &Chosen| chosen.manifest.kind == Kind::Llm || chosen.manifest.permissions.model;
        self.agents.iter().any(asks)
    }

    /// A hash of every file of each agent, by name.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn hashes(&self) -> Result<BTreeMap<String, String>, PluginError> {
        let mut hashes = BTreeMap::new();
        for chosen in &self.agents {
            let Folder::Disk(folder) = &chosen.folder else { continue };
            let failed = |source| PluginError::Read {
                path: folder.clone(),
                source,
            };
            let mut files = Vec::new();
            list(folder, folder, &mut files).map_err(failed)?;
            files.sort();
            hashes.insert(chosen.manifest.name.clone(), sha256_hex(files.concat()));
        }
        Ok(hashes)
    }
}

/// A whole number of experiments.
fn share(share: f64, of: u64) -> u64 {
    (share * of as f64).floor() as u64
}

/// Path and hash of every file, a line each.
fn list(root: &Path, folder: &Path, out: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(root, &path, out)?;
        } else {
            let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            out.push(format!("{name} {}\n", sha256_hex(fs::read(&path)?)));
        }
    }
    Ok(())
}

fn own(settings: &Settings, name: &str) -> Result<Map<String, Value>, PluginError> {
    match settings.agents.get(name) {
        None => Ok(Map::new()),
        Some(Value::Object(own)) => Ok(own.clone()),
        Some(_) => Err(wrong(name, "", "it must be a section".to_owned())),
    }
}

fn wrong(agent: &str, key: &str, problem: String) -> PluginError {
    PluginError::Configuration {
        agent: agent.to_owned(),
        key: key.to_owned(),
        problem,
    }
}

/// A section of the manifest with what the run file says of it.
fn laid_over<T>(agent: &str, section: &str, base: &T, over: Option<&Value>) -> Result<T, PluginError>
where
    T: Clone + serde::Serialize + serde::de::DeserializeOwned,
{
    let Some(over) = over else { return Ok(base.clone()) };
    let Value::Object(over) = over else {
        return Err(wrong(agent, section, "it must be a section".to_owned()));
    };
    let mut laid = serde_json::to_value(base).unwrap_or_default();
    if let Some(laid) = laid.as_object_mut() {
        laid.extend(over.clone());
    }
    serde_json::from_value(laid).map_err(|error| wrong(agent, section, error.to_string()))
}

/// What is configured, over the defaults, held against the schema.
fn configured(manifest: &Manifest, own: &Map<String, Value>) -> Result<Value, PluginError> {
    let name = &manifest.name;
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
                false => format!("there are {}", keys.join(", ")),
            };
            return Err(wrong(name, key, format!("there is no such key; {there}")));
        }
        config.insert(key.clone(), value.clone());
    }
    let config = Value::Object(config);
    let validator = jsonschema::validator_for(&schema).map_err(|error| wrong(name, "", error.to_string()))?;
    if let Some(error) = validator.iter_errors(&config).next() {
        let key = error.instance_path().to_string().trim_start_matches('/').to_owned();
        return Err(wrong(name, &key, error.to_string()));
    }
    Ok(config)
}

/// Makes the paths in the configuration of agents absolute, relative ones taken from the file that names them.
///
/// # Errors
/// When a file or folder is not there.
pub fn make_paths_absolute(
    catalogue: &Catalogue,
    resolved: &mut Resolved,
    working_folder: &Path,
) -> Result<(), PluginError> {
    for (name, own) in &mut resolved.settings.agents {
        let files = catalogue.get(name)?.manifest.permissions.files.clone();
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
                return Err(wrong(name, &key, format!("{} is not there", whole.display())));
            }
            *path = whole.components().collect::<PathBuf>().display().to_string();
        }
    }
    Ok(())
}
