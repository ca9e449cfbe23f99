//! One container, from its creation to its removal.

use std::{fmt, pin::Pin, time::Duration};

use bollard::query_parameters::{
    AttachContainerOptionsBuilder, CreateContainerOptionsBuilder, InspectContainerOptions,
    RemoveContainerOptionsBuilder, RenameContainerOptionsBuilder, StartContainerOptions,
};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::{
    container::{self, CommonSettings, ContainerShape},
    engine::ContainerEngine,
    frames::{Frame, FrameError, Frames},
    owner,
};
use crate::SandboxError;

/// How long process 1 may take to import its packages.
const WAKING: Duration = Duration::from_secs(60);

/// A started container with process 1 ready for one job. Removed when dropped.
pub struct ContainerLease {
    engine: ContainerEngine,
    pub id: String,
    pub frames: Frames,
    input: Pin<Box<dyn AsyncWrite + Send>>,
    removed: bool,
}

impl ContainerLease {
    /// Creates and starts a container, and waits until it is ready for a job.
    pub async fn start_ready(
        engine: &ContainerEngine,
        common: &CommonSettings,
        shape: &ContainerShape,
    ) -> Result<Self, SandboxError> {
        let docker = engine.docker();
        let name = owner::unique_name("ready");
        let options = CreateContainerOptionsBuilder::default().name(&name).build();
        let body = container::container_body(common, shape);
        let made = engine
            .call("create a container", docker.create_container(Some(options), body))
            .await?;
        let id = made.id;
        let attached = async {
            let options = AttachContainerOptionsBuilder::default()
                .stream(true)
                .stdin(true)
                .stdout(true)
                .stderr(true)
                .build();
            // Before it starts, so that no output is missed.
            let attached = engine
                .call("attach to a container", docker.attach_container(&id, Some(options)))
                .await?;
            engine
                .call(
                    "start a container",
                    docker.start_container(&id, None::<StartContainerOptions>),
                )
                .await?;
            Ok(attached)
        };
        let attached = match attached.await {
            Ok(attached) => attached,
            Err(error) => {
                remove_later(engine.clone(), id);
                return Err(error);
            }
        };
        let mut lease = Self {
            engine: engine.clone(),
            id,
            frames: Frames::new(attached.output),
            input: attached.input,
            removed: false,
        };
        match lease.frames.next_frame_within(WAKING).await {
            Ok(Frame::Ready) => Ok(lease),
            Ok(_) => Err(container_lost(&FrameError::Nonsense)),
            // The container named a reason, so the engine is not at fault and the next attempt would fail too.
            Err(FrameError::Ended { said }) if !said.is_empty() => Err(SandboxError::Setup {
                step: "start the interpreter in a container".to_owned(),
                cause: said,
            }),
            Err(broken) => Err(container_lost(&broken)),
        }
    }

    /// Gives the container a name that contains `what` it is used for.
    pub async fn rename(&mut self, what: &str) -> Result<(), SandboxError> {
        let options = RenameContainerOptionsBuilder::default()
            .name(&owner::unique_name(what))
            .build();
        let rename = self.engine.docker().rename_container(&self.id, options);
        self.engine.call("rename a container", rename).await
    }

    /// Sends a line to process 1.
    pub async fn send_line(&mut self, line: &str) -> Result<(), SandboxError> {
        let told = async {
            self.input.write_all(line.as_bytes()).await?;
            self.input.write_all(b"\n").await?;
            self.input.flush().await
        };
        told.await.map_err(|error| SandboxError::EngineLost {
            action: "instruct a container",
            cause: error.to_string(),
        })
    }

    /// Returns true if the engine ended the container because it was out of memory.
    pub async fn was_out_of_memory(&mut self) -> bool {
        let inspect = self
            .engine
            .docker()
            .inspect_container(&self.id, None::<InspectContainerOptions>);
        let found = self.engine.call("inspect a container", inspect).await;
        found
            .ok()
            .and_then(|found| found.state)
            .and_then(|state| state.oom_killed)
            .unwrap_or(false)
    }

    /// Removes the container with everything in it.
    pub async fn remove(mut self) -> Result<(), SandboxError> {
        self.removed = true;
        let (engine, id) = (self.engine.clone(), self.id.clone());
        // Closes the stream first: the engine can wait for minutes for a client that does not read.
        drop(self);
        remove_container(&engine, &id).await
    }
}

impl fmt::Debug for ContainerLease {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Lease").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Drop for ContainerLease {
    fn drop(&mut self) {
        if !self.removed {
            remove_later(self.engine.clone(), std::mem::take(&mut self.id));
        }
    }
}

/// Returns the error for a broken stream: the container or the engine is gone.
pub fn container_lost(broken: &FrameError) -> SandboxError {
    SandboxError::EngineLost {
        action: "run a container",
        cause: broken.to_string(),
    }
}

/// Removes a container, its processes and its anonymous volumes.
pub async fn remove_container(engine: &ContainerEngine, id: &str) -> Result<(), SandboxError> {
    let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
    let removed = engine
        .call(
            "remove a container",
            engine.docker().remove_container(id, Some(options)),
        )
        .await;
    match removed {
        // Removed, or being removed.
        Err(SandboxError::Engine { status: 404 | 409, .. }) => Ok(()),
        other => other,
    }
}

/// Removes a container without waiting for it. If that fails, a later Kosmos removes it.
fn remove_later(engine: ContainerEngine, id: String) {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(async move {
            if let Err(error) = remove_container(&engine, &id).await {
                tracing::debug!(container = id, %error, "could not remove a container; a later start will");
            }
        });
    }
}
