//! The Python that generated scripts run on: a virtual environment of kosmos's own, with exactly the
//! packages of `python/requirements.lock`.
//!
//! [`Interpreter::ensure`] makes it at the first start and finds it at every later one. It lies in the
//! user's cache under a name made from the lock and the Python it is built on, so that a change of
//! either makes a new one; removing it is always safe.
//!
//! | file | noun |
//! |---|---|
//! | `host` | a Python that is installed on this machine |
//! | `cache` | where environments lie, and the lock that keeps two processes from making one at once |
//! | `build` | making an environment |
//! | `lock` | which packages it has, at which versions |
//! | `pip` | what pip says, put into [`Progress`] and [`InterpreterError`] |

pub(crate) mod build;
pub(crate) mod cache;
mod error;
pub(crate) mod host;
pub mod lock;
pub(crate) mod pip;
mod progress;

use std::{
    fs,
    path::{Path, PathBuf},
};

pub use error::InterpreterError;
pub use progress::Progress;

use self::lock::LOCK;
use kosmos_core::hash::sha256_hex;
use serde::{Deserialize, Serialize};

/// What to build the environment from and where.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The Python to build on; otherwise the first good one of `python3`, `python3.14`, ... in `PATH`.
    pub python: Option<PathBuf>,
    /// The folder for environments; otherwise `$XDG_CACHE_HOME/kosmos` or `~/.cache/kosmos`.
    pub cache: Option<PathBuf>,
}

/// An environment that is ready to run scripts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interpreter {
    /// The interpreter to start, an absolute path.
    pub python: PathBuf,
    /// The environment's folder.
    pub prefix: PathBuf,
    /// The folder of the Python that the environment is built on.
    pub base_prefix: PathBuf,
    /// Its version, such as `3.11.7`.
    pub version: String,
    /// SHA-256 of the lock, in hexadecimal.
    pub lock_sha256: String,
    /// Other files and folders that `python` leads through on its way to the real one.
    links: Vec<PathBuf>,
}

impl Interpreter {
    /// Finds the environment, or makes it, which downloads some 150 MB and takes a minute or two.
    ///
    /// Several processes may do this at once. What an interrupted one has left behind is removed. pip
    /// reads its configuration and its environment variables as always, so proxies, certificates and
    /// a package index of one's own are set up the usual way.
    ///
    /// # Errors
    /// [`InterpreterError`], which says what to do about it.
    pub fn ensure(options: &Options, progress: &dyn Fn(Progress)) -> Result<Self, InterpreterError> {
        let host = host::Host::find(options.python.as_deref())?;
        progress(Progress::Found {
            python: host.executable.clone(),
            version: host.version.clone(),
        });
        let lock_sha256 = sha256_hex(LOCK);
        let cache = cache::Cache::open(options.cache.as_deref())?;
        let place = cache.place(&name(&lock_sha256, &host));
        if let Some(ready) = existing(&place, &host, &lock_sha256) {
            progress(Progress::Ready {
                path: ready.prefix.clone(),
            });
            return Ok(ready);
        }
        progress(Progress::Waiting {
            path: place.folder.clone(),
        });
        let _held = place.lock()?;
        // Another process may have made it while we waited for the lock.
        if existing(&place, &host, &lock_sha256).is_none() {
            build::build(&host, &place, LOCK, progress)?;
        }
        let ready = existing(&place, &host, &lock_sha256).ok_or_else(|| InterpreterError::Broken {
            path: place.folder.clone(),
        })?;
        progress(Progress::Ready {
            path: ready.prefix.clone(),
        });
        Ok(ready)
    }

    /// What a sandbox must let scripts read for the interpreter to run, besides `/usr` and `/lib*`.
    #[must_use]
    pub fn readonly_paths(&self) -> Vec<PathBuf> {
        let mut paths = vec![self.prefix.clone()];
        let system = |path: &Path| path.starts_with("/usr") || path == Path::new("/");
        if !system(&self.base_prefix) {
            paths.push(self.base_prefix.clone());
        }
        // Packages of Nix refer to each other all over the store.
        let store = Path::new("/nix/store");
        if self.base_prefix.starts_with(store) {
            paths.push(store.to_owned());
        }
        for link in &self.links {
            if !system(link) && !paths.iter().any(|path| link.starts_with(path)) {
                paths.push(link.clone());
            }
        }
        paths
    }

    /// Files that packages look for in their cache folder and would make anew for each script.
    #[must_use]
    pub fn caches(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.prefix.join(build::FONTS));
        let mut files: Vec<PathBuf> = entries
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.is_file())
            .collect();
        files.sort();
        files
    }
}

/// Changes with what is put into an environment besides the packages.
const RECIPE: &str = "1";

/// A name that changes with everything that makes one environment differ from another.
fn name(lock_sha256: &str, host: &host::Host) -> String {
    let parts = [
        RECIPE,
        lock_sha256,
        &host.version,
        &host.platform,
        &host.executable.to_string_lossy(),
    ];
    let hash = sha256_hex(parts.join("\n"));
    format!("python-{}", hash.get(..16).unwrap_or(&hash))
}

/// The environment at `place`, if it is whole and still runs.
fn existing(place: &cache::Place, host: &host::Host, lock_sha256: &str) -> Option<Interpreter> {
    if !place.is_complete() {
        return None;
    }
    let prefix = place.folder.canonicalize().ok()?;
    let python = prefix.join("bin/python");
    let found = host::Host::ask(&python).ok()?;
    (found.version == host.version).then(|| Interpreter {
        links: host::links(&python),
        python,
        prefix,
        base_prefix: found.base_prefix,
        version: found.version,
        lock_sha256: lock_sha256.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sandbox_gets_what_lies_outside_usr() {
        let interpreter = Interpreter {
            python: "/c/python-1/bin/python".into(),
            prefix: "/c/python-1".into(),
            base_prefix: "/usr".into(),
            version: "3.11.2".into(),
            lock_sha256: String::new(),
            links: vec!["/usr/bin/python3".into(), "/opt/bin/python3".into()],
        };
        let paths = interpreter.readonly_paths();
        assert_eq!(paths, [Path::new("/c/python-1"), Path::new("/opt/bin/python3")]);
    }
}
