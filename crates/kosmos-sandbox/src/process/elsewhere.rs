//! Replaces the backend on systems without Linux namespaces.

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::ProcessOptions;
use crate::{Execution, Guarantees, Job, Program, Sandbox, SandboxError, Session};

/// A process sandbox that cannot be started; the error says what to use instead.
#[derive(Debug)]
pub struct UnavailableSandbox {
    guarantees: Guarantees,
}

impl UnavailableSandbox {
    /// Fails, for this is not Linux.
    ///
    /// # Errors
    /// Always [`SandboxError::Unavailable`].
    pub async fn start(_: ProcessOptions) -> Result<Self, SandboxError> {
        Err(unavailable())
    }

    /// Fails, for this is not Linux.
    ///
    /// # Errors
    /// Always [`SandboxError::Unavailable`].
    pub async fn open_session(&self, _: Program) -> Result<Session, SandboxError> {
        Err(unavailable())
    }
}

impl Sandbox for UnavailableSandbox {
    fn run(&self, _: Job, _: CancellationToken) -> BoxFuture<'_, Result<Execution, SandboxError>> {
        Box::pin(async { Err(unavailable()) })
    }

    fn guarantees(&self) -> &Guarantees {
        &self.guarantees
    }
}

fn unavailable() -> SandboxError {
    SandboxError::Unavailable {
        missing: vec!["the process sandbox is built on Linux namespaces".to_owned()],
        remedy: "set the sandbox's backend to `docker`, or run kosmos on Linux".to_owned(),
    }
}
