//! Finds a Python that is installed on this machine.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde::Deserialize;

use super::InterpreterError;
use crate::environment::helper_environment;

/// The minor versions of Python 3 for which the lock has builds.
const MINOR_VERSIONS: std::ops::RangeInclusive<u32> = 11..=14;

/// Describes the Python that runs it, as one line of JSON.
const QUESTION: &str = "
import sys, os, json, sysconfig, importlib.util as u
print(json.dumps(dict(
    executable=os.path.realpath(getattr(sys, '_base_executable', None) or sys.executable),
    base_prefix=sys.base_prefix,
    version='.'.join(map(str, sys.version_info[:3])),
    minor=sys.version_info[1] if sys.version_info[0] == 3 else 0,
    implementation=sys.implementation.name,
    threaded=bool(sysconfig.get_config_var('Py_GIL_DISABLED')),
    platform=sysconfig.get_platform(),
    lacks=[m for m in ('venv', 'ensurepip') if u.find_spec(m) is None],
)))
";

/// A Python's description of itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct HostPython {
    /// The real interpreter, beneath links and environments.
    pub executable: PathBuf,
    pub base_prefix: PathBuf,
    pub version: String,
    pub platform: String,
    minor: u32,
    implementation: String,
    threaded: bool,
    /// Required modules that it lacks.
    lacks: Vec<String>,
}

impl HostPython {
    /// Returns the named Python, or the first supported one in `PATH`.
    pub fn find(named: Option<&Path>) -> Result<Self, InterpreterError> {
        if let Some(python) = named {
            let host = Self::query(python)?;
            return host.check_supported().map(|()| host);
        }
        let mut tried = Vec::new();
        let mut unfit = None;
        for candidate in candidate_paths() {
            let Ok(host) = Self::query(&candidate) else {
                continue;
            };
            match host.check_supported() {
                Ok(()) => return Ok(host),
                Err(error @ InterpreterError::NoVenv { .. }) => unfit = unfit.or(Some(error)),
                Err(_) => tried.push(format!("{} is {}", candidate.display(), host.version)),
            }
        }
        tried.dedup();
        Err(unfit.unwrap_or(InterpreterError::NoPython(tried)))
    }

    /// Runs `python` and returns its description of itself.
    pub fn query(python: &Path) -> Result<Self, InterpreterError> {
        let unusable = |reason: String| InterpreterError::UnusablePython {
            python: python.to_owned(),
            reason,
        };
        let output = Command::new(python)
            .args(["-I", "-B", "-c", QUESTION])
            .env_clear()
            .envs(helper_environment())
            .stdin(Stdio::null())
            .output()
            .map_err(|error| unusable(error.to_string()))?;
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr);
            let last = stderr.lines().last().unwrap_or("it failed").to_owned();
            return Err(unusable(last));
        }
        serde_json::from_slice(&output.stdout).map_err(|error| unusable(error.to_string()))
    }

    fn check_supported(&self) -> Result<(), InterpreterError> {
        let unusable = |reason: String| {
            Err(InterpreterError::UnusablePython {
                python: self.executable.clone(),
                reason,
            })
        };
        if self.implementation != "cpython" || self.threaded {
            return unusable("it is not the usual CPython".to_owned());
        }
        if !MINOR_VERSIONS.contains(&self.minor) {
            return unusable(format!("it is version {}; 3.11 to 3.14 are supported", self.version));
        }
        match self.lacks.first() {
            Some(module) => Err(InterpreterError::NoVenv {
                python: self.executable.clone(),
                module: module.clone(),
            }),
            None => Ok(()),
        }
    }
}

/// Returns every `python3` in `PATH`, then every one with a version in its name, newest first.
fn candidate_paths() -> impl Iterator<Item = PathBuf> {
    let path = env::var_os("PATH").unwrap_or_else(|| OsString::from("/usr/local/bin:/usr/bin"));
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    let versions = MINOR_VERSIONS.rev().map(|minor| format!("python3.{minor}"));
    std::iter::once("python3".to_owned())
        .chain(versions)
        .flat_map(move |name| {
            let found: Vec<_> = folders.iter().map(|folder| folder.join(&name)).collect();
            found
        })
        .filter(|candidate| candidate.is_file())
}

/// Returns the chain of links from `python` to the real interpreter, which is included; `python` itself is not.
pub fn links_of(python: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut at = python.to_owned();
    // The kernel follows no more than this.
    for _ in 0..40 {
        let Ok(target) = fs::read_link(&at) else {
            break;
        };
        at = match at.parent() {
            Some(parent) => parent.join(target),
            None => target,
        };
        found.push(at.clone());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(version: &str, minor: u32, lacks: &[&str]) -> HostPython {
        HostPython {
            executable: "/p".into(),
            base_prefix: "/".into(),
            version: version.to_owned(),
            platform: String::new(),
            minor,
            implementation: "cpython".to_owned(),
            threaded: false,
            lacks: lacks.iter().map(|&module| module.to_owned()).collect(),
        }
    }

    #[test]
    fn only_supported_versions_will_do() {
        host("3.12.1", 12, &[]).check_supported().unwrap();
        assert!(host("3.10.9", 10, &[]).check_supported().is_err());
        assert!(host("3.15.0", 15, &[]).check_supported().is_err());
        let error = host("3.12.1", 12, &["ensurepip"]).check_supported().unwrap_err();
        assert!(error.help().unwrap().contains("apt install python3-venv"));
    }

    #[test]
    fn what_is_no_python_says_so() {
        let error = HostPython::find(Some(Path::new("/bin/false"))).unwrap_err();
        assert!(matches!(error, InterpreterError::UnusablePython { .. }));
        assert!(HostPython::find(Some(Path::new("/nonexistent"))).is_err());
    }
}
