//! The agents of a run with their configuration.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use kosmos_core::{plain_path::PlainPath, run_dir::RunDir, run_files};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    AgentCatalogue, AgentFiles, AgentFolder, AgentKind, AgentPlace, FoundAgent, Grants, Manifest, Native, PluginError,
    SearchPath, catalogue::is_shipped_name, grants::GrantState,
};
use crate::config::{Environment, Origin, Resolved, Settings};
use crate::message::{AgentPlan, agent};

/// The only built-in agent that a run can do without: no other agent depends on it.
const DISPENSABLE: &str = agent::KNOWLEDGE_GRAPH_WRITER;

/// In the run's folder of agents: where each of them came from. It is not part of an archive.
const SOURCES: &str = ".sources.json";

/// Where an agent of a run came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentSource {
    /// The sort of place, in words.
    pub place: String,
    /// The folder; none for an agent that is part of Kosmos.
    pub path: Option<String>,
    /// Whether it is shipped with Kosmos, by its files.
    #[serde(skip)]
    pub shipped: bool,
}

impl AgentSource {
    fn of_found(found: &FoundAgent) -> Self {
        let shipped = found.place == AgentPlace::Shipped;
        Self {
            place: found.place.as_words().to_owned(),
            path: (!shipped).then(|| found.path.clone()),
            shipped,
        }
    }

    fn of_kosmos() -> Self {
        Self {
            place: AgentPlace::Shipped.as_words().to_owned(),
            path: None,
            shipped: true,
        }
    }
}

/// An agent of a run.
#[derive(Debug, Clone)]
pub struct ChosenAgent {
    /// The manifest, with the limits and restart policy of the settings.
    pub manifest: Manifest,
    /// Its configuration with defaults.
    pub config: Value,
    /// Its files.
    pub folder: AgentFolder,
    /// Where it came from.
    pub source: AgentSource,
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

    /// Its files, as they are now.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn read_files(&self) -> Result<AgentFiles, PluginError> {
        AgentFiles::read(&self.folder).map_err(|source| PluginError::Read {
            path: match &self.folder {
                AgentFolder::Disk(folder) => folder.clone(),
                AgentFolder::Shipped(folder) => folder.path().to_owned(),
            },
            source,
        })
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
    /// Folders of agents that take no part, as nothing names them.
    pub unnamed: Vec<String>,
}

impl Roster {
    /// Chooses the agents of `catalogue` that take part under the settings: shipped ones where they are enabled, others
    /// where a flag or a setting names them as well. The user of `environment` may replace an agent of Kosmos.
    ///
    /// # Errors
    /// When the settings name an unknown agent or configure one incorrectly, or an agent has the name of one of Kosmos
    /// and the user's own settings do not say that it may replace that one.
    pub fn choose_agents(
        catalogue: &AgentCatalogue,
        resolved: &Resolved,
        environment: &Environment,
    ) -> Result<Self, PluginError> {
        for name in resolved.settings.agents.keys() {
            catalogue.find_agent(name)?;
        }
        let mut named = Vec::new();
        let mut roster = Self::default();
        for found in catalogue.iter() {
            let name = found.manifest.name.as_str();
            if found.place == AgentPlace::Shipped {
                named.push(found);
                continue;
            }
            if is_shipped_name(name) && !may_replace(resolved, name, environment)? {
                let of = match found.manifest.is_built_in_name() {
                    true => "built-in",
                    false => "shipped",
                };
                return Err(PluginError::TakenName {
                    agent: name.to_owned(),
                    path: found.path.clone(),
                    of,
                });
            }
            match found.place == AgentPlace::Named || is_named(resolved, name) {
                true => named.push(found),
                false => roster.unnamed.push(found.path.clone()),
            }
        }
        roster.select_from(named, &resolved.settings)?;
        Ok(roster)
    }

