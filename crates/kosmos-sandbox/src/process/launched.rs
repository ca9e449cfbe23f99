//! A launcher as Kosmos sees it: starts it, sends it the policy, and ends it.

use std::{
    io,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::UnixStream as StdStream,
    },
    path::PathBuf,
    process::Stdio,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, Interest},
    net::UnixStream,
    process::{Child, ChildStderr, ChildStdout, Command},
    time::timeout,
};

use super::{ARGUMENT, cgroup::ControlGroup, descriptors, policy::LaunchPolicy, run::ProcessContext};
use crate::SandboxError;

/// How long the launcher may take to end everything once it is asked to, before it is killed itself.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// A launcher that was started. Dropping this ends it and everything inside.
pub struct RunningLauncher {
    launcher: PathBuf,
    child: Child,
    pub socket: UnixStream,
}

/// Waits for the descriptors that process 1 shares next; `None` if the set-up has failed and the report begins.
pub async fn receive_shared(socket: &UnixStream, said: &mut Vec<u8>) -> Option<Vec<OwnedFd>> {
    let mut first = [0];
    let receive = || descriptors::receive_with_descriptors(socket, &mut first);
    let (n, shared) = socket.async_io(Interest::READABLE, receive).await.ok()?;
    if shared.is_empty() {
        said.extend(first.get(..n).unwrap_or_default());
        return None;
    }
    Some(shared)
}

impl RunningLauncher {
    /// Starts a launcher in `group`. It does nothing before it gets a policy.
    pub fn start(site: &ProcessContext, group: Option<&ControlGroup>) -> Result<Self, SandboxError> {
        let launcher = &site.options.launcher;
        let this = Self::spawn(site).map_err(SandboxError::on_host("start", launcher))?;
        if let Some(group) = group {
            group
                .add_process(this.pid())
                .map_err(SandboxError::on_host("put into its cgroup", launcher))?;
        }
        Ok(this)
    }

    fn spawn(site: &ProcessContext) -> io::Result<Self> {
        let (ours, theirs) = StdStream::pair()?;
        ours.set_nonblocking(true)?;
        let child = Command::new(&site.options.launcher)
            .arg(ARGUMENT)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Only Kosmos reacts to an interrupt typed at the terminal.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self {
            launcher: site.options.launcher.clone(),
            child,
            socket: UnixStream::from_std(ours)?,
        })
    }

    pub fn pid(&self) -> u32 {
        self.child.id().unwrap_or(0)
    }

    /// Takes the streams of standard output and standard error, which everything inside shares.
    pub fn take_output(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.child.stdout.take(), self.child.stderr.take())
    }

    /// Sends the policy of the job `key`, with `descriptors` for the program that will be started.
    pub async fn send_policy(
        &mut self,
        key: &str,
        policy: &LaunchPolicy,
        descriptors: &[BorrowedFd<'_>],
    ) -> Result<(), SandboxError> {
        let mut line = serde_json::to_vec(policy).map_err(|error| SandboxError::InvalidJob {
            key: key.to_owned(),
            reason: error.to_string(),
        })?;
        line.push(b'\n');
        self.send_line(&line, descriptors)
            .await
            .map_err(SandboxError::on_host("instruct", &self.launcher))
    }

    async fn send_line(&mut self, line: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
        let socket = &self.socket;
        let begin = || descriptors::send_with_bytes(socket.as_fd(), line, descriptors);
        let sent = socket.async_io(Interest::WRITABLE, begin).await?;
        self.socket.write_all(line.get(sent..).unwrap_or_default()).await
    }

    /// Waits for it to end, which it does when everything inside has ended. If `now`, asks it to end everything first.
    /// If it takes too long, kills it and everything inside.
    pub async fn wait_or_kill(&mut self, said: &mut Vec<u8>, now: bool) {
        if now {
            // Failing means that it has ended already.
            let _ = self.socket.shutdown().await;
            let _ = timeout(PATIENCE, self.socket.read_to_end(said)).await;
        }
        if timeout(PATIENCE, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }
}
