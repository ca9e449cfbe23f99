//! The available agents, and where each was found.

use std::{
    collections::BTreeMap,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use include_dir::Dir;
use kosmos_core::files::copy_folder;
use serde::Serialize;

use super::{AgentFiles, AgentKind, Grants, Manifest, PluginError, files::is_kept, grants::GrantState, manifest};
use crate::config::Environment;
use crate::message::{AgentName, agent};
use crate::shipped::AGENTS;

/// Where an agent was found. The first place in this order wins if several have an agent of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentPlace {
    /// The folder of a run, which keeps a copy of its agents.
    Kept,
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
            Self::Kept => "kept",
            Self::Named => "--agents-dir",
            Self::Run => "run",
            Self::Project => "project",
            Self::User => "user",
            Self::Shipped => "shipped",
        })
    }
}

impl AgentPlace {
    /// The place in words, after "from".
    pub fn as_words(self) -> &'static str {
        match self {
            Self::Kept => "the run's folder",
            Self::Named => "a folder that --agents-dir names",
            Self::Run => "agents/ beside the run file",
            Self::Project => "agents/ in the working folder",
            Self::User => "agents/ in the user's own folder for Kosmos",
            Self::Shipped => "Kosmos itself",
        }
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

    /// The agents that a run keeps in this folder, and no others.
    pub fn kept_agents(folder: PathBuf) -> Self {
        Self {
            folders: vec![(AgentPlace::Kept, folder)],
        }
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

/// The largest `agent.toml` that is read.
const LARGEST_MANIFEST: u64 = 1 << 20;

/// Whether a folder that the user did not mean as an agent of their own holds the files of a shipped one, as in the
/// source tree of Kosmos.
fn is_copy_of_shipped(found: &FoundAgent) -> Result<bool, PluginError> {
    if found.place == AgentPlace::Kept || !is_shipped_name(found.manifest.name.as_str()) {
        return Ok(false);
    }
    let files = AgentFiles::read(&found.folder).map_err(|source| PluginError::Read {
        path: found.path.clone().into(),
        source,
    })?;
    Ok(files.are_shipped(found.manifest.name.as_str()))
}

/// Whether Kosmos ships an agent of that name, as a part of itself or as a folder.
pub(super) fn is_shipped_name(name: &str) -> bool {
    AgentName::fits(name) && AGENTS.get_file(format!("{name}/{}", manifest::FILE)).is_some()
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

impl FoundAgent {
    /// An agent in a folder of the user's, wherever that is.
    ///
    /// # Errors
    /// When there is no valid `agent.toml` in it.
    pub fn in_folder(folder: &Path) -> Result<Self, PluginError> {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let manifest = read_manifest(folder, &name)?.ok_or_else(|| PluginError::Read {
            path: folder.join(manifest::FILE),
            source: io::ErrorKind::NotFound.into(),
        })?;
        Ok(Self {
            manifest,
            place: AgentPlace::Named,
            path: folder.display().to_string(),
            folder: AgentFolder::Disk(folder.to_owned()),
        })
    }

    /// Whether the user has granted what it asks for beyond messages, with the files that it has now. Files that cannot
    /// be read are not granted.
    pub fn grant_state(&self, grants: &Grants) -> GrantState {
        if self.place == AgentPlace::Shipped || self.manifest.list_requests(None).is_empty() {
            return GrantState::NotNeeded;
        }
        match self.hash_files() {
            Ok(hash) => grants.find(self.manifest.name.as_str(), &hash),
            Err(_) => GrantState::NotGranted,
        }
    }

    /// The hash of its files.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn hash_files(&self) -> Result<String, PluginError> {
        let files = AgentFiles::read(&self.folder).map_err(|source| PluginError::Read {
            path: self.path.clone().into(),
            source,
        })?;
        Ok(files.hash())
    }
}

/// Reads and validates the `agent.toml` of the folder of the agent `name`; none if there is none.
fn read_manifest(folder: &Path, name: &str) -> Result<Option<Manifest>, PluginError> {
    let file = folder.join(manifest::FILE);
    let failed = |source| PluginError::Read {
        path: file.clone(),
        source,
    };
    let invalid = |problem: &str| {
        Err(PluginError::Manifest {
            place: file.display().to_string(),
            problem: problem.to_owned(),
        })
    };
    match fs::symlink_metadata(&file) {
        // A folder without one is not an agent; a file is not a folder.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(failed(error)),
        Ok(found) if !found.is_file() => return invalid("it is not a regular file"),
        Ok(found) if found.len() > LARGEST_MANIFEST => return invalid("it is larger than 1 MiB"),
        Ok(_) => {}
    }
    let text = fs::read_to_string(&file).map_err(failed)?;
    Manifest::parse(&text, name, &file.display().to_string()).map(Some)
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
            match read_manifest(&inner, &name) {
                Ok(None) => {}
                // The source tree of Kosmos contains these too; only the embedded ones count.
                Ok(Some(manifest)) if manifest.kind == AgentKind::Builtin => {}
                Ok(Some(manifest)) => {
                    let found = FoundAgent {
                        manifest,
                        place,
                        path: inner.display().to_string(),
                        folder: AgentFolder::Disk(inner),
                    };
                    if !is_copy_of_shipped(&found)? {
                        self.add_agent(found);
                    }
                }
                Err(error) => {
                    let told = match &error {
                        PluginError::Syntax { place, source } => format!("{place}: {source}"),
                        PluginError::Read { source, .. } => format!("{error}: {source}"),
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

    /// The catalogue with this agent alone.
    pub fn only_agent(mut self, name: &str) -> Self {
        self.agents.retain(|known, _| known == name);
        self
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