    fn select_from<'f>(
        &mut self,
        agents: impl IntoIterator<Item = &'f FoundAgent>,
        settings: &Settings,
    ) -> Result<(), PluginError> {
        for found in agents {
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
                    Some(native) if enabled => self.listeners.push(manifest.describe_native(native)),
                    Some(_) => {}
                    None if !enabled => self.without.push(name),
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
            self.agents.push(ChosenAgent {
                manifest,
                config,
                folder: found.folder.clone(),
                source: AgentSource::of_found(found),
            });
        }
        Ok(())
    }

    /// The agents in the folder of a run.
    ///
    /// # Errors
    /// When a file is missing or cannot be used.
    pub fn of_run(run: &Path, settings: &Settings) -> Result<Self, PluginError> {
        let folder = run.join(run_files::AGENTS);
        let catalogue = AgentCatalogue::search_folders(&SearchPath::kept_agents(folder.clone()))?;
        // The settings may have disabled some of them.
        let mut roster = Self::default();
        roster.select_from(catalogue.iter(), settings)?;
        // Shipped agents take part only if the run has a copy of them.
        roster
            .agents
            .retain(|chosen| matches!(chosen.folder, AgentFolder::Disk(_)));
        let sources = read_sources(run);
        for chosen in &mut roster.agents {
            let name = chosen.manifest.name.as_str();
            // What a file says does not make an agent one of Kosmos.
            if chosen.read_files()?.are_shipped(name) {
                chosen.source = AgentSource::of_kosmos();
            } else if let Some(source) = sources.get(name) {
                chosen.source = source.clone();
            }
        }
        Ok(roster)
    }

    /// Checks that the user has granted what each agent asks for beyond messages, with the files that it has now.
    /// Shipped agents need no grant.
    ///
    /// # Errors
    /// [`PluginError::NotGranted`] for the first without a grant; and when its files cannot be read.
    pub fn check_grants(&self, grants: &Grants) -> Result<(), PluginError> {
        for chosen in self.agents.iter().filter(|chosen| !chosen.source.shipped) {
            let name = chosen.manifest.name.as_str();
            // Also where no grant is needed: a folder that cannot be copied is refused before the run.
            let hash = chosen.read_files()?.hash();
            let requests = chosen.manifest.list_requests(Some(&chosen.config));
            if requests.is_empty() {
                continue;
            }
            let state = grants.find(name, &hash);
            if state == GrantState::Granted {
                continue;
            }
            let path = match (&chosen.folder, &chosen.source.path) {
                (AgentFolder::Disk(folder), _) => folder.display().to_string(),
                (_, Some(path)) => path.clone(),
                _ => name.to_owned(),
            };
            return Err(PluginError::NotGranted {
                agent: name.to_owned(),
                path,
                changed: state == GrantState::Changed,
                requests,
            });
        }
        Ok(())
    }

    /// Who takes part besides the built-in agents, from where and with which permissions, a line each.
    pub fn describe_agents(&self) -> Vec<String> {
        let from_folders = self.agents.iter().map(|chosen| {
            let source = &chosen.source;
            let from = match &source.path {
                Some(path) => format!("{path} ({})", source.place),
                None => source.place.clone(),
            };
            let may = chosen.manifest.describe_permissions(Some(&chosen.config));
            format!("{} from {from}: {may}", chosen.manifest.name)
        });
        let listeners = self.listeners.iter().map(|native| {
            let place = AgentPlace::Shipped.as_words();
            format!("{} from {place}: messages only", native.name())
        });
        from_folders.chain(listeners).collect()
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
        if self.agents.is_empty() {
            return Ok(());
        }
        let sources: BTreeMap<&str, &AgentSource> = self
            .agents
            .iter()
            .map(|chosen| (chosen.manifest.name.as_str(), &chosen.source))
            .collect();
        fs::write(
            run.join(run_files::AGENTS).join(SOURCES),
            serde_json::to_vec_pretty(&sources)?,
        )
    }

    /// The agents as the director needs to know them; those that replace a built-in agent are left out.
    ///
    /// `experiments` are those of the run, and `share` the share of its findings that one agent may take down.
    pub fn agent_plans(&self, experiments: u64, share: f64) -> Vec<AgentPlan> {
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
                    from: Some(chosen.source.place.clone()),
                    permissions: manifest.describe_permissions(Some(&chosen.config)),
                    // The checks of shipped agents are Kosmos's own.
                    share: (!chosen.source.shipped).then_some(share),
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
        let on_disk = self
            .agents
            .iter()
            .filter(|chosen| matches!(chosen.folder, AgentFolder::Disk(_)));
        on_disk
            .map(|chosen| Ok((chosen.manifest.name.to_string(), chosen.read_files()?.hash())))
            .collect()
    }
}

/// A share as a whole number of experiments.
fn whole_share(share: f64, of: u64) -> u64 {
    (share * of as f64).floor() as u64
}

/// Where the agents in a run's folder came from, as far as that is known: an imported run does not say.
fn read_sources(run: &Path) -> BTreeMap<String, AgentSource> {
    let inside = PlainPath::of(run_files::AGENTS).join_id(SOURCES);
    let text = RunDir::open(run).and_then(|run| run.read_text(&inside, run_files::SETTINGS_BYTES));
    serde_json::from_str(&text.unwrap_or_default()).unwrap_or_default()
}

/// Whether a flag, a variable, a profile of the user's or the run file has a setting of the agent.
fn is_named(resolved: &Resolved, name: &str) -> bool {
    let prefix = format!("agents.{name}.");
    resolved.origins.keys().any(|key| key.starts_with(&prefix))
}

/// Whether the user's own settings let the agent replace the one of Kosmos that has its name: a flag, a variable, or a
/// profile in the user's own folder for Kosmos.
fn may_replace(resolved: &Resolved, name: &str, environment: &Environment) -> Result<bool, PluginError> {
    let own = own_settings(&resolved.settings, name)?;
    match own.get("replace") {
        None | Some(Value::Bool(false)) => return Ok(false),
        Some(Value::Bool(true)) => {}
        Some(other) => {
            let told = format!("{other} is neither true nor false");
            return Err(configuration_error(name, "replace", told));
        }
    }
    let origin = resolved.origins.get(&format!("agents.{name}.replace"));
    Ok(origin.is_some_and(|origin| origin.is_users_own(environment)))
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
    let reserved = |key: &String| matches!(key.as_str(), "enabled" | "limits" | "restart" | "replace");
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
