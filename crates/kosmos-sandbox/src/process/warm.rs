//! A warm start: a child of the zygote becomes the script's process within a job's namespaces.
//!
//! ```text
//! kosmos --descriptors--> zygote ---fork---> child --setns, fork--> (pid 2) --fork--> script
//!        --request-->                                                                (pid 3)
//!        <--its number, or what failed--
//! ```
//!
//! The script's process is forked by one that is in the job's process namespace already and ends, so that
//! the job's process 1 becomes its parent, as in a cold start: it ends with it, and is reaped and counted by
//! it. Before it does anything, it joins the job's control groups and performs on itself the calls that
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
    io::{AsyncReadExt, AsyncWriteExt, Interest},
    net::UnixStream,
};

use super::{
    calls::{Argument, Call},
    cgroup::Group,
    descriptors, filter, launcher,
    policy::Policy,
    privileges,
    report::SetupFailed,
    zygote::{ATTEMPTS, Zygote},
};
use crate::SandboxError;

/// What process 1 shares without file rules: a handle of itself and two streams.
const WITHOUT_RULES: usize = 3;

/// Where the child has the file rules, as in `zygote.py`.
const RULES: i64 = 3;

/// What the child is asked to do.
#[derive(Debug, Serialize)]
struct Request {
    /// Files that a process is written to, to join a group.
    groups: Vec<PathBuf>,
    namespaces: i32,
    /// In this order, just before the script.
    calls: Vec<Call>,
    /// The command line that it is to show.
    arguments: Vec<String>,
}

/// What process 1 shares when it is ready; nothing if the set-up has failed and the report has begun.
pub async fn shared(socket: &UnixStream, said: &mut Vec<u8>) -> Option<Vec<OwnedFd>> {
    let mut first = [0];
    let receive = || descriptors::receive(socket, &mut first);
    let (n, shared) = socket.async_io(Interest::READABLE, receive).await.ok()?;
    if shared.is_empty() {
        said.extend(first.get(..n).unwrap_or_default());
        return None;
    }
    Some(shared)
}

/// Has the zygote start the script of `policy` where `shared` leads, which is what process 1 shares. The
/// result is the number that the script's process has there.
pub async fn start(
    zygote: &Arc<Zygote>,
    policy: &Policy,
    group: Option<&Group>,
    shared: Vec<OwnedFd>,
) -> Result<u32, SandboxError> {
    let request = request(policy, group, shared.len() > WITHOUT_RULES).map_err(setup)?;
    let text = serde_json::to_vec(&request).map_err(|error| SandboxError::Lost(error.to_string()))?;
    let shared = Arc::new(shared);
    for _ in 0..ATTEMPTS {
        let mut channel = fork(zygote, &shared).await?;
        // A zygote that ends meanwhile takes the other end with it, which is seen when reading.
        let _ = channel.write_all(&text).await;
        let _ = channel.shutdown().await;
        let mut said = String::new();
        let _ = channel.read_to_string(&mut said).await;
        let mut pid = None;
        for line in said.lines() {
            match serde_json::from_str(line) {
                Ok(failed) => return Err(setup(failed)),
                Err(_) => pid = line.parse().ok(),
            }
        }
        if let Some(pid) = pid {
            return Ok(pid);
        }
    }
    Err(SandboxError::Lost(format!(
        "the interpreter that forks for each job ended {ATTEMPTS} times before it had forked"
    )))
}

/// A channel to a new child.
async fn fork(zygote: &Arc<Zygote>, shared: &Arc<Vec<OwnedFd>>) -> Result<UnixStream, SandboxError> {
    let lost = |error: std::io::Error| SandboxError::Lost(error.to_string());
    let (ours, theirs) = StdStream::pair().map_err(lost)?;
    ours.set_nonblocking(true).map_err(lost)?;
    let (zygote, shared) = (Arc::clone(zygote), Arc::clone(shared));
    tokio::task::spawn_blocking(move || {
        let mut descriptors = vec![theirs.as_fd()];
        descriptors.extend(shared.iter().map(AsFd::as_fd));
        zygote.fork(&descriptors)
    })
    .await
    .map_err(|error| SandboxError::Lost(error.to_string()))??;
    UnixStream::from_std(ours).map_err(lost)
}

fn request(policy: &Policy, group: Option<&Group>, rules: bool) -> Result<Request, SetupFailed> {
    let mut calls = vec![Call::new(
        "set the mask of file modes",
        libc::SYS_umask,
        [Argument::Number(0o022)],
    )];
    calls.extend(privileges::limits(&policy.limits));
    calls.extend(privileges::renunciation(policy.identity));
    // Changing the user has closed it, starting a program would have opened it again.
    calls.push(Call::control("open the process to itself", libc::PR_SET_DUMPABLE, 1, 0));
    let mut workspace = policy.workspace.as_os_str().as_encoded_bytes().to_vec();
    workspace.push(0);
    calls.push(Call::new(
        "enter the workspace",
        libc::SYS_chdir,
        [Argument::Bytes(workspace)],
    ));
    if rules {
        let number = [RULES, 0].map(Argument::Number);
        calls.push(Call::new(
            "set landlock rules",
            libc::SYS_landlock_restrict_self,
            number,
        ));
        calls.push(Call::new(
            "close landlock rules",
            libc::SYS_close,
            [Argument::Number(RULES)],
        ));
    }
    calls.extend(filter::calls()?);
    let mut arguments = vec![policy.program.to_string_lossy().into_owned()];
    arguments.extend(policy.arguments.iter().cloned());
    Ok(Request {
        groups: group.map(Group::doors).unwrap_or_default(),
        namespaces: launcher::namespaces(policy.identity).bits(),
        calls,
        arguments,
    })
}

fn setup(failed: SetupFailed) -> SandboxError {
    SandboxError::Setup {
        step: failed.step,
        cause: failed.cause,
    }
}
