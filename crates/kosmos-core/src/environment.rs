//! The variables and the working folder of a process, as a value.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::{Path, PathBuf},
};

/// The working folder has been removed, or cannot be entered.
#[derive(Debug, thiserror::Error)]
#[error("cannot find out the working folder")]
pub struct WorkingFolderError(#[source] pub io::Error);

/// The variables and the working folder of a process. Passed in, so that tests can use their own.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: Vec<(OsString, OsString)>,
    working_folder: PathBuf,
}

impl Environment {
    /// The environment of this process.
    ///
    /// # Errors
    /// When the working folder has been removed or cannot be entered.
    pub fn of_process() -> Result<Self, WorkingFolderError> {
        let working_folder = std::env::current_dir().map_err(WorkingFolderError)?;
        Ok(Self::new(std::env::vars_os(), working_folder))
    }

    /// An environment with these variables and this working folder (absolute).
    pub fn new<K, V>(variables: impl IntoIterator<Item = (K, V)>, working_folder: impl Into<PathBuf>) -> Self
    where
        K: Into<OsString>,
        V: Into<OsString>,
    {
        let variables = variables
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        Self {
            variables,
            working_folder: working_folder.into(),
        }
    }

    /// The folder of relative paths.
    pub fn working_folder(&self) -> &Path {
        &self.working_folder
    }

    /// The variables, in the order in which they were given.
    pub fn variables(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.variables
            .iter()
            .map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// The value of a variable that is set and not empty.
    pub fn variable(&self, name: &str) -> Option<&OsString> {
        self.variables
            .iter()
            .find(|(n, value)| n == name && !value.is_empty())
            .map(|(_, value)| value)
    }

    /// The user's own folder for Kosmos: `$XDG_CONFIG_HOME/kosmos`, else `$HOME/.config/kosmos`.
    pub fn config_folder(&self) -> Option<PathBuf> {
        let xdg = self.variable("XDG_CONFIG_HOME").map(PathBuf::from);
        let home = || self.variable("HOME").map(|home| Path::new(home).join(".config"));
        xdg.or_else(home).map(|folder| folder.join("kosmos"))
    }
}
