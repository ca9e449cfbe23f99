use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use kosmos_core::text::{ByteSize, HumanDuration};

/// The sandbox of generated scripts, and the limits of one execution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SandboxSettings {
    /// The isolation of scripts.
    pub backend: Backend,
    /// The Python interpreter: a path (relative to the file that gives it), or a name to look up in `PATH`.
    /// Unset: `python3` from `PATH`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub python: Option<PathBuf>,
    /// Import the usual packages in advance, so that scripts start at once.
    pub warm: bool,
    /// Docker: address of the engine, such as `unix:///run/docker.sock` or `tcp://host:2376`. Unset:
    /// `DOCKER_HOST`, or a socket of Docker or Podman on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// Docker: image for Python scripts. Unset: the image that `kosmos sandbox build` builds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Docker: image for R scripts. Unset: the image that `kosmos sandbox build --language r` builds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r_image: Option<String>,
    /// Docker: packages for Python scripts in addition to those of the image, each as `name==version`.
    pub packages: Vec<String>,
    /// Docker: another container runtime of the engine, such as `runsc`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
    /// Docker: number of containers kept ready. At most 64.
    pub pool: u32,
    /// Docker: time to wait for an engine that is lost during a run.
    pub engine_wait: HumanDuration,
    /// Wall time of one execution.
    pub wall: HumanDuration,
    /// CPU time of one execution, all its processes together.
    pub cpu: HumanDuration,
    /// Memory of one execution.
    pub memory: ByteSize,
    /// Maximum number of processes and threads at the same time. At least 1.
    pub processes: u32,
    /// Maximum size of a file.
    pub file_size: ByteSize,
    /// Maximum size of all files in the working folder of one execution.
    pub workspace: ByteSize,
    /// Output kept of each of stdout and stderr; the rest is cut off, with a note.
    pub stdout: ByteSize,
    /// Maximum number of open files of one process. At least 16.
    pub open_files: u32,
    /// The limits of the script that reads a data file, which may be larger than memory.
    pub reader: ReaderSettings,
}

/// The limits of the script that reads a data file; the others are those of all scripts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReaderSettings {
    /// Wall time.
    pub wall: HumanDuration,
    /// CPU time of all its processes together.
    pub cpu: HumanDuration,
    /// Memory, files in its working folder included.
    pub memory: ByteSize,
    /// Maximum size of a file; the canonical table is one.
    pub file_size: ByteSize,
    /// Maximum size of all files in its working folder.
    pub workspace: ByteSize,
}

/// The isolation of generated scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Backend {
    /// Linux namespaces, resource limits and a system-call filter; needs no service.
    Process,
    /// Containers of a Docker engine, or of what speaks its API.
    Docker,
}

impl Backend {
    /// Its name, as settings have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Docker => "docker",
        }
    }
}
