//! The agents that there are, and where each comes from.

use std::{
    collections::BTreeMap,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use include_dir::Dir;
use kosmos_core::files::copy_folder;
use serde::Serialize;

use super::{
    Kind, Manifest, PluginError,
    manifest::{self, is_name},
};
use crate::config::Environment;
use crate::message::agent;
use crate::shipped::AGENTS;

/// Where an agent was found. The first place that has one of a name hides those behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A folder that was named by `--agents-dir`.
    Named,
    /// `agents/` beside the run file.
    Run,
    /// `agents/` of the working folder.
    Project,
    /// `agents/` of the user's own folder for Kosmos.
    User,
    /// Part of Kosmos.
    Shipped,
}

impl fmt::Display for Place {
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

/// Where agents are looked for, first to last; those that are shipped come after.
#[derive(Debug, Clone, Default)]
pub struct SearchPath {
    folders: Vec<(Place, PathBuf)>,
}

impl SearchPath {
    /// The usual one: the named folders, then `agents/` beside the run file, in the working folder, and in the user's own
    /// folder for Kosmos.
    pub fn usual(named: &[PathBuf], run_file: Option<&Path>, environment: &Environment) -> Self {
        let here = environment.working_folder();
        let mut folders: Vec<(Place, PathBuf)> = named.iter().map(|folder| (Place::Named, here.join(folder))).collect();
        let beside = run_file.and_then(|file| Some(here.join(file).parent()?.to_owned()));
        folders.extend(beside.map(|folder| (Place::Run, folder.join("agents"))));
        folders.push((Place::Project, here.join("agents")));
        folders.extend(
            environment
                .config_folder()
                .map(|folder| (Place::User, folder.join("agents"))),
        );
        Self { folders }
    }

    /// These folders alone, as those of a run.
    pub fn only(folders: impl IntoIterator<Item = PathBuf>) -> Self {
        let folders = folders.into_iter().map(|folder| (Place::Run, folder)).collect();
        Self { folders }
    }

    fn told(&self) -> Vec<String> {
        let folders = self.folders.iter().map(|(_, folder)| folder.display().to_string());
        folders.chain(["those that are shipped".to_owned()]).collect()
    }
}

/// An agent's folder.
#[derive(Debug, Clone)]
pub enum Folder {
    /// On disk.
    Disk(PathBuf),
    /// Within Kosmos.
    Shipped(&'static Dir<'static>),
}

impl Folder {
    /// Copies its files to `target`, which is made. What is no plain file or folder is left out, as are bytecode and hidden files.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn copy_to(&self, target: &Path) -> io::Result<()> {
        match self {
            Self::Disk(folder) => copy_folder(folder, target, &|name| is_kept(&name.to_string_lossy())),
            Self::Shipped(folder) => unpack(folder, folder.path(), target),
        }
    }
}

/// Writes the Python SDK to a folder, for programs to import.
///
/// # Errors
/// When a file cannot be written.
pub fn unpack_sdk(target: &Path) -> io::Result<()> {
    let package = "sdk/python/kosmos_agent";
    match AGENTS.get_dir(package) {
        Some(folder) => unpack(folder, folder.path(), &target.join("kosmos_agent")),
        None => Err(io::Error::new(io::ErrorKind::NotFound, format!("agents/{package}"))),
    }
}

fn is_kept(name: &str) -> bool {
    !name.starts_with('.') && name != "__pycache__" && !name.ends_with(".pyc")
}

fn unpack(folder: &Dir<'_>, root: &Path, to: &Path) -> io::Result<()> {
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
        unpack(inner, inner.path(), &within(inner.path()))?;
    }
    Ok(())
}

/// An agent that was found.
#[derive(Debug, Clone)]
pub struct Found {
    #[allow(missing_docs)]
    pub manifest: Manifest,
    #[allow(missing_docs)]
    pub place: Place,
    #[allow(missing_docs)]
    pub folder: Folder,
    /// Where it is, for a person.
    pub path: String,
}

/// The agents that there are, by name.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    agents: BTreeMap<String, Found>,
    /// Folders that hold no agent that could be used, with the reason; it matters only where one of that name is asked for.
    broken: BTreeMap<String, String>,
    looked: Vec<String>,
}

impl Catalogue {
    /// Looks along `path`.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn search(path: &SearchPath) -> Result<Self, PluginError> {
        let mut catalogue = Self {
            looked: path.told(),
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
            let manifest = Manifest::read(text, &name, &place)?;
            catalogue.add(Found {
                manifest,
                place: Place::Shipped,
                folder: Folder::Shipped(folder),
                path: format!("agents/{name}"),
            });
        }
        Ok(catalogue)
    }

    fn look_into(&mut self, place: Place, folder: &Path) -> Result<(), PluginError> {
        let failed = |source| PluginError::Read {
            path: folder.to_owned(),
            source,
        };
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && place != Place::Named => return Ok(()),
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
            match Manifest::read(&text, &name, &file.display().to_string()) {
                // The sources of Kosmos itself have those too; what counts is what was built in.
                Ok(manifest) if manifest.kind == Kind::Builtin => {}
                Ok(manifest) => self.add(Found {
                    manifest,
                    place,
                    path: inner.display().to_string(),
                    folder: Folder::Disk(inner),
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

    fn add(&mut self, found: Found) {
        if !self.broken.contains_key(&found.manifest.name) {
            self.agents.entry(found.manifest.name.clone()).or_insert(found);
        }
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Found> {
        self.agents.values()
    }

    /// Folders that cannot be used, each with the reason.
    pub fn broken(&self) -> impl Iterator<Item = (&str, &str)> {
        self.broken
            .iter()
            .map(|(name, reason)| (name.as_str(), reason.as_str()))
    }

    /// The agent of that name.
    ///
    /// # Errors
    /// [`PluginError::Unknown`] where there is none, [`PluginError::Manifest`] where its folder cannot be used.
    pub fn get(&self, name: &str) -> Result<&Found, PluginError> {
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

    /// Whether a name can be an agent's and is free.
    pub fn is_free(&self, name: &str) -> bool {
        is_name(name) && name != agent::SUPERVISOR && !self.agents.contains_key(name)
    }
}
