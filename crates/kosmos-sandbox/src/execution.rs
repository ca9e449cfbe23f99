//! What came of a job.

use serde::{Deserialize, Serialize};

use super::{Outcome, Refused};

/// A job that was run to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Execution {
    /// How it ended.
    pub outcome: Outcome,
    /// What it used.
    pub usage: Usage,
    /// What it wrote to standard output.
    pub stdout: Captured,
    /// What it wrote to standard error.
    pub stderr: Captured,
    /// The memory limit ended at least one process, even if the main one carried on.
    pub oom: bool,
    /// The limit on processes refused at least one new process or thread, where a cgroup counts them; or
    /// it ended everything, where they are only watched.
    pub process_limit_hit: bool,
    /// What of the workspace the backend itself did not hand back; empty where the workspace is the host's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refused>,
}

/// What a job used of the machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Usage {
    /// Time on the clock in milliseconds, the sandbox's own start and end included.
    pub wall_ms: u64,
    /// Processor time of all processes in milliseconds.
    pub cpu_ms: u64,
    /// Largest memory in use at one time: of the whole tree where a cgroup counts it, else the larger
    /// of what was seen of the tree and the largest single process.
    pub peak_memory_bytes: u64,
    /// Size of the workspace's files at the end.
    pub workspace_bytes: u64,
    /// Number of files and folders in the workspace at the end.
    pub workspace_files: u64,
}

/// The beginning of a stream, up to [`Limits::stdout_bytes`](super::Limits::stdout_bytes).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Captured {
    /// What was kept. Bytes that are not UTF-8 are shown as U+FFFD.
    pub text: String,
    /// Whether there was more than was kept.
    pub truncated: bool,
    /// How many bytes the script wrote in all, as far as they were read.
    pub total_bytes: u64,
}
