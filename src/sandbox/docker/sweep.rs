//! Removing what kosmos processes that have ended left in the engine.

use std::collections::HashMap;

use bollard::query_parameters::{ListContainersOptionsBuilder, ListVolumesOptionsBuilder};

use super::{engine::Engine, inputs, lease, owner};
use crate::sandbox::SandboxError;

/// Removes containers and volumes whose owner was a process of this machine that has ended. Those of
/// other machines are left to them.
pub async fn sweep(engine: &Engine) -> Result<usize, SandboxError> {
    let filters = HashMap::from([("label".to_owned(), vec![owner::LABEL.to_owned()])]);
    let mut removed = 0;
    let options = ListContainersOptionsBuilder::default()
        .all(true)
        .filters(&filters)
        .build();
    let containers = engine
        .call("list containers", engine.docker().list_containers(Some(options)))
        .await?;
    for container in containers {
        if let (Some(id), Some(labels)) = (container.id, container.labels)
            && owner::is_stale(&labels)
        {
            lease::remove(engine, &id).await?;
            removed += 1;
        }
    }
    let options = ListVolumesOptionsBuilder::default().filters(&filters).build();
    let volumes = engine
        .call("list volumes", engine.docker().list_volumes(Some(options)))
        .await?;
    for volume in volumes.volumes.unwrap_or_default() {
        if owner::is_stale(&volume.labels) {
            inputs::remove_volume(engine, &volume.name).await?;
            removed += 1;
        }
    }
    if removed > 0 {
        tracing::info!(
            removed,
            "removed what an earlier kosmos had left in the container engine"
        );
    }
    Ok(removed)
}
