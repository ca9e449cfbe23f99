//! The progress of a build.

use std::{fmt, path::PathBuf};

use crate::interpreter;

/// One step of a build, for a person to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildProgress {
    /// The image exists already.
    Exists {
        /// Its name.
        tag: String,
    },
    /// Another process may be building the image; this one waits for it.
    Waiting {
        /// The locked folder.
        path: PathBuf,
    },
    /// A base is being pulled.
    Pulling {
        /// The base.
        image: String,
    },
    /// The base cannot be pulled, so one is made of Debian's packages.
    Unreachable {
        /// The base.
        image: String,
        /// The engine's reason.
        said: String,
    },
    /// A base is being made of Debian's packages.
    Bootstrapping {
        /// The program's last message.
        said: String,
    },
    /// The base is being imported into the engine.
    Importing,
    /// Packages are being fetched.
    Packages(interpreter::EnvironmentProgress),
    /// A step of the Dockerfile has begun.
    Step {
        /// Its number, from 1.
        number: usize,
        /// The number of steps.
        total: usize,
        /// Its instruction, on one line.
        instruction: String,
    },
    /// The image can be used.
    Ready {
        /// Its name.
        tag: String,
    },
}

impl fmt::Display for BuildProgress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exists { tag } => write!(out, "the image {tag} exists"),
            Self::Waiting { path } => write!(out, "preparing {}", path.display()),
            Self::Pulling { image } => write!(out, "pulling {image}"),
            Self::Unreachable { image, said } => {
                write!(
                    out,
                    "{image} cannot be pulled ({said}); making a base of Debian's packages instead"
                )
            }
            Self::Bootstrapping { said } => write!(out, "making a base of Debian's packages: {said}"),
            Self::Importing => write!(out, "importing the base into the engine"),
            Self::Packages(step) => step.fmt(out),
            Self::Step {
                number,
                total,
                instruction,
            } => write!(out, "step {number} of {total}: {instruction}"),
            Self::Ready { tag } => write!(out, "the image {tag} is ready"),
        }
    }
}
