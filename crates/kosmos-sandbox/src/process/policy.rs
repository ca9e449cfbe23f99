//! The policy that Kosmos sends to its launcher: everything about one run of the sandbox.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// One run of the sandbox, as one line of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchPolicy {
    pub identity: Identity,
    /// The folders of the host's system that are visible: `/usr`, or folders beneath it.
    pub system: Vec<PathBuf>,
    /// In the order in which they are mounted.
    pub binds: Vec<Bind>,
    /// Absolute paths inside to which links of the same name are made in `/tmp`.
    pub scratch_links: Vec<PathBuf>,
    pub program: PathBuf,
    pub arguments: Vec<String>,
    pub environment: Vec<(String, String)>,
    pub workspace: WorkspacePlan,
    pub tmp_bytes: u64,
    pub limits: ProcessLimits,
    /// True if an interpreter that is already running enters the sandbox instead of starting `program`.
    pub warm: bool,
}

/// The user that the script runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Identity {
    /// Kosmos has the privileges to set up everything, and the script gets this user and group.
    Switched { uid: u32, gid: u32 },
    /// Kosmos has no privileges: a user namespace, in which these are its own user and group.
    Mapped { uid: u32, gid: u32 },
}

impl Identity {
    /// The user and group that the script sees: `nobody` on every system.
    pub const INSIDE: u32 = 65534;

    pub fn is_mapped(self) -> bool {
        matches!(self, Self::Mapped { .. })
    }
}

/// The script's current folder, the only writable place besides `/tmp`: a filesystem in memory that begins as a copy of
/// a folder of the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkspacePlan {
    /// The folder that is copied. Absolute, with links resolved.
    pub host: PathBuf,
    /// Absolute.
    pub inside: PathBuf,
    /// Its capacity, which the kernel enforces whatever the script does: files that it has unlinked and keeps open,
    /// or that never had a name, take their space too.
    pub bytes: u64,
    /// How many files, folders and links it holds, itself left out.
    pub files: u64,
}

/// A file or folder of the host that is visible inside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bind {
    /// Absolute, with links resolved.
    pub host: PathBuf,
    /// Absolute.
    pub inside: PathBuf,
    pub access: Access,
}

/// The permitted access to a bind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Access {
    /// Read and execute: the system and the interpreter.
    Execute,
    /// Read: the inputs.
    Read,
    /// Read and write a device.
    Device,
}

/// Limits of each single process, with or without a cgroup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessLimits {
    pub cpu_seconds: u64,
    pub file_bytes: u64,
    pub open_files: u64,
    /// Set where no cgroup limits memory.
    pub address_space_bytes: Option<u64>,
    /// Set where no cgroup limits processes and the kernel counts only those of sandboxes.
    pub processes: Option<u64>,
}
