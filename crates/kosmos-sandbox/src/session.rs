//! A program that runs and is talked to.

use std::{fmt, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::DropGuard;

use super::{Ended, Ending, SandboxError, Usage};

/// What is written here, a program reads.
pub type Writer = Box<dyn AsyncWrite + Send + Sync + Unpin>;

/// What a program writes, is read here.
pub type Reader = Box<dyn AsyncRead + Send + Sync + Unpin>;

/// A [`Program`](super::Program) that has started.
///
/// Its streams are pipes: a program whose output nobody reads waits, and how much is read is for the reader to limit. Both
/// outputs end when the program has ended, and what it wrote before can still be read then.
///
/// When its own process ends, everything that it has started ends. Dropping the session ends everything, too, and does not
/// wait for it.
pub struct Session {
    /// Its standard input; taken by whoever writes. Dropping it is the end of the program's input.
    pub stdin: Option<Writer>,
    /// Its standard output; taken by whoever reads.
    pub stdout: Option<Reader>,
    /// Its standard error; taken by whoever reads.
    pub stderr: Option<Reader>,
    running: JoinHandle<Result<Ended, SandboxError>>,
    ended: Option<Ended>,
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
    /// The session of what `running` looks after until it has ended, which is to be soon once `stop` is dropped.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code))]
    pub(super) fn new(streams: Streams, running: JoinHandle<Result<Ended, SandboxError>>, stop: DropGuard) -> Self {
        Self {
            stdin: Some(streams.stdin),
            stdout: Some(streams.stdout),
            stderr: Some(streams.stderr),
            running,
            ended: None,
            stop: Some(stop),
        }
    }

    /// Waits until the program has ended by itself or has exceeded a limit, and nothing of it is left. May be dropped and called
    /// again.
    pub async fn ended(&mut self) -> Ended {
        if let Some(ended) = &self.ended {
            return ended.clone();
        }
        let ended = match (&mut self.running).await {
            Ok(Ok(ended)) => ended,
            Ok(Err(error)) => lost(&error),
            Err(error) => lost(&error),
        };
        self.ended.insert(ended).clone()
    }

    /// Ends the program: closes those of its streams that were not taken, gives it `grace` to end by itself, and then ends it
    /// and everything that it has started.
    pub async fn end(mut self, grace: Duration) -> Ended {
        (self.stdin, self.stdout, self.stderr) = (None, None, None);
        if let Ok(ended) = timeout(grace, self.ended()).await {
            return ended;
        }
        self.stop = None;
        self.ended().await
    }
}

fn lost(error: &dyn std::error::Error) -> Ended {
    Ended {
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
