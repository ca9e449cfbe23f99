//! Why there is no image, and what to do about it.

use std::{io, path::PathBuf};

use crate::{
    Language,
    interpreter::{InterpreterError, lock::UnknownCondition},
};

/// Why no image was found or built.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The image has not been built on this engine.
    #[error("the sandbox's image {tag} is not on this engine")]
    Missing {
        /// The image's name.
        tag: String,
        /// The language it is for.
        language: Language,
    },
    /// The image was not built by Kosmos for this language.
    #[error("the image {tag} was not built by Kosmos for scripts in {language}")]
    Foreign {
        /// The image's name.
        tag: String,
        /// The language it should be for.
        language: Language,
    },
    /// The engine refused a request or went away.
    #[error("the container engine could not {action}")]
    Engine {
        /// The request.
        action: &'static str,
        /// The client's error.
        #[source]
        source: Box<bollard::errors::Error>,
    },
    /// The engine did not answer.
    #[error("the container engine did not {action} within {seconds} s")]
    Silent {
        /// The request.
        action: &'static str,
        /// How long Kosmos waited.
        seconds: u64,
    },
    /// A step of the Dockerfile failed.
    #[error("the build failed at {step}: {said}\n{output}")]
    Step {
        /// The step, such as `step 4 of 16: RUN ...`.
        step: String,
        /// The engine's reason.
        said: String,
        /// The last lines that the step wrote.
        output: String,
    },
    /// The base could not be pulled.
    #[error("cannot pull the base image {image}: {said}")]
    Pull {
        /// The base.
        image: String,
        /// The engine's reason.
        said: String,
    },
    /// No program that makes a base of Debian's packages is installed.
    #[error("cannot make a base of Debian's packages: neither mmdebstrap nor debootstrap is installed")]
    NoBootstrap,
    /// The program that makes a base failed.
    #[error("{program} could not make a base of Debian's packages\n{output}")]
    Bootstrap {
        /// The program.
        program: &'static str,
        /// Its last lines.
        output: String,
    },
    /// The base does not have a Python for which the lock has builds.
    #[error("cannot use the base image {image}: {fault}")]
    Base {
        /// The base.
        image: String,
        /// The missing parts.
        fault: BaseFault,
    },
    /// The packages could not be fetched.
    #[error(transparent)]
    Packages(#[from] InterpreterError),
    /// The lock has a condition that cannot be evaluated.
    #[error(transparent)]
    Lock(#[from] UnknownCondition),
    /// The package index has no wheel of a package besides the lock's, or of a dependency of one.
    #[error(
        "`sandbox.packages` needs {package}, and the package index has no wheel of it for Python {python} on {machine}"
    )]
    NoWheel {
        /// The package, as pip names it.
        package: String,
        /// The version of the image's Python.
        python: String,
        /// Its machine.
        machine: String,
    },
    /// Packages besides the lock's conflict with it, or with one another.
    #[error("`sandbox.packages` conflicts with the packages of the image, which are fixed: {0}")]
    Conflict(String),
    /// A program of the host could not be started or waited for.
    #[error("cannot run {program}")]
    Run {
        /// The program.
        program: String,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// A file or folder of the cache could not be used.
    #[error("cannot {action} {}", path.display())]
    Cache {
        /// The failed operation.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// A task of the build ended before its result was there.
    #[error("lost a task of the build: {0}")]
    Lost(String),
}

/// Why an image is no base.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaseFault {
    /// Its Python did not describe itself.
    #[error("its python3 does not describe itself: {0}")]
    NoAnswer(String),
    /// Its Python is another implementation, or a build without the global lock.
    #[error("its Python is not the usual CPython")]
    NotCPython,
    /// Its Python is too old or too new.
    #[error("its Python is {major}.{minor}; 3.11 to 3.14 are supported")]
    Version {
        /// Such as 3.
        major: u32,
        /// Such as 12.
        minor: u32,
    },
    /// It uses another C library.
    #[error("its C library is not glibc, for which the packages are built")]
    NotGlibc,
    /// A program could not be started in it.
    #[error("cannot run {program} in it: {cause}")]
    Program {
        /// The program.
        program: String,
        /// The engine's message.
        cause: String,
    },
}

impl ImageError {
    /// Says what to do about it, where something specific is known.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::Missing { language, .. } => format!("build it with `{}`", build_command(*language)),
            Self::Foreign { tag, language } => format!(
                "build one from it with `{} --base {tag}`, or remove the setting that names it",
                build_command(*language)
            ),
            Self::Silent { .. } => "look at the engine's log, or restart the engine".to_owned(),
            Self::Pull { .. } => "check the network, or build on Debian's packages with `--base debian`".to_owned(),
            Self::NoBootstrap => {
                "install one (`apt-get install mmdebstrap`), or name a base with `--base IMAGE`".to_owned()
            }
            Self::Bootstrap { .. } => "check that Debian's mirror can be reached".to_owned(),
            Self::Base { .. } => "name another base with `--base`".to_owned(),
            Self::Packages(error) => return error.help(),
            Self::NoWheel { .. } => "check its name and version, and that the index can be reached (PIP_INDEX_URL, \
                                     PIP_PROXY); packages that must be compiled are not supported"
                .to_owned(),
            Self::Conflict(_) => "list other versions".to_owned(),
            Self::Engine { .. }
            | Self::Step { .. }
            | Self::Lock(_)
            | Self::Run { .. }
            | Self::Cache { .. }
            | Self::Lost(_) => return None,
        })
    }

    /// For `map_err`: the engine's refusal of `action`.
    pub(super) fn by_engine(action: &'static str) -> impl FnOnce(bollard::errors::Error) -> Self {
        move |source| Self::Engine {
            action,
            source: Box::new(source),
        }
    }

    /// For `map_err`: the failure of `action` on `path`.
    pub(super) fn in_cache(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Cache { action, path, source }
    }

    /// Returns true if the engine answered that the thing does not exist.
    pub(super) fn is_not_found(&self) -> bool {
        use bollard::errors::Error::DockerResponseServerError as Refused;
        matches!(self, Self::Engine { source, .. } if matches!(**source, Refused { status_code: 404, .. }))
    }
}

/// Returns the command that builds the image.
fn build_command(language: Language) -> &'static str {
    match language {
        Language::Python => "kosmos sandbox build",
        Language::R => "kosmos sandbox build --language r",
    }
}
