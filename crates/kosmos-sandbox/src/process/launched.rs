//! A launcher as kosmos sees it: how it is started, told what to do, and ended.

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

use super::{ARGUMENT, cgroup::Group, descriptors, policy::Policy, run::Site};
use crate::SandboxError;

/// How long the launcher may take to end everything once it is asked to, before it is killed itself.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// A launcher that was started. Dropping it ends it, and with it everything.
pub struct Launched {
    launcher: PathBuf,
    child: Child,
    pub socket: UnixStream,
}

impl Launched {
    /// Starts a launcher in `group`. It does nothing before it is instructed.
    pub fn start(site: &Site, group: Option<&Group>) -> Result<Self, SandboxError> {
        let launcher = &site.options.launcher;
        let this = Self::spawn(site).map_err(SandboxError::on_host("start", launcher))?;
        if let Some(group) = group {
            group
                .add(this.id())
                .map_err(SandboxError::on_host("put into its cgroup", launcher))?;
        }
        Ok(this)
    }

    fn spawn(site: &Site) -> io::Result<Self> {
        let (ours, theirs) = StdStream::pair()?;
        ours.set_nonblocking(true)?;
        let child = Command::new(&site.options.launcher)
            .arg(ARGUMENT)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // An interrupt typed at the terminal is for kosmos to act on.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self {
            launcher: site.options.launcher.clone(),
            child,
            socket: UnixStream::from_std(ours)?,
        })
    }

    pub fn id(&self) -> u32 {
        self.child.id().unwrap_or(0)
    }

    /// What is written inside to standard output and standard error; once.
    pub fn output(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.child.stdout.take(), self.child.stderr.take())
    }

    /// Has it do as `policy` of the job `key` says, with `descriptors` for what is to be started.
    pub async fn instruct(
        &mut self,
        key: &str,
        policy: &Policy,
        descriptors: &[BorrowedFd<'_>],
    ) -> Result<(), SandboxError> {
        let mut line = serde_json::to_vec(policy).map_err(|error| SandboxError::InvalidJob {
            key: key.to_owned(),
            reason: error.to_string(),
        })?;
        line.push(b'\n');
        self.send(&line, descriptors)
            .await
            .map_err(SandboxError::on_host("instruct", &self.launcher))
    }

    async fn send(&mut self, line: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
        let socket = &self.socket;
        let begin = || descriptors::send_with(socket.as_fd(), line, descriptors);
        let sent = socket.async_io(Interest::WRITABLE, begin).await?;
        self.socket.write_all(line.get(sent..).unwrap_or_default()).await
    }

    /// Waits for it to end, which it does when nothing inside is left; asks it to end everything first if `now`, and kills it,
    /// and with it everything, if it takes too long.
    pub async fn end(&mut self, said: &mut Vec<u8>, now: bool) {
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
