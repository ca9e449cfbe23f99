//! Why there is no Python environment, and what to do about it.

use std::{io, path::PathBuf};

use super::manifest::TamperFault;

/// Why scripts cannot be run yet.
#[derive(Debug, thiserror::Error)]
pub enum InterpreterError {
    /// There is no Python of a supported version.
    #[error("found no Python from 3.11 to 3.14{}", in_parentheses(.0))]
    NoPython(Vec<String>),
    /// The named Python is not usable.
    #[error("cannot use {}: {reason}", python.display())]
    UnusablePython {
        /// The named Python.
        python: PathBuf,
        /// The reason.
        reason: String,
    },
    /// The modules with which Python makes an environment are not installed.
    #[error("{} has no `{module}` module", python.display())]
    NoVenv {
        /// The Python.
        python: PathBuf,
        /// The missing module.
        module: String,
    },
    /// The environment's folder cannot be written.
    #[error("cannot write to the cache {}", path.display())]
    CacheNotWritable {
        /// The folder.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// Neither a home folder nor a cache folder is known.
    #[error("there is no home folder for a cache")]
    NoCache,
    /// The disk is full.
    #[error("no space is left for the Python environment in {}", .0.display())]
    DiskFull(PathBuf),
    /// No package index could be reached.
    #[error("cannot fetch the packages: the package index cannot be reached\npip said: {0}")]
    NoNetwork(String),
    /// A package is not the one that the lock names.
    #[error("a package does not have the hash that the lock demands, so nothing was installed\npip said: {0}")]
    HashMismatch(String),
    /// The index has no build of a package for this Python and machine.
    #[error("the package index offers no build of {package} for this machine and Python")]
    NoBuild {
        /// The package.
        package: String,
    },
    /// pip failed in another way.
    #[error("cannot install the packages\npip said: {0}")]
    Pip(String),
    /// A program could not be started or waited for.
    #[error("cannot run {}", program.display())]
    Run {
        /// The program.
        program: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// The environment in the cache is not the one that was made there, or others can change it.
    #[error("the Python environment in {} cannot be trusted: {fault}", path.display())]
    Tampered {
        /// Its folder, or that of all environments.
        path: PathBuf,
        /// The fault.
        fault: TamperFault,
    },
    /// The environment was made and does not work.
    #[error("the Python environment in {} does not work", path.display())]
    Broken {
        /// Its folder.
        path: PathBuf,
    },
}

impl InterpreterError {
    /// Says what to do about it, where something specific is known.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::NoPython(_) => "install one (`apt install python3 python3-venv`), or name one by the setting \
                                  `sandbox.python`"
                .to_owned(),
            Self::UnusablePython { .. } => {
                "name another Python (3.11 to 3.14) by the setting `sandbox.python`".to_owned()
            }
            Self::NoVenv { .. } => "install it (`apt install python3-venv`), or name another Python by the setting \
                                    `sandbox.python`"
                .to_owned(),
            Self::CacheNotWritable { .. } => "set XDG_CACHE_HOME to a writable folder".to_owned(),
            Self::NoCache => "set XDG_CACHE_HOME".to_owned(),
            Self::DiskFull(_) => {
                "free about 700 MB there, or set XDG_CACHE_HOME to a folder on another disk".to_owned()
            }
            Self::NoNetwork(_) => {
                "check the network, or set PIP_INDEX_URL, PIP_PROXY or PIP_FIND_LINKS for pip".to_owned()
            }
            Self::HashMismatch(_) => "clear pip's cache (`pip cache purge`), or check the package index".to_owned(),
            Self::NoBuild { .. } => "check that the index can be reached (PIP_INDEX_URL, PIP_PROXY), or name another \
                                     Python (3.11 to 3.14) by the setting `sandbox.python`"
                .to_owned(),
            Self::Tampered { path, .. } => format!(
                "find out who changed it, then remove {} and start again, which makes it anew; or set XDG_CACHE_HOME to \
                 a folder that only you can write to",
                path.display()
            ),
            Self::Broken { .. } => "remove that folder and start again".to_owned(),
            Self::Pip(_) | Self::Run { .. } => return None,
        })
    }
}

fn in_parentheses(found: &[String]) -> String {
    if found.is_empty() {
        String::new()
    } else {
        format!(" ({})", found.join(", "))
    }
}
