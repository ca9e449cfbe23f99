//! Why the sandbox could not do its work.

use std::{io, path::PathBuf};

use super::docker::image::ImageError;

/// A fault of the sandbox, never of the script.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The machine cannot give the protections without which no generated code is run.
    #[error("the sandbox is not available: {}; {remedy}", missing.join("; "))]
    Unavailable {
        /// What is missing, each with its cause.
        missing: Vec<String>,
        /// What to do about it.
        remedy: String,
    },
    /// The caller cancelled the job; its processes have ended.
    #[error("the job was cancelled")]
    Cancelled,
    /// The job contradicts itself.
    #[error("job `{key}` cannot be run: {reason}")]
    InvalidJob {
        /// The job's key.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The program contradicts itself, or is not where it should be.
    #[error("the program `{}` of `{key}` cannot be started: {reason}", program.display())]
    InvalidProgram {
        /// Whose program it is.
        key: String,
        /// The program, as it was asked for.
        program: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A step of setting up the sandbox failed, so the script was not started.
    #[error("the sandbox could not be set up: {step}: {cause}")]
    Setup {
        /// The step, such as `mount /proc`.
        step: String,
        /// What the system said.
        cause: String,
    },
    /// The launcher ended without saying how the script had ended.
    #[error("the sandbox's launcher was lost: {0}")]
    Lost(String),
    /// There is no image to run in, or it could not be made.
    #[error(transparent)]
    Image(Box<ImageError>),
    /// The container engine refused.
    #[error("the container engine could not {action} (status {status}): {cause}")]
    Engine {
        /// What it was asked to do.
        action: &'static str,
        /// The status code of its answer.
        status: u16,
        /// What it said.
        cause: String,
    },
    /// The container engine has gone, or the container has.
    #[error("lost the container engine when asking it to {action}: {cause}")]
    EngineLost {
        /// What it was asked to do.
        action: &'static str,
        /// What the system said.
        cause: String,
    },
    /// A file or folder of the host could not be used.
    #[error("cannot {action} {}", path.display())]
    Host {
        /// What was to be done with it.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

impl From<ImageError> for SandboxError {
    fn from(error: ImageError) -> Self {
        Self::Image(Box::new(error))
    }
}

impl SandboxError {
    /// For `map_err`: the failure of `action` on `path`.
    pub(super) fn host(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Host { action, path, source }
    }
}
