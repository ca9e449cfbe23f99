//! Removes leftovers of ended Kosmos processes from the engine.

use std::collections::HashMap;

use bollard::query_parameters::{ListContainersOptionsBuilder, ListVolumesOptionsBuilder};

use super::{engine::ContainerEngine, inputs, lease, owner};
use crate::SandboxError;

/// Removes containers and volumes whose owner was a process of this machine that has ended. Those of
/// other machines stay.
pub async fn remove_stale(engine: &ContainerEngine) -> Result<(), SandboxError> {
    let ours = HashMap::from([("label".to_owned(), vec![owner::LABEL.to_owned()])]);
    let mut removed = remove_containers(engine, &ours, owner::is_stale).await?;
    let options = ListVolumesOptionsBuilder::default().filters(&ours).build();
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
            "removed what an earlier Kosmos process had left in the container engine"
        );
    }
    Ok(())
}

/// Removes every container of one sandbox: those that could not be removed while the engine did not answer.
pub async fn remove_all_of(engine: &ContainerEngine, sandbox: &str) -> Result<(), SandboxError> {
    let label = format!("{}={sandbox}", owner::SANDBOX_LABEL);
    let its = HashMap::from([("label".to_owned(), vec![label])]);
    remove_containers(engine, &its, |_| true).await.map(drop)
}

async fn remove_containers(
    engine: &ContainerEngine,
    filters: &HashMap<String, Vec<String>>,
    wanted: impl Fn(&HashMap<String, String>) -> bool,
) -> Result<usize, SandboxError> {
    let options = ListContainersOptionsBuilder::default()
        .all(true)
        .filters(filters)
        .build();
    let containers = engine
        .call("list containers", engine.docker().list_containers(Some(options)))
        .await?;
    let mut removed = 0;
    for container in containers {
        if let (Some(id), Some(labels)) = (container.id, container.labels)
            && wanted(&labels)
        {
            lease::remove_container(engine, &id).await?;
            removed += 1;
        }
    }
    Ok(removed)
}
