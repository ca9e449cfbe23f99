use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use super::Environment;

/// The origin of a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Origin {
    /// `config/default.toml`, part of the binary.
    Default,
    /// A profile that is part of the binary.
    BuiltInProfile {
        /// Its name.
        name: String,
        /// The line of the key, from 1.
        line: Option<usize>,
    },
    /// A profile in a file of the user.
    Profile {
        /// The file.
        file: PathBuf,
        /// The line of the key, from 1.
        line: Option<usize>,
    },
    /// The run file.
    RunFile {
        /// The file.
        file: PathBuf,
        /// The line of the key, from 1.
        line: Option<usize>,
    },
    /// An environment variable.
    Environment {
        /// Its name.
        variable: String,
    },
    /// A flag on the command line.
    Flag {
        /// The flag, with its dashes.
        flag: String,
    },
}

impl Origin {
    /// The same origin at line `at`, if it is a file.
    pub(super) fn at_line(&self, at: Option<usize>) -> Self {
        let mut origin = self.clone();
        if let Self::BuiltInProfile { line, .. } | Self::Profile { line, .. } | Self::RunFile { line, .. } = &mut origin
        {
            *line = at;
        }
        origin
    }

    /// The file, if it is one on disk.
    pub fn file(&self) -> Option<&PathBuf> {
        match self {
            Self::Profile { file, .. } | Self::RunFile { file, .. } => Some(file),
            _ => None,
        }
    }

    /// Whether the user of `environment` set the value: by a flag, a variable, or a profile in the user's own folder
    /// for Kosmos. A run file, or a profile elsewhere, may be another's.
    pub fn is_users_own(&self, environment: &Environment) -> bool {
        match self {
            Self::Flag { .. } | Self::Environment { .. } => true,
            Self::Profile { file, .. } => environment
                .config_folder()
                .is_some_and(|folder| file.parent() == Some(&folder.join("profiles"))),
            Self::Default | Self::BuiltInProfile { .. } | Self::RunFile { .. } => false,
        }
    }

    /// The line in the file, from 1, if it is a file.
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::BuiltInProfile { line, .. } | Self::Profile { line, .. } | Self::RunFile { line, .. } => *line,
            _ => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let with_line = |f: &mut fmt::Formatter<'_>, line: &Option<usize>| match line {
            Some(line) => write!(f, ", line {line}"),
            None => Ok(()),
        };
        match self {
            Self::Default => f.write_str("default"),
            Self::BuiltInProfile { name, line } => {
                write!(f, "built-in profile {name:?}")?;
                with_line(f, line)
            }
            Self::Profile { file, line } => {
                write!(f, "profile {}", file.display())?;
                with_line(f, line)
            }
            Self::RunFile { file, line } => {
                write!(f, "run file {}", file.display())?;
                with_line(f, line)
            }
            Self::Environment { variable } => write!(f, "environment variable {variable}"),
            Self::Flag { flag } => write!(f, "flag {flag}"),
        }
    }
}
