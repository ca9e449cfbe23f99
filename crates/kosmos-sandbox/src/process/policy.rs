//! What kosmos tells its launcher: everything about one run of the sandbox.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// One run of the sandbox, as one line of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    pub identity: Identity,
    /// In the order in which they are mounted.
    pub binds: Vec<Bind>,
    /// Absolute paths inside that appear in `/tmp` under their own names, as links.
    pub scratch_links: Vec<PathBuf>,
    pub program: PathBuf,
    pub arguments: Vec<String>,
    pub environment: Vec<(String, String)>,
    /// The current folder inside, also the one place that can be written besides `/tmp`.
    pub workspace: PathBuf,
    pub tmp_bytes: u64,
    pub limits: ProcessLimits,
    /// The script does not start with the program: an interpreter that is already running comes in.
    pub warm: bool,
}

/// Whom the script runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Identity {
    /// Kosmos has the privileges to set up everything itself, and the script gets this user and group.
    Switched { uid: u32, gid: u32 },
    /// Kosmos has no privileges: a user namespace, in which these are its own user and group.
    Mapped { uid: u32, gid: u32 },
}

impl Identity {
    /// The user and group that the script sees; `nobody` everywhere.
    pub const INSIDE: u32 = 65534;

    pub fn is_mapped(self) -> bool {
        matches!(self, Self::Mapped { .. })
    }
}

/// A file or folder of the host made visible inside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bind {
    /// Absolute and without links.
    pub host: PathBuf,
    /// Absolute.
    pub inside: PathBuf,
    pub access: Access,
}

/// What may be done beneath a bind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Access {
    /// Read and execute: the system and the interpreter.
    Execute,
    /// Read: the inputs.
    Read,
    /// Read and write, never execute: the workspace.
    Write,
    /// Read and write a device.
    Device,
}

/// Limits of each single process, which hold whether there is a cgroup or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessLimits {
    pub cpu_seconds: u64,
    pub file_bytes: u64,
    pub open_files: u64,
    /// Where no cgroup limits memory.
    pub address_space_bytes: Option<u64>,
    /// Where no cgroup limits processes, and the kernel counts none but those of sandboxes.
    pub processes: Option<u64>,
}
