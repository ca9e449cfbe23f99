//! The available agents, and where each was found.

use std::{
    collections::BTreeMap,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use include_dir::Dir;
use kosmos_core::files::copy_folder;
use serde::Serialize;

use super::{AgentKind, Manifest, PluginError, manifest};
use crate::config::Environment;
use crate::message::{AgentName, agent};
use crate::shipped::AGENTS;

/// Where an agent was found. The first place in this order wins if several have an agent of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentPlace {
    /// A folder given by `--agents-dir`.
    Named,
    /// `agents/` beside the run file.
    Run,
    /// `agents/` in the working folder.
    Project,
    /// `agents/` in the user's configuration folder for Kosmos.
    User,
    /// Shipped with Kosmos.
    Shipped,
}

impl fmt::Display for AgentPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Named => "--agents-dir",
            Self::Run => "run",
            Self::Project => "project",
            Self::User => "user",
            Self::Shipped => "shipped",
        })
    }
}

/// Folders that are searched for agents, in this order; shipped agents come last.
#[derive(Debug, Clone, Default)]
pub struct SearchPath {
    folders: Vec<(AgentPlace, PathBuf)>,
}

impl SearchPath {
    /// The default: the named folders, then `agents/` beside the run file, in the working folder, and in the user's
    /// configuration folder for Kosmos.
    pub fn default_folders(named: &[PathBuf], run_file: Option<&Path>, environment: &Environment) -> Self {
        let here = environment.working_folder();
        let mut folders: Vec<(AgentPlace, PathBuf)> = named
            .iter()
            .map(|folder| (AgentPlace::Named, here.join(folder)))
            .collect();
        let beside = run_file.and_then(|file| Some(here.join(file).parent()?.to_owned()));
        folders.extend(beside.map(|folder| (AgentPlace::Run, folder.join("agents"))));
        folders.push((AgentPlace::Project, here.join("agents")));
        folders.extend(
            environment
                .config_folder()
                .map(|folder| (AgentPlace::User, folder.join("agents"))),
        );
        Self { folders }
    }

    /// These folders only, such as that of a run.
    pub fn only_folders(folders: impl IntoIterator<Item = PathBuf>) -> Self {
        let folders = folders.into_iter().map(|folder| (AgentPlace::Run, folder)).collect();
        Self { folders }
    }

    fn list_places(&self) -> Vec<String> {
        let folders = self.folders.iter().map(|(_, folder)| folder.display().to_string());
        folders.chain(["the agents shipped with Kosmos".to_owned()]).collect()
    }
}

/// An agent's folder.
#[derive(Debug, Clone)]
pub enum AgentFolder {
    /// On disk.
    Disk(PathBuf),
    /// Embedded in the program.
    Shipped(&'static Dir<'static>),
}

impl AgentFolder {
    /// Copies its files to `target`, creating the folder. Only plain files and folders are copied; bytecode and
    /// hidden files are not.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn copy_to(&self, target: &Path) -> io::Result<()> {
        match self {
            Self::Disk(folder) => copy_folder(folder, target, &|name| is_kept(&name.to_string_lossy())),
            Self::Shipped(folder) => unpack_folder(folder, folder.path(), target),
        }
    }
}

/// Writes the Python SDK to a folder from which programs can import it.
///
/// # Errors
/// When a file cannot be written.
pub fn unpack_sdk(target: &Path) -> io::Result<()> {
    let package = "sdk/python/kosmos_agent";
    match AGENTS.get_dir(package) {
        Some(folder) => unpack_folder(folder, folder.path(), &target.join("kosmos_agent")),
        None => Err(io::Error::new(io::ErrorKind::NotFound, format!("agents/{package}"))),
    }
}

fn is_kept(name: &str) -> bool {
    !name.starts_with('.') && name != "__pycache__" && !name.ends_with(".pyc")
}

fn unpack_folder(folder: &Dir<'_>, root: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    let within = |path: &Path| to.join(path.strip_prefix(root).unwrap_or(path));
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    for file in folder
        .files()
        .filter(|file| name(file.path()).is_some_and(|name| is_kept(&name)))
    {
        fs::write(within(file.path()), file.contents())?;
    }
    for inner in folder
        .dirs()
        .filter(|dir| name(dir.path()).is_some_and(|name| is_kept(&name)))
    {
        fs::create_dir_all(within(inner.path()))?;
        unpack_folder(inner, inner.path(), &within(inner.path()))?;
    }
    Ok(())
}

