//! How a session ended.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Usage;

/// A session that is over: nothing of its program is left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionEnd {
    /// How it ended.
    pub ending: Ending,
    /// The program's use of the machine; zeros if that was lost with it.
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
    /// A signal that no limit explains ended it: its own fault, or another process.
    Signalled {
        /// The signal's number.
        signal: i32,
    },
    /// All its processes together exceeded the memory limit.
    OutOfMemory,
    /// It exceeded the limit on processes and threads.
    TooManyProcesses,
    /// All its processes together exceeded the limit on processor time.
    OutOfTime,
    /// The scratch folder exceeded its limit, in bytes or in number of files.
    ScratchTooLarge,
    /// A file exceeded the size limit, which ended the program.
    FileTooLarge,
    /// The caller ended the session.
    Stopped,
    /// The sandbox itself failed or was killed.
    Lost {
        /// The known cause.
        cause: String,
    },
}

impl Ending {
    /// Returns true if the program ended by itself with exit code 0.
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
