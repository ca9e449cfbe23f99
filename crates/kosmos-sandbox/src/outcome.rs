//! How a job ended.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How the job's main process ended, or why it was ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Outcome {
    /// It ended with exit code 0 within its limits.
    Ok,
    /// It ended by itself with another exit code.
    Failed {
        /// The exit code, 1 to 255; 1 is an uncaught exception in Python.
        exit_code: i32,
    },
    /// It exceeded a time limit and was ended.
    TimedOut {
        /// The exceeded limit.
        limit: TimeLimit,
    },
    /// It ran out of memory: ended by the memory limit, or by an uncaught `MemoryError`.
    OutOfMemory,
    /// A signal that no limit explains ended it, such as a segmentation fault.
    Killed {
        /// The signal's number.
        signal: i32,
    },
    /// It imported a package that the sandbox does not have.
    MissingPackage {
        /// The package's name, as the script imports it.
        name: String,
    },
    /// It wrote too much.
    OutputTooLarge {
        /// The output that was too large.
        what: Output,
    },
}

impl Outcome {
    /// Returns true if the job succeeded.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        *self == Self::Ok
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok => write!(out, "ended well"),
            Self::Failed { exit_code } => write!(out, "failed with exit code {exit_code}"),
            Self::TimedOut { limit } => write!(out, "exceeded its limit of {limit}"),
            Self::OutOfMemory => write!(out, "exceeded its memory limit"),
            Self::Killed { signal } => write!(out, "was ended by signal {signal}"),
            Self::MissingPackage { name } => write!(out, "needs the package `{name}`, which the sandbox does not have"),
            Self::OutputTooLarge { what } => write!(out, "exceeded the size limit of its {what}"),
        }
    }
}

/// The two clocks that a job is measured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimeLimit {
    /// Wall-clock time.
    Wall,
    /// Processor time of all processes.
    Cpu,
}

impl fmt::Display for TimeLimit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Wall => "wall time",
            Self::Cpu => "processor time",
        })
    }
}

/// An output of a job whose size is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// One file.
    File,
    /// The workspace as a whole, in bytes or in number of files.
    Workspace,
}

impl fmt::Display for Output {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Stdout => "standard output",
            Self::Stderr => "standard error",
            Self::File => "files",
            Self::Workspace => "workspace",
        })
    }
}
