//! Why there is no environment, and what to do about it.

use std::{io, path::PathBuf};

/// A reason why scripts cannot be run yet.
#[derive(Debug, thiserror::Error)]
pub enum InterpreterError {
    /// There is no Python that will do.
    #[error(
        "no Python from 3.11 to 3.14 was found{}; install one (`apt install python3 python3-venv`), or \
         name one by the setting `sandbox.python`",
        tried(.0)
    )]
    NoPython(Vec<String>),
    /// The Python that was named will not do.
    #[error("{} cannot be used: {reason}", python.display())]
    UnusablePython {
        /// It.
        python: PathBuf,
        /// Why not.
        reason: String,
    },
    /// Python's own means to make an environment are not installed.
    #[error(
        "{} has no `{module}` module; install it (`apt install python3-venv`), or name another Python by \
         the setting `sandbox.python`",
        python.display()
    )]
    NoVenv {
        /// The Python.
        python: PathBuf,
        /// What it lacks.
        module: String,
    },
    /// There is nowhere to put the environment.
    #[error(
        "cannot write to the cache {}; set XDG_CACHE_HOME to a folder \
         that can be written to",
        path.display()
    )]
    CacheNotWritable {
        /// The folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Neither a home folder nor a cache folder is known.
    #[error("there is no home folder for a cache; set XDG_CACHE_HOME")]
    NoCache,
    /// The disk is full.
    #[error("no space is left for the Python environment, which takes about 700 MB, in {}", .0.display())]
    DiskFull(PathBuf),
    /// No package index could be reached.
    #[error(
        "the packages could not be fetched, for the package index cannot be reached; check the network, \
         or set PIP_INDEX_URL, PIP_PROXY or PIP_FIND_LINKS for pip\npip said: {0}"
    )]
    NoNetwork(String),
    /// A package is not what the lock says it is.
    #[error(
        "a package does not have the hash it must have, so nothing was installed; clear pip's cache \
         (`pip cache purge`) or check the package index\npip said: {0}"
    )]
    HashMismatch(String),
    /// The index has no build of a package for this Python and machine.
    #[error(
        "the package index offers no build of {package} for this machine and Python; check that it can be \
         reached (PIP_INDEX_URL, PIP_PROXY), or name another Python (3.11 to 3.14) by the setting \
         `sandbox.python`"
    )]
    NoBuild {
        /// The package.
        package: String,
    },
    /// pip failed in another way.
    #[error("the packages could not be installed\npip said: {0}")]
    Pip(String),
    /// A program could not be started or waited for.
    #[error("cannot run {}", program.display())]
    Run {
        /// The program.
        program: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The environment was made and does not work.
    #[error(
        "the Python environment in {} does not work; remove that folder and start again",
        path.display()
    )]
    Broken {
        /// Its folder.
        path: PathBuf,
    },
}

fn tried(found: &[String]) -> String {
    if found.is_empty() {
        String::new()
    } else {
        format!(" ({})", found.join(", "))
    }
}
