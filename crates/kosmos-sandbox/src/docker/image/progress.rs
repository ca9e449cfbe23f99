//! How far a build has come.

use std::{fmt, path::PathBuf};

use crate::interpreter;

/// A step on the way, for a person to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// The image is there already.
    Exists {
        /// Its name.
        tag: String,
    },
    /// Another process may be building the image; we wait for it.
    Waiting {
        /// What is locked meanwhile.
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
        /// What the program said last.
        said: String,
    },
    /// The base is being handed to the engine.
    Importing,
    /// Packages are being fetched.
    Packages(interpreter::Progress),
    /// A step of the Dockerfile has begun.
    Step {
        /// Which it is, from 1.
        number: usize,
        /// How many there are.
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

impl fmt::Display for Progress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exists { tag } => write!(out, "the image {tag} is there"),
            Self::Waiting { path } => write!(out, "preparing {}", path.display()),
            Self::Pulling { image } => write!(out, "pulling {image}"),
            Self::Unreachable { image, said } => {
                write!(
                    out,
                    "{image} cannot be pulled ({said}); making a base of Debian's packages instead"
                )
            }
            Self::Bootstrapping { said } => write!(out, "making a base of Debian's packages: {said}"),
            Self::Importing => write!(out, "handing the base to the engine"),
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
