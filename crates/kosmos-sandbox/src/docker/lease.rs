//! One container, from its making to its removal.

use std::{fmt, pin::Pin, time::Duration};

use bollard::query_parameters::{
    AttachContainerOptionsBuilder, CreateContainerOptionsBuilder, InspectContainerOptions,
    RemoveContainerOptionsBuilder, RenameContainerOptionsBuilder, StartContainerOptions,
};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::{
    container::{self, Common, Shape},
    engine::Engine,
    frames::{Broken, Frame, Frames},
    owner,
};
use crate::SandboxError;

/// How long process 1 may take to import its packages.
const WAKING: Duration = Duration::from_secs(60);

/// A started container with process 1 ready for one job. Removed when dropped.
pub struct Lease {
    engine: Engine,
    pub id: String,
    pub frames: Frames,
    input: Pin<Box<dyn AsyncWrite + Send>>,
    removed: bool,
}

impl Lease {
    /// Makes and starts a container, and waits until it is ready.
    pub async fn make(engine: &Engine, common: &Common, shape: &Shape) -> Result<Self, SandboxError> {
        let docker = engine.docker();
        let name = owner::unique_name("ready");
        let options = CreateContainerOptionsBuilder::default().name(&name).build();
        let body = container::describe(common, shape);
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
            // Before it starts, so that nothing is missed.
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
        match lease.frames.next_within(WAKING).await {
            Ok(Frame::Ready) => Ok(lease),
            Ok(_) => Err(lost(&Broken::Nonsense)),
            // It said why, so it is not the engine's doing and would happen again.
            Err(Broken::Ended { said }) if !said.is_empty() => Err(SandboxError::Setup {
                step: "start the interpreter in a container".to_owned(),
                cause: said,
            }),
            Err(broken) => Err(lost(&broken)),
        }
    }

    /// Gives the container a name that says what it is used for.
    pub async fn rename(&mut self, what: &str) -> Result<(), SandboxError> {
        let options = RenameContainerOptionsBuilder::default()
            .name(&owner::unique_name(what))
            .build();
        let rename = self.engine.docker().rename_container(&self.id, options);
        self.engine.call("rename a container", rename).await
    }

    /// Sends process 1 a line.
    pub async fn tell(&mut self, line: &str) -> Result<(), SandboxError> {
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

    /// Whether the engine ended the container for want of memory.
    pub async fn out_of_memory(&mut self) -> bool {
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
        // First the stream: the engine can wait for minutes for a client that does not read.
        drop(self);
        remove(&engine, &id).await
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Lease").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.removed {
            remove_later(self.engine.clone(), std::mem::take(&mut self.id));
        }
    }
}

/// What a broken stream means: the container or the engine has gone.
pub fn lost(broken: &Broken) -> SandboxError {
    SandboxError::EngineLost {
        action: "run a container",
        cause: broken.to_string(),
    }
}

/// Removes a container, its processes and its volumes of no name.
pub async fn remove(engine: &Engine, id: &str) -> Result<(), SandboxError> {
    let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
    let removed = engine
        .call(
            "remove a container",
            engine.docker().remove_container(id, Some(options)),
        )
        .await;
    match removed {
        // Gone, or on its way.
        Err(SandboxError::Engine { status: 404 | 409, .. }) => Ok(()),
        other => other,
    }
}

/// Removes a container when nobody can wait for it. What fails is swept by a later kosmos.
fn remove_later(engine: Engine, id: String) {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(async move {
            if let Err(error) = remove(&engine, &id).await {
                tracing::debug!(container = id, %error, "a container was left to be swept");
            }
        });
    }
}
