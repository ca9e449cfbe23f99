//! The reports of init and launcher to Kosmos after a run.

use std::fmt::Display;

use serde::{Deserialize, Serialize};

/// How the script ended, or why it was never started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReportedEnd {
    Exited { code: i32 },
    Signalled { signal: i32 },
    NotStarted(SetupFailed),
}

/// A step of the set-up that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupFailed {
    pub step: String,
    pub cause: String,
}

/// The report of init.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InitReport {
    pub end: ReportedEnd,
    /// True if the kernel enforces the second layer of file rules.
    pub landlock: bool,
}

/// The report of the launcher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LauncherReport {
    /// None if init was killed before it could report.
    pub init: Option<InitReport>,
    /// Processor time of everything inside in milliseconds.
    pub cpu_ms: u64,
    /// Largest resident memory of one process inside in bytes.
    pub largest_process_bytes: u64,
}

/// Attaches the name of a step to a failure.
pub trait NameStep<T> {
    fn in_step(self, step: impl Display) -> Result<T, SetupFailed>;
}

impl<T, E: Display> NameStep<T> for Result<T, E> {
    fn in_step(self, step: impl Display) -> Result<T, SetupFailed> {
        self.map_err(|cause| SetupFailed {
            step: step.to_string(),
            cause: cause.to_string(),
        })
    }
}
