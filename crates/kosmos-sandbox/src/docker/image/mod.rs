//! The images that scripts run in.
//!
//! [`build_image`] makes an image on an engine and [`find_image`] finds it at every later start. An image's tag is made
//! from everything that goes into it, so that a new version of Kosmos never runs on the image of an old one.
//! No step of a build needs a registry: without one, the base is made of Debian's packages.
//!
//! | file | noun |
//! |---|---|
//! | `recipe` | the contents of an image, and its tag and labels |
//! | `base` | the image it is built on: pulled, named, or made |
//! | `debian` | a root file system of Debian's packages |
//! | `question` | the questions that a base answers about itself |
//! | `wheels` | the packages of the lock, fetched for the base's Python |
//! | `extra` | packages besides those of the lock |
//! | `context` | the build context that is sent to the engine |
//! | `steps` | the engine's account of a build, as [`BuildProgress`] and [`ImageError`] |
//! | `program` | a program of the host that ends with the future that waits for it |

mod base;
mod context;
mod debian;
mod error;
mod extra;
mod program;
mod progress;
mod question;
mod recipe;
mod steps;
mod wheels;

use std::{path::PathBuf, time::Duration};

use bollard::{Docker, body_try_stream, models::ImageInspect, query_parameters::BuildImageOptionsBuilder};
use serde::{Deserialize, Serialize};

pub use base::Base;
pub use error::{BaseFault, ImageError};
pub use progress::BuildProgress;
pub use recipe::{image_tag, label};

use self::recipe::ImageRecipe;
use crate::{
    Language,
    interpreter::cache::{CachePlace, EnvironmentCache},
};

/// How long the engine may take to answer a simple question.
const ANSWER: Duration = Duration::from_secs(60);

/// How long it may be silent while it works: unpacking and compiling print nothing for a long time.
const SILENCE: Duration = Duration::from_secs(30 * 60);

/// Options of a build.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BuildOptions {
    /// The language of the scripts that will run in it.
    pub language: Language,
    /// Packages for Python besides those of the lock, each as `name==version`.
    pub packages: Vec<String>,
    /// The base image.
    pub base: Base,
    /// Builds even if the image exists, on a freshly pulled base.
    pub force: bool,
    /// The mirror of Debian to make a base from; by default mmdebstrap's or debootstrap's own choice.
    pub mirror: Option<String>,
    /// The host's Python whose pip fetches the packages; by default the first supported one in `PATH`.
    pub python: Option<PathBuf>,
    /// The folder for downloads; by default `$XDG_CACHE_HOME/kosmos` or `~/.cache/kosmos`.
    pub cache: Option<PathBuf>,
}

/// An image that scripts can run in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SandboxImage {
    /// Its digest, `sha256:...`. Containers are started by this, since a tag can be moved.
    pub id: String,
    /// The name it was found by.
    pub tag: String,
    /// The language of the scripts that run in it.
    pub language: Language,
    /// The version of the Python that scripts run on, such as `3.11.2`; none for R.
    pub python: Option<String>,
    /// The hash of what went into it; [`image_tag`] ends with it unless another version of Kosmos made the image.
    pub recipe: String,
    /// Its size in bytes, the base's included.
    pub size: u64,
}

/// The result of [`build_image`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BuiltImage {
    /// The image.
    pub image: SandboxImage,
    /// True if it was just built; false if it existed.
    pub fresh: bool,
}

/// Builds the image for a language, unless it is there.
///
/// Dropping the future ends the build: the engine removes the step's container, and programs of the host
/// are asked to end. Several processes may call this at once; one of them builds.
///
/// # Errors
/// [`ImageError`], whose `help()` says what to do about it.
pub async fn build_image(
    docker: &Docker,
    options: &BuildOptions,
    progress: &(dyn Fn(BuildProgress) + Sync),
) -> Result<BuiltImage, ImageError> {
    // The engine sends headers only once an upload is unpacked; silence is measured here.
    let docker = &docker.clone().with_timeout(SILENCE);
    let recipe = ImageRecipe::for_language(options.language).with_packages(&options.packages);
    let there = |image: SandboxImage| {
        progress(BuildProgress::Exists { tag: image.tag.clone() });
        BuiltImage { image, fresh: false }
    };
    if !options.force
        && let Some(image) = inspect_image(docker, options.language, &recipe.image_tag()).await?
    {
        return Ok(there(image));
    }
    let cache = EnvironmentCache::open(options.cache.as_deref())?;
    let place = cache.place(&format!("image-{}-{}", options.language, recipe.short_hash()));
    progress(BuildProgress::Waiting {
        path: place.folder.clone(),
    });
    let (place, _held) = run_blocking(move || place.lock().map(|held| (place, held))).await??;
    // Another process may have built it while this one waited.
    if !options.force
        && let Some(image) = inspect_image(docker, options.language, &recipe.image_tag()).await?
    {
        return Ok(there(image));
    }
    let ingredients = match options.packages.is_empty() {
        true => Ingredients::of_lock(docker, options, &cache, &place, progress).await?,
        false => Ingredients::of_packages(docker, options, &cache, &place, progress).await?,
    };
    let asked = BuildImageOptionsBuilder::default()
        .dockerfile("Dockerfile")
        .t(&recipe.image_tag())
        .rm(true)
        .forcerm(true)
        .nocache(options.force)
        .networkmode(ingredients.network)
        .buildargs(&recipe.build_arguments(&ingredients.base))
        .labels(&recipe.labels(ingredients.python.as_deref()))
        .build();
    let context = body_try_stream(context::stream_context(recipe.clone(), ingredients.packages.clone()));
    let built = steps::follow_build(docker.build_image(asked, None, Some(context)), progress).await;
    steps::remove_leftovers(docker, recipe.short_hash()).await;
    built?;
    let image = find_image(docker, options.language, Some(&recipe.image_tag())).await?;
    progress(BuildProgress::Ready { tag: image.tag.clone() });
    Ok(BuiltImage { image, fresh: true })
}

