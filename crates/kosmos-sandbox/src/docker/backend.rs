//! The Docker sandbox as the rest of Kosmos uses it.

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::{
    container::{CommonSettings, ContainerShape},
    engine::ContainerEngine,
    image,
    inputs::InputVolume,
    owner,
    pool::ContainerPool,
    probe,
    run::{self, DockerContext},
    seccomp, sweep,
};
use crate::{Execution, Guarantees, Job, Language, ResourceLimits, Sandbox, SandboxError};

/// Settings of a Docker sandbox.
#[derive(Debug, Clone)]
pub struct DockerOptions {
    /// The engine's address; by default `DOCKER_HOST` or the first socket that exists.
    pub engine: Option<String>,
    /// The image for each language: a name or a digest. By default the one that `kosmos sandbox build` makes;
    /// a language without an image cannot be used.
    pub images: HashMap<Language, String>,
    /// The container runtime, such as `runsc`; by default the engine's own.
    pub runtime: Option<String>,
    /// The run's id, which labels containers and volumes.
    pub run: Option<String>,
    /// Import the usual packages before a job arrives.
    pub warm: bool,
    /// Number of containers that are kept ready.
    pub pool: usize,
    /// How long to wait for an engine that stopped answering.
    pub patience: Duration,
    /// The limits of the expected jobs: containers for them are made in advance.
    pub expected: Option<ResourceLimits>,
}

impl Default for DockerOptions {
    fn default() -> Self {
        Self {
            engine: None,
            images: HashMap::new(),
            runtime: None,
            run: None,
            warm: true,
            pool: 2,
            patience: Duration::from_secs(300),
            expected: None,
        }
    }
}

/// Runs scripts in containers of Docker or of another engine with its API.
#[derive(Clone)]
pub struct DockerSandbox {
    site: Arc<DockerContext>,
    guarantees: Arc<Guarantees>,
    /// The image of each language that has one.
    images: HashMap<Language, image::SandboxImage>,
}

impl DockerSandbox {
    /// Connects to the engine, removes leftovers of dead Kosmos processes there, and measures with a real
    /// attack what a container withstands. Takes a second or two; needs a tokio runtime.
    ///
    /// # Errors
    /// [`SandboxError::Unavailable`] if there is no engine, no image, or an essential protection is missing.
    pub async fn start(options: DockerOptions) -> Result<Self, SandboxError> {
        let engine = ContainerEngine::connect(options.engine.as_deref()).await?;
        sweep::remove_stale(&engine).await?;
        let images = find_images(&engine, &options.images).await?;
        let common = Arc::new(CommonSettings {
            images: images
                .iter()
                .map(|(language, image)| (*language, image.id.clone()))
                .collect(),
            inputs: owner::unique_name("inputs"),
            runtime: options.runtime,
            seccomp: seccomp::seccomp_profile(),
            warm: options.warm,
            run: options.run,
        });
        let inputs = InputVolume::create(&engine, &common).await?;
        let pool = ContainerPool::new(engine.clone(), Arc::clone(&common), options.pool);
        if let Some(limits) = &options.expected {
            pool.prepare_shape(&ContainerShape::of(Language::Python, limits));
        }
        let site = Arc::new(DockerContext {
            engine,
            common,
            pool,
            inputs,
            patience: options.patience,
        });
        match probe::measure_guarantees(&site).await {
            Ok(guarantees) => Ok(Self {
                site,
                guarantees: Arc::new(guarantees),
                images,
            }),
            Err(error) => {
                remove_leftovers(&site).await;
                Err(error)
            }
        }
    }

    /// The image of each language that has one.
    #[must_use]
    pub fn images(&self) -> &HashMap<Language, image::SandboxImage> {
        &self.images
    }

    /// Returns the engine's address.
    #[must_use]
    pub fn engine_address(&self) -> &str {
        self.site.engine.host()
    }
}

impl fmt::Debug for DockerSandbox {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("DockerSandbox")
            .field("images", &self.images)
            .finish_non_exhaustive()
    }
}

impl Sandbox for DockerSandbox {
    fn run(&self, job: Job, cancel: CancellationToken) -> BoxFuture<'_, Result<Execution, SandboxError>> {
        let site = Arc::clone(&self.site);
        Box::pin(async move {
            // In its own task, so that dropping this future still ends the job in order.
            let abandoned = cancel.child_token();
            let _guard = abandoned.clone().drop_guard();
            match tokio::spawn(async move { run::run_job(&site, &job, &abandoned).await }).await {
                Ok(ended) => ended,
                Err(error) => Err(SandboxError::Lost(error.to_string())),
            }
        })
    }

    fn guarantees(&self) -> &Guarantees {
        &self.guarantees
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(remove_leftovers(&self.site))
    }
}

/// Removes ready containers and the inputs' volume.
async fn remove_leftovers(site: &DockerContext) {
    site.pool.remove_all().await;
    let containers = sweep::remove_all_of(&site.engine, &site.common.inputs).await;
    if let Err(error) = containers.and(site.inputs.remove().await) {
        tracing::warn!(%error, "could not remove everything from the container engine; the next run will");
    }
}

/// Finds the images that are named and those that exist by default. Only Python's is required.
async fn find_images(
    engine: &ContainerEngine,
    wanted: &HashMap<Language, String>,
) -> Result<HashMap<Language, image::SandboxImage>, SandboxError> {
    let mut found = HashMap::new();
    for language in [Language::Python, Language::R] {
        let name = wanted.get(&language).map(String::as_str);
        match image::find_image(engine.docker(), language, name).await {
            Ok(image) => {
                found.insert(language, image);
            }
            Err(image::ImageError::Missing { .. }) if language == Language::R && name.is_none() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(found)
}
