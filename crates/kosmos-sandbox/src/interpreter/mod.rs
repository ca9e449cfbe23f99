//! The Python that generated scripts run on: Kosmos's own virtual environment, with exactly the
//! packages of `python/requirements.lock`.
//!
//! [`Interpreter::find_or_build`] builds it at the first start and finds it at every later one. It is in the
//! user's cache under a name derived from the lock and the Python it is built on, so that a change of
//! either leads to a new one; removing it is always safe.
//!
//! | file | noun |
//! |---|---|
//! | `host` | a Python that is installed on this machine |
//! | `cache` | the folder of environments, and the lock that keeps two processes from building one at once |
//! | `build` | building an environment |
//! | `manifest` | the record of its files, by which it is checked before it is used |
//! | `lock` | which packages it has, at which versions |
//! | `pip` | pip's messages, turned into [`EnvironmentProgress`] and [`InterpreterError`] |

pub(crate) mod build;
pub(crate) mod cache;
mod error;
pub(crate) mod host;
pub mod lock;
mod manifest;
pub(crate) mod pip;
mod progress;

use std::{
    fs,
    path::{Path, PathBuf},
};

pub use error::InterpreterError;
pub use manifest::TamperFault;
pub use progress::EnvironmentProgress;

use self::lock::LOCK;
use kosmos_core::hash::sha256_hex;
use serde::{Deserialize, Serialize};

/// Settings of the environment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The Python to build on; by default the first supported one of `python3`, `python3.14`, ... in `PATH`.
    pub python: Option<PathBuf>,
    /// The folder for environments; by default `$XDG_CACHE_HOME/kosmos` or `~/.cache/kosmos`.
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
    /// Other files and folders on the chain of links from `python` to the real interpreter.
    links: Vec<PathBuf>,
}

impl Interpreter {
    /// Finds the environment, or builds it, which downloads some 150 MB and takes a minute or two.
    ///
    /// Several processes may call this at once. Leftovers of interrupted ones are removed. pip
    /// reads its configuration and environment variables as always, so proxies, certificates and
    /// the user's own package index are set up the usual way.
    ///
    /// # Errors
    /// [`InterpreterError`], whose `help()` says what to do about it.
    pub fn find_or_build(options: &Options, progress: &dyn Fn(EnvironmentProgress)) -> Result<Self, InterpreterError> {
        let host = host::HostPython::find(options.python.as_deref())?;
        progress(EnvironmentProgress::Found {
            python: host.executable.clone(),
            version: host.version.clone(),
        });
        let lock_sha256 = sha256_hex(LOCK);
        let cache = cache::EnvironmentCache::open(options.cache.as_deref())?;
        let place = cache.place(&environment_name(&lock_sha256, &host));
        if let Some(ready) = find_existing(&place, &host, &lock_sha256)? {
            progress(EnvironmentProgress::Ready {
                path: ready.prefix.clone(),
            });
            return Ok(ready);
        }
        progress(EnvironmentProgress::Waiting {
            path: place.folder.clone(),
        });
        let _held = place.lock()?;
        // Another process may have built it while this one waited for the lock.
        if find_existing(&place, &host, &lock_sha256)?.is_none() {
            build::build_environment(&host, &place, LOCK, progress)?;
        }
        let ready = find_existing(&place, &host, &lock_sha256)?.ok_or_else(|| InterpreterError::Broken {
            path: place.folder.clone(),
        })?;
        progress(EnvironmentProgress::Ready {
            path: ready.prefix.clone(),
        });
        Ok(ready)
    }

    /// Returns the paths besides `/usr` and `/lib*` that scripts must be able to read for the interpreter to run.
    #[must_use]
    pub fn readonly_paths(&self) -> Vec<PathBuf> {
        let mut paths = vec![self.prefix.clone()];
        // The sandbox shows what it needs of these; a prefix elsewhere in `/usr` is another installation.
        let whole = ["/", "/usr", "/usr/local"].map(Path::new);
        let within = ["/usr/bin", "/usr/lib", "/usr/lib64", "/usr/local/bin", "/usr/local/lib"];
        let system = |path: &Path| whole.contains(&path) || within.iter().any(|folder| path.starts_with(folder));
        if !system(&self.base_prefix) {
            paths.push(self.base_prefix.clone());
        }
        // Packages of Nix refer to each other throughout the store.
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

    /// Returns the files of matplotlib's cache, which each script would otherwise make again.
    #[must_use]
    pub fn font_caches(&self) -> Vec<PathBuf> {
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

/// Increased when something besides the packages changes in an environment.
const RECIPE: &str = "2";

/// Returns a name that is different for environments that differ in any way.
fn environment_name(lock_sha256: &str, host: &host::HostPython) -> String {
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

/// Returns the environment at `place`, if it is complete and still runs. Nothing of it is started before its files are
/// checked.
fn find_existing(
    place: &cache::CachePlace,
    host: &host::HostPython,
    lock_sha256: &str,
) -> Result<Option<Interpreter>, InterpreterError> {
    if !place.is_complete() {
        return Ok(None);
    }
    manifest::check_files(place)?;
    let Ok(prefix) = place.folder.canonicalize() else {
        return Ok(None);
    };
    let python = prefix.join("bin/python");
    let Ok(found) = host::HostPython::query(&python) else {
        return Ok(None);
    };
    Ok((found.version == host.version).then(|| Interpreter {
        links: host::links_of(&python),
        python,
        prefix,
        base_prefix: found.base_prefix,
        version: found.version,
        lock_sha256: lock_sha256.to_owned(),
    }))
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

    /// A folder of the right name in the cache, with a program that tells if it is started.
    #[cfg(unix)]
    #[test]
    fn nothing_of_a_foreign_environment_is_started() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let place = cache::EnvironmentCache::open(Some(home.path()))
            .unwrap()
            .place("python-x");
        let (python, told) = (place.folder.join("bin/python"), home.path().join("started"));
        fs::create_dir_all(place.folder.join("bin")).unwrap();
        fs::write(place.folder.join(cache::MARKER), "").unwrap();
        fs::write(&python, format!("#!/bin/sh\ntouch '{}'\n", told.display())).unwrap();
        fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
        let host = host::HostPython::find(None).unwrap();
        let error = find_existing(&place, &host, "").unwrap_err();
        assert!(matches!(error, InterpreterError::Tampered { .. }), "{error}");
        assert!(!told.exists());
    }
}
