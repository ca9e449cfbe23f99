//! The progress of building an environment.

use std::{fmt, path::PathBuf};

/// One step of building an environment, for a person to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvironmentProgress {
    /// The Python to build on was found.
    Found {
        /// Its path.
        python: PathBuf,
        /// Its version.
        version: String,
    },
    /// Another process may be building the environment; this one waits for it.
    Waiting {
        /// The environment's folder.
        path: PathBuf,
    },
    /// An empty environment is being created.
    Creating {
        /// Its folder.
        path: PathBuf,
    },
    /// A package is being fetched.
    Fetching {
        /// Its name and version.
        package: String,
        /// The number of packages before it.
        done: usize,
        /// The number of all packages at most.
        total: usize,
    },
    /// The packages are being unpacked.
    Installing,
    /// The packages are being compiled once for all scripts.
    Compiling,
    /// The environment can be used.
    Ready {
        /// Its folder.
        path: PathBuf,
    },
}

impl fmt::Display for EnvironmentProgress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Found { python, version } => {
                write!(out, "found Python {version} at {}", python.display())
            }
            Self::Waiting { path } => write!(out, "preparing {}", path.display()),
            Self::Creating { path } => {
                write!(out, "making a Python environment in {}", path.display())
            }
            Self::Fetching { package, done, total } => write!(out, "fetching {package} ({} of {total})", done + 1),
            Self::Installing => write!(out, "installing packages"),
            Self::Compiling => write!(out, "compiling packages"),
            Self::Ready { path } => {
                write!(out, "the Python environment is ready in {}", path.display())
            }
        }
    }
}
