//! A warm start: a child of the zygote becomes the script's process within a job's namespaces.
//!
//! ```text
//! kosmos --descriptors--> zygote ---fork---> child --setns, fork--> (pid 2) --fork--> script
//!        --request-->                                                                (pid 3)
//!        <--its id, or what failed--
//! ```
//!
//! The script's process is forked by one that is already in the job's process namespace and then ends, so that
//! the job's process 1 becomes its parent, as in a cold start, and ends, reaps and counts it.
//! First of all, it joins the job's control groups and performs on itself the calls that
//! process 1 has performed.

use std::{
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixStream as StdStream,
    },
    path::PathBuf,
    sync::Arc,
};

use nix::libc;
use serde::Serialize;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};

use super::{
    calls::{Argument, PreparedCall},
    cgroup::ControlGroup,
    filter, launcher,
    policy::LaunchPolicy,
    privileges,
    report::SetupFailed,
    zygote::{ATTEMPTS, Zygote},
};
use crate::SandboxError;

/// The number of descriptors that process 1 shares without file rules: a handle of itself and two streams.
const WITHOUT_RULES: usize = 3;

/// The child's descriptor of the file rules, as in `zygote.py`.
const RULES: i64 = 3;

/// The request that the child reads.
#[derive(Debug, Serialize)]
struct Request {
    /// Files to which a process id is written to join a group.
    groups: Vec<PathBuf>,
    namespaces: i32,
    /// Performed in this order just before the script.
    calls: Vec<PreparedCall>,
    /// The command line that it shows.
    arguments: Vec<String>,
}

/// Has the zygote start the script of `policy` in the namespaces of `shared`, the descriptors of process 1. Returns the
/// id of the script's process there.
pub async fn start_in_fork(
    zygote: &Arc<Zygote>,
    policy: &LaunchPolicy,
    group: Option<&ControlGroup>,
    shared: Vec<OwnedFd>,
) -> Result<u32, SandboxError> {
    let request = build_request(policy, group, shared.len() > WITHOUT_RULES).map_err(setup_error)?;
    let text = serde_json::to_vec(&request).map_err(|error| SandboxError::Lost(error.to_string()))?;
    let shared = Arc::new(shared);
    for _ in 0..ATTEMPTS {
        let mut channel = request_fork(zygote, &shared).await?;
        // Fails if the zygote has ended, which is seen when reading.
        let _ = channel.write_all(&text).await;
        let _ = channel.shutdown().await;
        let mut said = String::new();
        let _ = channel.read_to_string(&mut said).await;
        let mut pid = None;
        for line in said.lines() {
            match serde_json::from_str(line) {
                Ok(failed) => return Err(setup_error(failed)),
                Err(_) => pid = line.parse().ok(),
            }
        }
        if let Some(pid) = pid {
            return Ok(pid);
        }
    }
    Err(SandboxError::Lost(format!(
        "the interpreter that forks for each job ended {ATTEMPTS} times before forking"
    )))
}

/// Asks the zygote for a child and returns a channel to it.
async fn request_fork(zygote: &Arc<Zygote>, shared: &Arc<Vec<OwnedFd>>) -> Result<UnixStream, SandboxError> {
    let lost = |error: std::io::Error| SandboxError::Lost(error.to_string());
    let (ours, theirs) = StdStream::pair().map_err(lost)?;
    ours.set_nonblocking(true).map_err(lost)?;
    let (zygote, shared) = (Arc::clone(zygote), Arc::clone(shared));
    tokio::task::spawn_blocking(move || {
        let mut descriptors = vec![theirs.as_fd()];
        descriptors.extend(shared.iter().map(AsFd::as_fd));
        zygote.send_fork_request(&descriptors)
    })
    .await
    .map_err(|error| SandboxError::Lost(error.to_string()))??;
    UnixStream::from_std(ours).map_err(lost)
}

fn build_request(policy: &LaunchPolicy, group: Option<&ControlGroup>, rules: bool) -> Result<Request, SetupFailed> {
    let mut calls = vec![PreparedCall::new(
        "set the mask of file modes",
        libc::SYS_umask,
        [Argument::Number(0o022)],
    )];
    calls.extend(privileges::limit_calls(&policy.limits));
    calls.extend(privileges::drop_privileges_calls(policy.identity));
    // Changing the user has made it undumpable; starting a program would have reset this.
    calls.push(PreparedCall::prctl(
        "open the process to itself",
        libc::PR_SET_DUMPABLE,
        1,
        0,
    ));
    let mut workspace = policy.workspace.inside.as_os_str().as_encoded_bytes().to_vec();
    workspace.push(0);
    calls.push(PreparedCall::new(
        "enter the workspace",
        libc::SYS_chdir,
        [Argument::Bytes(workspace)],
    ));
    if rules {
        let number = [RULES, 0].map(Argument::Number);
        calls.push(PreparedCall::new(
            "set landlock rules",
            libc::SYS_landlock_restrict_self,
            number,
        ));
        calls.push(PreparedCall::new(
            "close landlock rules",
            libc::SYS_close,
            [Argument::Number(RULES)],
        ));
    }
    calls.extend(filter::filter_calls()?);
    let mut arguments = vec![policy.program.to_string_lossy().into_owned()];
    arguments.extend(policy.arguments.iter().cloned());
    Ok(Request {
        groups: group.map(ControlGroup::procs_files).unwrap_or_default(),
        namespaces: launcher::namespace_flags(policy.identity).bits(),
        calls,
        arguments,
    })
}

fn setup_error(failed: SetupFailed) -> SandboxError {
    SandboxError::Setup {
        step: failed.step,
        cause: failed.cause,
    }
}
