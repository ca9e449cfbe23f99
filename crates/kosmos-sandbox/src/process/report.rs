//! What init and launcher tell kosmos when all is over.

use std::fmt::Display;

use serde::{Deserialize, Serialize};

/// How the script ended, or why it was never started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
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

/// What init reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InitReport {
    pub end: End,
    /// Whether the kernel enforces the second layer of file rules.
    pub landlock: bool,
}

/// What the launcher reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Nothing if init was killed before it could say.
    pub init: Option<InitReport>,
    /// Processor time of everything inside, milliseconds.
    pub cpu_ms: u64,
    /// Largest resident memory of one process inside, bytes.
    pub largest_process_bytes: u64,
}

/// Names the step that a failure belongs to.
pub trait Step<T> {
    fn step(self, step: impl Display) -> Result<T, SetupFailed>;
}

impl<T, E: Display> Step<T> for Result<T, E> {
    fn step(self, step: impl Display) -> Result<T, SetupFailed> {
        self.map_err(|cause| SetupFailed {
            step: step.to_string(),
            cause: cause.to_string(),
        })
    }
}
