//! One script to run, with its inputs and limits.

use std::{
    fmt,
    path::{Component, Path, PathBuf},
    str::FromStr,
};

use serde::{Deserialize, Serialize};

use super::{ResourceLimits, SandboxError};

/// One script to run in a workspace.
///
/// Inside, the workspace is `/run/experiments/<experiment>`, the current folder, and the only place
/// besides `/tmp` that can be written. Inputs lie elsewhere under `/run`, so that a relative path such
/// as `../<other>/table.parquet` means the same inside and in the run's folder on the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Its idempotency key, which also names the job's cgroup.
    pub key: String,
    /// The experiment's id, one path component.
    pub experiment: String,
    /// The host's folder that becomes the workspace.
    pub workspace: PathBuf,
    /// Files and folders that the script may read.
    #[serde(default)]
    pub inputs: Vec<JobInput>,
    /// The script: a file's name in the workspace.
    pub script: String,
    /// Its language.
    #[serde(default)]
    pub language: Language,
    /// How much it may use.
    #[serde(default)]
    pub limits: ResourceLimits,
}

/// A language that scripts are written in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// Python, on the interpreter of [`interpreter`](crate::interpreter).
    #[default]
    Python,
    /// R, as the machine or the image has it.
    R,
}

impl fmt::Display for Language {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Python => "python",
            Self::R => "r",
        })
    }
}

/// A text that names no language of the sandbox.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a language of the sandbox: they are python and r")]
pub struct UnknownLanguage(String);

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "python" => Ok(Self::Python),
            "r" | "R" => Ok(Self::R),
            _ => Err(UnknownLanguage(text.to_owned())),
        }
    }
}

/// A file or folder of the host that the script may read but not change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobInput {
    /// Where it is on the host.
    pub host: PathBuf,
    /// Where it appears, relative to `/run`, such as `data/penguins.csv`.
    pub inside: PathBuf,
}

impl Job {
    /// Checks everything about the job that can be checked without reading a disk.
    ///
    /// # Errors
    /// [`SandboxError::InvalidJob`] with the reason.
    pub fn validate(&self) -> Result<(), SandboxError> {
        let invalid = |reason: String| SandboxError::InvalidJob {
            key: self.key.clone(),
            reason,
        };
        if !is_name(&self.experiment) {
            return Err(invalid(format!(
                "the experiment's id `{}` is not one path component",
                self.experiment
            )));
        }
        if !is_name(&self.script) || self.script.starts_with('-') {
            return Err(invalid(format!(
                "the script `{}` is not the name of a file",
                self.script
            )));
        }
        let workspace = self.workspace_inside();
        for (n, input) in self.inputs.iter().enumerate() {
            if !is_plain(&input.inside) {
                return Err(invalid(format!(
                    "the input path `{}` is not relative to the run or contains dots",
                    input.inside.display()
                )));
            }
            if overlap(&input.inside, &workspace) {
                return Err(invalid(format!(
                    "the input `{}` overlaps the workspace",
                    input.inside.display()
                )));
            }
            let earlier = self.inputs.iter().take(n);
            if let Some(other) = earlier
                .map(|other| &other.inside)
                .find(|other| overlap(other, &input.inside))
            {
                return Err(invalid(format!(
                    "the inputs `{}` and `{}` overlap",
                    other.display(),
                    input.inside.display()
                )));
            }
        }
        Ok(())
    }

    /// Returns the workspace's path inside, relative to `/run`.
    pub(super) fn workspace_inside(&self) -> PathBuf {
        Path::new("experiments").join(&self.experiment)
    }
}

fn is_name(text: &str) -> bool {
    let mut components = Path::new(text).components();
    matches!(components.next(), Some(Component::Normal(name)) if name == text)
        && components.next().is_none()
        && !text.contains('\0')
}

/// Returns true if `path` is relative, not empty, and contains no dots.
pub(super) fn is_plain(path: &Path) -> bool {
    !path.as_os_str().is_empty()
        && path
            .components()
            .all(|component| matches!(component, Component::Normal(_)))
}

/// Returns true if one path is within the other.
pub(super) fn overlap(a: &Path, b: &Path) -> bool {
    a.starts_with(b) || b.starts_with(a)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(experiment: &str, script: &str, inputs: &[&str]) -> Job {
        Job {
            key: "k".into(),
            experiment: experiment.into(),
            workspace: "/w".into(),
            inputs: inputs
                .iter()
                .map(|inside| JobInput {
                    host: "/h".into(),
                    inside: inside.into(),
                })
                .collect(),
            script: script.into(),
            language: Language::Python,
            limits: ResourceLimits::default(),
        }
    }

    #[test]
    fn only_plain_jobs_pass() {
        job("e1", "s.py", &["data/a.csv", "experiments/e0/t"])
            .validate()
            .unwrap();
        for wrong in [
            job("", "s.py", &[]),
            job("..", "s.py", &[]),
            job("a/b", "s.py", &[]),
            job("e1", "", &[]),
            job("e1", "../s.py", &[]),
            job("e1", "/s.py", &[]),
            job("e1", "-c", &[]),
            job("e1", "s.py", &["/etc/passwd"]),
            job("e1", "s.py", &["../x"]),
            job("e1", "s.py", &[""]),
            job("e1", "s.py", &["experiments"]),
            job("e1", "s.py", &["experiments/e1/x"]),
            job("e1", "s.py", &["data", "data/x"]),
        ] {
            assert!(wrong.validate().is_err(), "{wrong:?}");
        }
    }
}
