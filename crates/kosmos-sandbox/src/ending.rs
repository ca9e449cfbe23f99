//! How a session ended.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Usage;

/// A session that is over: nothing of its program is left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// How.
    pub ending: Ending,
    /// What the program used; zeros if that was lost with it.
    pub usage: Usage,
}

/// How a session's program ended, or why it was ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Ending {
    /// It ended by itself, within its limits.
    Exited {
        /// The exit code, 0 to 255.
        code: i32,
    },
    /// A signal ended it that no limit explains: a fault of its own, or somebody outside.
    Signalled {
        /// The signal's number.
        signal: i32,
    },
    /// All its processes together took more memory than they may.
    OutOfMemory,
    /// It tried to have more processes and threads than it may.
    TooManyProcesses,
    /// All its processes together took more processor time than they may.
    OutOfTime,
    /// The scratch folder grew beyond its limit, in bytes or in number of files.
    ScratchTooLarge,
    /// A file grew beyond the limit for one, and that ended it.
    FileTooLarge,
    /// It was ended because the session was.
    Stopped,
    /// The sandbox itself failed or was killed.
    Lost {
        /// What is known of it.
        cause: String,
    },
}

impl Ending {
    /// Whether the program ended by itself and says that all was well.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        *self == Self::Exited { code: 0 }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited { code } => write!(out, "ended with exit code {code}"),
            Self::Signalled { signal } => write!(out, "was ended by signal {signal}"),
            Self::OutOfMemory => write!(out, "exceeded its memory limit"),
            Self::TooManyProcesses => write!(out, "exceeded its limit of processes"),
            Self::OutOfTime => write!(out, "exceeded its limit of processor time"),
            Self::ScratchTooLarge => write!(out, "exceeded the size limit of its scratch folder"),
            Self::FileTooLarge => write!(out, "exceeded the size limit of its files"),
            Self::Stopped => write!(out, "was stopped"),
            Self::Lost { cause } => write!(out, "was lost: {cause}"),
        }
    }
}
