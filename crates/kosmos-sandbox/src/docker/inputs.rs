//! The inputs of all jobs, in one volume that containers can read but not change.
//!
//! A table is sent to the engine once, however many experiments read it: it is in the volume under a
//! name derived from its path, size and time, and a link in each container leads to it from the path that the script
//! reads.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bollard::{
    models::VolumeCreateRequest,
    query_parameters::{CreateContainerOptionsBuilder, RemoveVolumeOptionsBuilder},
};
use sha2::{Digest, Sha256};
use tokio::sync::{Mutex, OnceCell};

use super::{
    container::{self, CommonSettings, INPUTS},
    engine::ContainerEngine,
    lease, owner, upload,
};
use crate::{Job, Language, SandboxError};

/// How long the upload of one input may take: a gigabyte over a slow line.
const UPLOAD: Duration = Duration::from_secs(600);
/// How long containers may take to release the volume.
const RELEASE: Duration = Duration::from_secs(10);

/// The volume and its contents.
#[derive(Debug)]
pub struct InputVolume {
    engine: ContainerEngine,
    common: Arc<CommonSettings>,
    /// The container through which the volume is written.
    store: String,
    present: Mutex<HashMap<String, Arc<OnceCell<()>>>>,
}

impl InputVolume {
    /// Creates the volume and the container through which it is written.
    pub async fn create(engine: &ContainerEngine, common: &Arc<CommonSettings>) -> Result<Self, SandboxError> {
        let docker = engine.docker();
        let volume = VolumeCreateRequest {
            name: Some(common.inputs.clone()),
            labels: Some(container::owner_labels(common)),
            ..VolumeCreateRequest::default()
        };
        engine.call("create a volume", docker.create_volume(volume)).await?;
        let language = common.images.keys().next().copied().unwrap_or(Language::Python);
        let options = CreateContainerOptionsBuilder::default()
            .name(&owner::unique_name("inputs"))
            .build();
        let body = container::store_body(common, language);
        let made = engine
            .call("create a container", docker.create_container(Some(options), body))
            .await?;
        Ok(Self {
            engine: engine.clone(),
            common: Arc::clone(common),
            store: made.id,
            present: Mutex::default(),
        })
    }

    /// Sends those inputs of `job` that the volume lacks, and returns the paths of all inside, in their order.
    pub async fn upload_inputs(&self, job: &Job) -> Result<Vec<PathBuf>, SandboxError> {
        let mut places = Vec::new();
        for input in &job.inputs {
            let host = input.host.clone();
            let (host, name) = tokio::task::spawn_blocking(move || content_name(&host))
                .await
                .map_err(|error| SandboxError::Lost(error.to_string()))??;
            let cell = Arc::clone(self.present.lock().await.entry(name.clone()).or_default());
            // If several jobs need it, one sends it and the others wait.
            cell.get_or_try_init(|| {
                upload::upload_input(&self.engine, &self.store, INPUTS, host, name.clone(), UPLOAD)
            })
            .await?;
            places.push(Path::new(INPUTS).join(name));
        }
        Ok(places)
    }

    /// Removes the volume, once the last container that uses it is gone.
    pub async fn remove(&self) -> Result<(), SandboxError> {
        lease::remove_container(&self.engine, &self.store).await?;
        let deadline = Instant::now() + RELEASE;
        loop {
            match remove_volume(&self.engine, &self.common.inputs).await {
                Err(SandboxError::Engine { status: 409, .. }) if Instant::now() < deadline => {}
                other => return other,
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Removes a volume, if it exists.
pub async fn remove_volume(engine: &ContainerEngine, name: &str) -> Result<(), SandboxError> {
    let options = RemoveVolumeOptionsBuilder::default().force(true).build();
    let removed = engine
        .call("remove a volume", engine.docker().remove_volume(name, Some(options)))
        .await;
    match removed {
        Err(SandboxError::Engine { status: 404, .. }) => Ok(()),
        other => other,
    }
}

/// Returns the path with links resolved, and a name that changes when the file, or one in the folder, does.
fn content_name(path: &Path) -> Result<(PathBuf, String), SandboxError> {
    let host = fs::canonicalize(path).map_err(SandboxError::on_host("find", path))?;
    let mut hash = Sha256::new();
    let mut pending = vec![host.clone()];
    while let Some(path) = pending.pop() {
        let found = fs::symlink_metadata(&path).map_err(SandboxError::on_host("read", &path))?;
        hash.update(path.as_os_str().as_encoded_bytes());
        hash.update(b"\0");
        if found.is_dir() {
            let entries = fs::read_dir(&path).map_err(SandboxError::on_host("list", &path))?;
            let mut inner: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
            inner.sort();
            pending.extend(inner);
        } else {
            let changed = found.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            let since = changed.duration_since(UNIX_EPOCH).unwrap_or_default();
            hash.update(found.len().to_be_bytes());
            hash.update(since.as_nanos().to_be_bytes());
        }
    }
    let hash = format!("{:x}", hash.finalize());
    Ok((host, hash.get(..32).unwrap_or(&hash).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_input_is_another() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("table.csv");
        fs::write(&file, "a").unwrap();
        let (_, before) = content_name(&file).unwrap();
        let (_, folder) = content_name(home.path()).unwrap();
        assert_eq!(content_name(&file).unwrap().1, before);
        fs::write(&file, "ab").unwrap();
        assert_ne!(content_name(&file).unwrap().1, before);
        assert_ne!(content_name(home.path()).unwrap().1, folder);
        assert!(content_name(&home.path().join("none")).is_err());
    }
}
