//! The permissions that the user has granted to agents that are not shipped, each by the hash of the agent's folder.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use kosmos_core::files::{Sync, write_atomically};
use serde::{Deserialize, Serialize};

use super::PluginError;
use crate::config::Environment;

/// The file in the user's configuration folder for Kosmos.
const FILE: &str = "agent-grants.json";

/// Whether an agent's folder has a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantState {
    /// It asks for nothing that needs one, or is shipped.
    NotNeeded,
    /// Granted, with these very files.
    Granted,
    /// An agent of this name was granted, with other files.
    Changed,
    /// Not granted.
    NotGranted,
}

impl GrantState {
    /// The state in words.
    pub fn as_words(self) -> &'static str {
        match self {
            Self::NotNeeded => "not needed",
            Self::Granted => "granted",
            Self::Changed => "changed since it was granted",
            Self::NotGranted => "not granted",
        }
    }
}

/// A grant, as the file keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Grant {
    /// The agent's name.
    name: String,
    /// The granted permissions, in words.
    requests: Vec<String>,
}

/// The user's grants.
#[derive(Debug, Clone, Default)]
pub struct Grants {
    /// The file; none where the user has no configuration folder.
    path: Option<PathBuf>,
    /// By the hash of the agent's folder.
    by_hash: BTreeMap<String, Grant>,
}

impl Grants {
    /// Reads the grants of the user of `environment`; there are none before the first one.
    ///
    /// # Errors
    /// When the file cannot be read, is not one of grants, or can be written by others.
    pub fn load(environment: &Environment) -> Result<Self, PluginError> {
        let Some(folder) = environment.config_folder() else {
            return Ok(Self::default());
        };
        let path = folder.join(FILE);
        let failed = |source| PluginError::Read {
            path: path.clone(),
            source,
        };
        let invalid = |problem: String| PluginError::Grants {
            path: path.clone(),
            problem,
        };
        let by_hash = match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(failed(error)),
            Ok(found) if !found.is_file() => return Err(invalid("it is not a regular file".to_owned())),
            Ok(found) if found.permissions().mode() & 0o022 != 0 => {
                return Err(invalid("others may write to it".to_owned()));
            }
            Ok(_) => {
                let text = fs::read_to_string(&path).map_err(failed)?;
                serde_json::from_str(&text).map_err(|error| invalid(error.to_string()))?
            }
        };
        Ok(Self {
            path: Some(path),
            by_hash,
        })
    }

    /// The file of the grants; none where the user has no configuration folder.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The state of the agent `name` whose folder has this hash.
    pub fn find(&self, name: &str, hash: &str) -> GrantState {
        let of_name = |grant: &Grant| grant.name == name;
        match self.by_hash.get(hash) {
            Some(grant) if of_name(grant) => GrantState::Granted,
            _ if self.by_hash.values().any(of_name) => GrantState::Changed,
            _ => GrantState::NotGranted,
        }
    }

    /// Records a grant to the agent `name` whose folder has this hash, and writes the file. Earlier grants to agents
    /// of that name stay: runs that began with them can be resumed.
    ///
    /// # Errors
    /// When there is no configuration folder, or the file cannot be written.
    pub fn add(&mut self, name: &str, hash: &str, requests: &[String]) -> Result<(), PluginError> {
        let Some(path) = self.path.clone() else {
            return Err(PluginError::Grants {
                path: FILE.into(),
                problem: "there is no folder for it, as neither HOME nor XDG_CONFIG_HOME is set".to_owned(),
            });
        };
        let grant = Grant {
            name: name.to_owned(),
            requests: requests.to_vec(),
        };
        self.by_hash.insert(hash.to_owned(), grant);
        let write = || {
            if let Some(folder) = path.parent() {
                fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            }
            write_atomically(&path, Sync::Content, |file| {
                file.set_permissions(fs::Permissions::from_mode(0o600))?;
                serde_json::to_writer_pretty(&mut *file, &self.by_hash)?;
                file.write_all(b"\n")
            })
        };
        write().map_err(|source: io::Error| PluginError::Write {
            path: path.clone(),
            source,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(folder: &Path) -> Environment {
        Environment::new([("XDG_CONFIG_HOME", folder)], folder)
    }

    #[test]
    fn a_grant_is_kept_for_its_owner_alone() {
        let desk = tempfile::tempdir().unwrap();
        let environment = environment(desk.path());
        let mut grants = Grants::load(&environment).unwrap();
        assert_eq!(grants.find("counter", "aa"), GrantState::NotGranted);
        grants.add("counter", "aa", &["to veto findings".to_owned()]).unwrap();
        let grants = Grants::load(&environment).unwrap();
        assert_eq!(grants.find("counter", "aa"), GrantState::Granted);
        assert_eq!(grants.find("counter", "bb"), GrantState::Changed);
        assert_eq!(grants.find("other", "aa"), GrantState::NotGranted);
        let path = grants.path().unwrap();
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_others_may_write_is_not_believed() {
        let desk = tempfile::tempdir().unwrap();
        let environment = environment(desk.path());
        Grants::load(&environment).unwrap().add("counter", "aa", &[]).unwrap();
        let path = desk.path().join("kosmos").join(FILE);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o620)).unwrap();
        let error = Grants::load(&environment).unwrap_err();
        assert!(error.to_string().contains("others may write to it"), "{error}");
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/dev/null", &path).unwrap();
        assert!(Grants::load(&environment).is_err());
    }
}
