//! The sandbox itself: what the rest of kosmos holds.

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::{
    container::{Common, Shape},
    engine::Engine,
    image,
    inputs::Inputs,
    owner,
    pool::Pool,
    probe,
    run::{self, Site},
    seccomp, sweep,
};
use crate::{Execution, Guarantees, Job, Language, Limits, Sandbox, SandboxError};

/// What a Docker sandbox is made from.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the engine is; otherwise `DOCKER_HOST` or a socket that is found.
    pub engine: Option<String>,
    /// The image for each language: a name or a digest. Otherwise the one that `kosmos sandbox build` makes;
    /// a language without either can't be used.
    pub images: HashMap<Language, String>,
    /// Another runtime than the engine's own, such as `runsc`.
    pub runtime: Option<String>,
    /// The run that this is for, put on labels.
    pub run: Option<String>,
    /// Import the usual packages before the job is there.
    pub warm: bool,
    /// Containers that are kept ready.
    pub pool: usize,
    /// How long to wait for an engine that has gone.
    pub patience: Duration,
    /// The limits of the jobs that are expected: containers for them are made ahead.
    pub expected: Option<Limits>,
}

impl Default for Options {
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

/// Runs scripts in containers of a Docker engine, or of what speaks its language.
#[derive(Clone)]
pub struct DockerSandbox {
    site: Arc<Site>,
    guarantees: Arc<Guarantees>,
    /// The image of each language that there is.
    images: HashMap<Language, image::Found>,
}

impl DockerSandbox {
    /// Connects to the engine, removes what dead kosmos processes left there, and measures by a real
    /// attack what a container withstands. Takes a second or two; needs a tokio runtime.
    ///
    /// # Errors
    /// [`SandboxError::Unavailable`] if there is no engine, no image, or an essential protection is missing,
    /// with the remedy.
    pub async fn start(options: Options) -> Result<Self, SandboxError> {
        let engine = Engine::connect(options.engine.as_deref()).await?;
        sweep::sweep(&engine).await?;
        let images = find_images(&engine, &options.images).await?;
        let common = Arc::new(Common {
            images: images
                .iter()
                .map(|(language, image)| (*language, image.id.clone()))
                .collect(),
            inputs: owner::unique_name("inputs"),
            runtime: options.runtime,
            seccomp: seccomp::profile(),
            warm: options.warm,
            run: options.run,
        });
        let inputs = Inputs::make(&engine, &common).await?;
        let pool = Pool::new(engine.clone(), Arc::clone(&common), options.pool);
        if let Some(limits) = &options.expected {
            pool.prepare(&Shape::of(Language::Python, limits));
        }
        let site = Arc::new(Site {
            engine,
            common,
            pool,
            inputs,
            patience: options.patience,
        });
        match probe::probe(&site).await {
            Ok(guarantees) => Ok(Self {
                site,
                guarantees: Arc::new(guarantees),
                images,
            }),
            Err(error) => {
                clear(&site).await;
                Err(error)
            }
        }
    }

    /// The image of each language that there is.
    #[must_use]
    pub fn images(&self) -> &HashMap<Language, image::Found> {
        &self.images
    }

    /// Where the engine is.
    #[must_use]
    pub fn engine(&self) -> &str {
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
            // A task of its own, so that dropping this future ends the job in order.
            let abandoned = cancel.child_token();
            let _guard = abandoned.clone().drop_guard();
            match tokio::spawn(async move { run::run(&site, &job, &abandoned).await }).await {
                Ok(ended) => ended,
                Err(error) => Err(SandboxError::Lost(error.to_string())),
            }
        })
    }

    fn guarantees(&self) -> &Guarantees {
        &self.guarantees
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(clear(&self.site))
    }
}

/// Removes ready containers and the inputs.
async fn clear(site: &Site) {
    site.pool.empty().await;
    let containers = sweep::remove_all_of(&site.engine, &site.common.inputs).await;
    if let Err(error) = containers.and(site.inputs.remove().await) {
        tracing::warn!(%error, "something was left in the container engine; the next run removes it");
    }
}

/// The digests of the images that are wanted, and of those that are there. Python is always wanted.
async fn find_images(
    engine: &Engine,
    wanted: &HashMap<Language, String>,
) -> Result<HashMap<Language, image::Found>, SandboxError> {
    let mut found = HashMap::new();
    for language in [Language::Python, Language::R] {
        let name = wanted.get(&language).map(String::as_str);
        match image::find(engine.docker(), language, name).await {
            Ok(image) => {
                found.insert(language, image);
            }
            Err(image::ImageError::Missing { .. }) if language == Language::R && name.is_none() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(found)
}
