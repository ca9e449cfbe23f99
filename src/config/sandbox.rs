use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ByteSize, HumanDuration};

/// Where generated scripts run, and what one execution may use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sandbox {
    /// What isolates the scripts.
    pub backend: Backend,
    /// The Python interpreter: a path (relative to the file that gives it), or a name to look up in `PATH`.
    /// Unset: `python3` from `PATH`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub python: Option<PathBuf>,
    /// Import the usual packages before a script is there, so that it starts at once.
    pub warm: bool,
    /// Docker: where the engine is, such as `unix:///run/docker.sock` or `tcp://host:2376`. Unset:
    /// `DOCKER_HOST`, or a socket of Docker or Podman on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// Docker: the image for Python scripts. Unset: the one that `kosmos sandbox build` makes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Docker: the image for R scripts. Unset: the one that `kosmos sandbox build --language r` makes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r_image: Option<String>,
    /// Docker: packages that Python scripts may import besides those of the image, each as `name==version`.
    pub packages: Vec<String>,
    /// Docker: another container runtime that the engine knows, such as `runsc`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
    /// Docker: containers that are kept ready. At most 64.
    pub pool: u32,
    /// Docker: how long to wait for an engine that has gone in mid-run.
    pub engine_wait: HumanDuration,
    /// Time from start to end of one execution.
    pub wall: HumanDuration,
    /// Processor time of one execution, all its processes together.
    pub cpu: HumanDuration,
    /// Memory of one execution.
    pub memory: ByteSize,
    /// Processes and threads that exist at the same time. At least 1.
    pub processes: u32,
    /// Size of any one file written.
    pub file_size: ByteSize,
    /// All that one execution writes into its working folder.
    pub workspace: ByteSize,
    /// Output kept of each of stdout and stderr; the rest is cut off, and said to be.
    pub stdout: ByteSize,
    /// Files that one process holds open. At least 16.
    pub open_files: u32,
}

/// What isolates generated scripts.
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