/// An agent in the catalogue.
#[derive(Debug, Clone)]
pub struct FoundAgent {
    /// Its `agent.toml`.
    pub manifest: Manifest,
    /// The place where it was found.
    pub place: AgentPlace,
    /// Its files.
    pub folder: AgentFolder,
    /// Its location, for a person.
    pub path: String,
}

/// The available agents, by name.
#[derive(Debug, Clone, Default)]
pub struct AgentCatalogue {
    agents: BTreeMap<String, FoundAgent>,
    /// Folders without a usable agent, with the reason; reported only if an agent of that name is requested.
    broken: BTreeMap<String, String>,
    looked: Vec<String>,
}

impl AgentCatalogue {
    /// Searches the folders of `path`.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn search_folders(path: &SearchPath) -> Result<Self, PluginError> {
        let mut catalogue = Self {
            looked: path.list_places(),
            ..Self::default()
        };
        for (place, folder) in &path.folders {
            catalogue.look_into(*place, folder)?;
        }
        for folder in AGENTS.dirs() {
            let name = folder.path().to_string_lossy().into_owned();
            let Some(file) = AGENTS.get_file(format!("{name}/{}", manifest::FILE)) else {
                continue;
            };
            let place = format!("the shipped agents/{name}/{}", manifest::FILE);
            let text = file.contents_utf8().unwrap_or_default();
            let manifest = Manifest::parse(text, &name, &place)?;
            catalogue.add_agent(FoundAgent {
                manifest,
                place: AgentPlace::Shipped,
                folder: AgentFolder::Shipped(folder),
                path: format!("agents/{name}"),
            });
        }
        Ok(catalogue)
    }

    fn look_into(&mut self, place: AgentPlace, folder: &Path) -> Result<(), PluginError> {
        let failed = |source| PluginError::Read {
            path: folder.to_owned(),
            source,
        };
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && place != AgentPlace::Named => return Ok(()),
            entries => entries.map_err(failed)?,
        };
        let mut names: Vec<String> = Vec::new();
        for entry in entries {
            names.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        for name in names {
            let inner = folder.join(&name);
            let file = inner.join(manifest::FILE);
            if !file.is_file() {
                continue;
            }
            let text = fs::read_to_string(&file).map_err(|source| PluginError::Read {
                path: file.clone(),
                source,
            })?;
            match Manifest::parse(&text, &name, &file.display().to_string()) {
                // The source tree of Kosmos contains these too; only the embedded ones count.
                Ok(manifest) if manifest.kind == AgentKind::Builtin => {}
                Ok(manifest) => self.add_agent(FoundAgent {
                    manifest,
                    place,
                    path: inner.display().to_string(),
                    folder: AgentFolder::Disk(inner),
                }),
                Err(error) => {
                    let told = match &error {
                        PluginError::Syntax { place, source } => format!("{place}: {source}"),
                        other => other.to_string(),
                    };
                    self.broken.entry(name).or_insert(told);
                }
            }
        }
        Ok(())
    }

    fn add_agent(&mut self, found: FoundAgent) {
        if !self.broken.contains_key(found.manifest.name.as_str()) {
            self.agents.entry(found.manifest.name.to_string()).or_insert(found);
        }
    }

    /// All agents, by name.
    pub fn iter(&self) -> impl Iterator<Item = &FoundAgent> {
        self.agents.values()
    }

    /// Folders that cannot be used, each with the reason.
    pub fn unusable_folders(&self) -> impl Iterator<Item = (&str, &str)> {
        self.broken
            .iter()
            .map(|(name, reason)| (name.as_str(), reason.as_str()))
    }

    /// Finds the agent of that name.
    ///
    /// # Errors
    /// [`PluginError::Unknown`] if there is none, [`PluginError::Manifest`] if its folder cannot be used.
    pub fn find_agent(&self, name: &str) -> Result<&FoundAgent, PluginError> {
        if let Some(found) = self.agents.get(name) {
            return Ok(found);
        }
        if let Some(problem) = self.broken.get(name) {
            return Err(PluginError::Manifest {
                place: format!("the agent `{name}` cannot be used"),
                problem: problem.clone(),
            });
        }
        let close = |known: &&String| strsim::jaro_winkler(known, name);
        let nearest = self
            .agents
            .keys()
            .filter(|known| close(known) > 0.75)
            .max_by(|a, b| close(a).total_cmp(&close(b)));
        Err(PluginError::Unknown {
            name: name.to_owned(),
            nearest: nearest.cloned(),
            looked: self.looked.clone(),
        })
    }

    /// Whether the name is valid for an agent and not taken.
    pub fn is_free(&self, name: &str) -> bool {
        AgentName::fits(name) && name != agent::SUPERVISOR && !self.agents.contains_key(name)
    }
}
