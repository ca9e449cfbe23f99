//! A running program with which Kosmos exchanges data.

use std::{fmt, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::DropGuard;

use super::{Ending, SandboxError, SessionEnd, Usage};

/// A stream to a program.
pub type Writer = Box<dyn AsyncWrite + Send + Sync + Unpin>;

/// A stream from a program.
pub type Reader = Box<dyn AsyncRead + Send + Sync + Unpin>;

/// A [`Program`](super::Program) that has started.
///
/// Its streams are pipes: a program whose output nobody reads blocks, and the reader must limit how much it reads. Both
/// outputs end when the program has ended, and what it wrote before can still be read then.
///
/// When its main process ends, every process that it started ends. Dropping the session ends everything too, without
/// waiting for it.
pub struct Session {
    /// Its standard input, for the writer to take. Dropping it ends the program's input.
    pub stdin: Option<Writer>,
    /// Its standard output, for the reader to take.
    pub stdout: Option<Reader>,
    /// Its standard error, for the reader to take.
    pub stderr: Option<Reader>,
    running: JoinHandle<Result<SessionEnd, SandboxError>>,
    ended: Option<SessionEnd>,
    stop: Option<DropGuard>,
}

/// The three streams of a program.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
pub(super) struct Streams {
    pub stdin: Writer,
    pub stdout: Reader,
    pub stderr: Reader,
}

impl Session {
    /// Makes a session from its streams, the task that supervises it, and the guard whose drop makes that task end it.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code))]
    pub(super) fn new(
        streams: Streams,
        running: JoinHandle<Result<SessionEnd, SandboxError>>,
        stop: DropGuard,
    ) -> Self {
        Self {
            stdin: Some(streams.stdin),
            stdout: Some(streams.stdout),
            stderr: Some(streams.stderr),
            running,
            ended: None,
            stop: Some(stop),
        }
    }

    /// Waits until the program has ended or exceeded a limit, and all its processes have ended. May be dropped and
    /// called again.
    pub async fn wait_until_ended(&mut self) -> SessionEnd {
        if let Some(ended) = &self.ended {
            return ended.clone();
        }
        let ended = match (&mut self.running).await {
            Ok(Ok(ended)) => ended,
            Ok(Err(error)) => lost_end(&error),
            Err(error) => lost_end(&error),
        };
        self.ended.insert(ended).clone()
    }

    /// Ends the program: closes those of its streams that were not taken, gives it `grace` to end by itself, and then
    /// ends it and every process that it started.
    pub async fn stop_within(mut self, grace: Duration) -> SessionEnd {
        (self.stdin, self.stdout, self.stderr) = (None, None, None);
        if let Ok(ended) = timeout(grace, self.wait_until_ended()).await {
            return ended;
        }
        self.stop = None;
        self.wait_until_ended().await
    }
}

fn lost_end(error: &dyn std::error::Error) -> SessionEnd {
    SessionEnd {
        ending: Ending::Lost {
            cause: error.to_string(),
        },
        usage: Usage::default(),
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Session")
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
