//! Why there is no image, and what to do about it.

use std::{io, path::PathBuf};

use crate::{Language, interpreter::InterpreterError};

/// A reason why no image was found or built.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The image has not been built on this engine.
    #[error("the sandbox's image {tag} is not on this engine; build it with `{}`", command(*language))]
    Missing {
        /// The image's name.
        tag: String,
        /// The language it is for.
        language: Language,
    },
    /// The image was not built by kosmos for this language.
    #[error(
        "the image {tag} was not built by kosmos for scripts in {language}; build one upon it with \
         `{} --base {tag}`, or leave out the setting that names it", command(*language)
    )]
    Foreign {
        /// The image's name.
        tag: String,
        /// The language it should be for.
        language: Language,
    },
    /// The engine refused something or went away.
    #[error("the container engine could not {action}")]
    Engine {
        /// What it was asked to do.
        action: &'static str,
        /// What it said.
        #[source]
        source: Box<bollard::errors::Error>,
    },
    /// The engine did not answer.
    #[error("the container engine did not {action} within {seconds} s; look at its log, or start it again")]
    Silent {
        /// What it was asked to do.
        action: &'static str,
        /// How long it was waited for.
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
    #[error(
        "the base image {image} cannot be pulled: {said}; check the network, or build upon Debian's packages \
         with `--base debian`"
    )]
    Pull {
        /// The base.
        image: String,
        /// The engine's reason.
        said: String,
    },
    /// There is no program that makes a base of Debian's packages.
    #[error(
        "neither mmdebstrap nor debootstrap is installed, one of which makes a base of Debian's packages; \
         install one (`apt-get install mmdebstrap`), or name a base with `--base IMAGE`"
    )]
    NoBootstrap,
    /// The program that makes a base failed.
    #[error(
        "{program} could not make a base of Debian's packages; check that Debian's mirror can be reached\n{output}"
    )]
    Bootstrap {
        /// The program.
        program: &'static str,
        /// Its last lines.
        output: String,
    },
    /// What can be built upon has a Python that the lock has builds for.
    #[error("the base image {image} cannot be used: {reason}; name another with `--base`")]
    Base {
        /// The base.
        image: String,
        /// What it lacks.
        reason: String,
    },
    /// The packages could not be fetched.
    #[error(transparent)]
    Packages(#[from] InterpreterError),
    /// The package index has no wheel of a package besides the lock's, or of one that it needs.
    #[error(
        "`sandbox.packages` needs {package}, and the package index has no wheel of it for Python {python} on \
         {machine}; check its name and version, and that the index can be reached (PIP_INDEX_URL, PIP_PROXY). What \
         would have to be compiled cannot be had"
    )]
    NoWheel {
        /// The package, as pip names it.
        package: String,
        /// The version of the image's Python.
        python: String,
        /// Its machine.
        machine: String,
    },
    /// Packages besides the lock's do not go with it, or with one another.
    #[error(
        "`sandbox.packages` does not go with the packages that the image has, which stay as they are: {0}; list \
         other versions"
    )]
    Conflict(String),
    /// A program of the host could not be started or waited for.
    #[error("cannot run {program}")]
    Run {
        /// The program.
        program: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A file or folder of the cache could not be used.
    #[error("cannot {action} {}", path.display())]
    Cache {
        /// What was to be done with it.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A task of kosmos's own ended before it should.
    #[error("a task of the build was lost: {0}")]
    Lost(String),
}

impl ImageError {
    /// For `map_err`: the engine's refusal of `action`.
    pub(super) fn engine(action: &'static str) -> impl FnOnce(bollard::errors::Error) -> Self {
        move |source| Self::Engine {
            action,
            source: Box::new(source),
        }
    }

    /// For `map_err`: the failure of `action` on `path`.
    pub(super) fn cache(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Cache { action, path, source }
    }

    /// Whether the engine said that there is no such thing.
    pub(super) fn is_not_found(&self) -> bool {
        use bollard::errors::Error::DockerResponseServerError as Refused;
        matches!(self, Self::Engine { source, .. } if matches!(**source, Refused { status_code: 404, .. }))
    }
}

/// What a person types to build the image.
fn command(language: Language) -> &'static str {
    match language {
        Language::Python => "kosmos sandbox build",
        Language::R => "kosmos sandbox build --language r",
    }
}