/// The inputs of a Dockerfile.
struct Ingredients {
    /// The image to build on.
    base: String,
    /// The version of its Python, for scripts in Python.
    python: Option<String>,
    /// The folder of packages.
    packages: Option<PathBuf>,
    network: &'static str,
    /// Kept until the build has ended, and removed then.
    _folder: Option<base::TemporaryFolder>,
}

impl Ingredients {
    async fn of_lock(
        docker: &Docker,
        options: &BuildOptions,
        cache: &EnvironmentCache,
        place: &CachePlace,
        progress: &(dyn Fn(BuildProgress) + Sync),
    ) -> Result<Self, ImageError> {
        let mut all = Self {
            base: base::prepare_base(docker, options, place, progress).await?,
            python: None,
            packages: None,
            network: "none",
            _folder: None,
        };
        match options.language {
            Language::Python => {
                let target = question::ask_for_target(docker, &all.base).await?;
                all.packages = Some(wheels::fetch_locked_wheels(&target, options, cache, progress).await?);
                all.python = Some(target.python_version());
            }
            Language::R if question::has_r(docker, &all.base).await? => {}
            // The build itself fetches Debian's packages.
            Language::R => all.network = "default",
        }
        Ok(all)
    }

    /// For packages besides the lock's: the lock's image, which is built if it is missing, and their files.
    async fn of_packages(
        docker: &Docker,
        options: &BuildOptions,
        cache: &EnvironmentCache,
        place: &CachePlace,
        progress: &(dyn Fn(BuildProgress) + Sync),
    ) -> Result<Self, ImageError> {
        let lock = BuildOptions {
            packages: Vec::new(),
            ..options.clone()
        };
        let base = Box::pin(build_image(docker, &lock, progress)).await?.image.id;
        let target = question::ask_for_target(docker, &base).await?;
        let folder = base::TemporaryFolder::create(&place.building)?;
        Ok(Self {
            packages: Some(extra::fetch_extra_packages(&target, options, cache, &folder, progress).await?),
            python: Some(target.python_version()),
            base,
            network: "none",
            _folder: Some(folder),
        })
    }
}

/// Finds the image for a language: the named one, or by default that of this version of Kosmos.
///
/// # Errors
/// [`ImageError::Missing`] if the engine does not have it, or [`ImageError::Foreign`] if the named image was
/// not built by Kosmos for this language.
pub async fn find_image(docker: &Docker, language: Language, wanted: Option<&str>) -> Result<SandboxImage, ImageError> {
    let tag = wanted.map_or_else(|| image_tag(language), ToOwned::to_owned);
    inspect_image(docker, language, &tag)
        .await?
        .ok_or(ImageError::Missing { tag, language })
}

/// Returns the image by that name, if there is one.
async fn inspect_image(docker: &Docker, language: Language, tag: &str) -> Result<Option<SandboxImage>, ImageError> {
    match await_answer("inspect the image", docker.inspect_image(tag)).await {
        Ok(image) => read_labels(image, language, tag).map(Some),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns the digest of the image by that name, if there is one.
async fn inspect_image_id(docker: &Docker, tag: &str) -> Result<Option<String>, ImageError> {
    match await_answer("inspect the image", docker.inspect_image(tag)).await {
        Ok(image) => Ok(image.id),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads an image's labels.
fn read_labels(image: ImageInspect, language: Language, tag: &str) -> Result<SandboxImage, ImageError> {
    let labels = image.config.and_then(|config| config.labels).unwrap_or_default();
    let is_for = labels.get(label::LANGUAGE).map(String::as_str);
    let (Some(id), Some(recipe), true) = (
        image.id,
        labels.get(label::RECIPE),
        is_for == Some(&language.to_string()),
    ) else {
        return Err(ImageError::Foreign {
            tag: tag.to_owned(),
            language,
        });
    };
    Ok(SandboxImage {
        id,
        tag: tag.to_owned(),
        language,
        python: labels.get(label::PYTHON).cloned(),
        recipe: recipe.clone(),
        size: image.size.and_then(|size| size.try_into().ok()).unwrap_or_default(),
    })
}

/// Waits for one answer of the engine, for [`ANSWER`] at most.
async fn await_answer<T>(
    action: &'static str,
    call: impl Future<Output = Result<T, bollard::errors::Error>>,
) -> Result<T, ImageError> {
    match tokio::time::timeout(ANSWER, call).await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(source)) => Err(ImageError::by_engine(action)(source)),
        Err(_) => Err(ImageError::Silent {
            action,
            seconds: ANSWER.as_secs(),
        }),
    }
}

/// Runs `work` on a thread that may block.
async fn run_blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ImageError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| ImageError::Lost(error.to_string()))
}
