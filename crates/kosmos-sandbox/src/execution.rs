//! The result of a job.

use serde::{Deserialize, Serialize};

use super::{Outcome, Refused};

/// A job that was run to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Execution {
    /// How it ended.
    pub outcome: Outcome,
    /// Its use of the machine.
    pub usage: Usage,
    /// Its standard output.
    pub stdout: Captured,
    /// Its standard error.
    pub stderr: Captured,
    /// True if the memory limit ended at least one process, even if the main one continued.
    pub oom: bool,
    /// True if the limit on processes refused a new process or thread, where a cgroup counts them, or ended
    /// everything, where they are only watched.
    pub process_limit_hit: bool,
    /// Entries of the workspace that the backend did not return; empty where the workspace is on the host.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refused>,
}

/// A job's use of the machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Usage {
    /// Wall-clock time in milliseconds, the sandbox's own start and end included.
    pub wall_ms: u64,
    /// Processor time of all processes in milliseconds.
    pub cpu_ms: u64,
    /// Peak memory in bytes: of the whole process tree where a cgroup counts it, else the larger
    /// of the highest sample of the tree and the largest single process.
    pub peak_memory_bytes: u64,
    /// Size of the workspace's files at the end.
    pub workspace_bytes: u64,
    /// Number of files and folders in the workspace at the end.
    pub workspace_files: u64,
}

/// The beginning of a stream, up to [`ResourceLimits::stdout_bytes`](super::ResourceLimits::stdout_bytes).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Captured {
    /// The kept text. Bytes that are not UTF-8 are shown as U+FFFD.
    pub text: String,
    /// True if a part was dropped.
    pub truncated: bool,
    /// How many bytes the script wrote in all, as far as they were read.
    pub total_bytes: u64,
}
