//! How far the making of an environment has come.

use std::{fmt, path::PathBuf};

/// A step on the way, for a person to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// The Python to build on was found.
    Found {
        /// It.
        python: PathBuf,
        /// Its version.
        version: String,
    },
    /// Another process may be making the environment; we wait for it.
    Waiting {
        /// The environment's folder.
        path: PathBuf,
    },
    /// An empty environment is being made.
    Creating {
        /// Its folder.
        path: PathBuf,
    },
    /// A package is being fetched.
    Fetching {
        /// Its name and version.
        package: String,
        /// How many came before it.
        done: usize,
        /// How many there are at most.
        total: usize,
    },
    /// The packages are being unpacked.
    Installing,
    /// The packages are being compiled, so that each script need not.
    Compiling,
    /// The environment can be used.
    Ready {
        /// Its folder.
        path: PathBuf,
    },
}

impl fmt::Display for Progress {
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
