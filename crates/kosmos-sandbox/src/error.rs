//! Why the sandbox could not do its work.

use std::{io, path::PathBuf};

use super::{RECOMMENDED_OPEN_FILES, TooFewOpenFiles, docker::image::ImageError, program::ProgramFault};

/// A fault of the sandbox, never of the script.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The machine cannot give the protections without which no generated code is run.
    #[error("the sandbox is not available: {}", missing.join("; "))]
    Unavailable {
        /// The missing protections, each with its cause.
        missing: Vec<String>,
        /// How to get them.
        remedy: String,
    },
    /// The caller cancelled the job; its processes have ended.
    #[error("the job was cancelled")]
    Cancelled,
    /// The job contradicts itself.
    #[error("cannot run the job `{key}`: {reason}")]
    InvalidJob {
        /// The job's key.
        key: String,
        /// The contradiction.
        reason: String,
    },
    /// The program contradicts itself, or is not where it should be.
    #[error("cannot start the program `{}` of `{key}`: {fault}", program.display())]
    InvalidProgram {
        /// Whose program it is.
        key: String,
        /// The program, as it was asked for.
        program: PathBuf,
        /// The reason.
        fault: ProgramFault,
    },
    /// A step of setting up the sandbox failed, so the script was not started.
    #[error("cannot set up the sandbox: {step}: {cause}")]
    Setup {
        /// The step, such as `mount /proc`.
        step: String,
        /// The system's message.
        cause: String,
    },
    /// The launcher ended without saying how the script had ended.
    #[error("lost the sandbox's launcher: {0}")]
    Lost(String),
    /// There is no image to run in, or it could not be made.
    #[error(transparent)]
    Image(Box<ImageError>),
    /// The container engine refused a request.
    #[error("the container engine could not {action} (status {status}): {cause}")]
    Engine {
        /// The request.
        action: &'static str,
        /// The status code of its answer.
        status: u16,
        /// Its message.
        cause: String,
    },
    /// The container engine or the container stopped answering.
    #[error("lost the container engine when asking it to {action}: {cause}")]
    EngineLost {
        /// The request.
        action: &'static str,
        /// The system's message.
        cause: String,
    },
    /// A file or folder of the host could not be used.
    #[error("cannot {action} {}", path.display())]
    Host {
        /// The failed operation.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
}

impl From<ImageError> for SandboxError {
    fn from(error: ImageError) -> Self {
        Self::Image(Box::new(error))
    }
}

impl From<TooFewOpenFiles> for SandboxError {
    fn from(fault: TooFewOpenFiles) -> Self {
        Self::Unavailable {
            missing: vec![fault.to_string()],
            remedy: format!(
                "raise the limit before you start Kosmos, for example with `ulimit -n {RECOMMENDED_OPEN_FILES}`"
            ),
        }
    }
}

impl SandboxError {
    /// Says what to do about it, where something specific is known.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Unavailable { remedy, .. } => Some(remedy.clone()),
            Self::InvalidProgram { fault, .. } => fault.help().map(str::to_owned),
            Self::Image(error) => error.help(),
            Self::Host { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                Some("free some space on that disk".to_owned())
            }
            _ => None,
        }
    }

    /// For `map_err`: the failure of `action` on `path`.
    pub(super) fn on_host(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Host { action, path, source }
    }
}
