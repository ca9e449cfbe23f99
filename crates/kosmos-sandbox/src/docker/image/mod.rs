//! The images that scripts run in, and how they are made.
//!
//! [`build`] makes an image on an engine and [`find`] finds it at every later start. An image's tag is made
//! from everything that goes into it, so that a new version of kosmos never runs on the image of an old one.
//! No step of a build needs a registry: where none can be reached the base is made of Debian's packages.
//!
//! | file | noun |
//! |---|---|
//! | `recipe` | what goes into an image, and the tag and labels that come of it |
//! | `base` | the image it is built upon: pulled, named, or made |
//! | `debian` | a root file system of Debian's packages |
//! | `question` | what a base says of itself |
//! | `wheels` | the packages of the lock, fetched for the base's Python |
//! | `extra` | packages besides those of the lock |
//! | `context` | what is sent to the engine to build from |
//! | `steps` | the engine's account of a build, as [`Progress`] and [`ImageError`] |
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
pub use progress::Progress;
pub use recipe::{label, tag};

use self::recipe::Recipe;
use crate::{
    Language,
    interpreter::cache::{Cache, Place},
};

/// How long the engine may take to answer a simple question.
const ANSWER: Duration = Duration::from_secs(60);

/// How long it may be silent while it works: unpacking or compiling says nothing for a long time.
const SILENCE: Duration = Duration::from_secs(30 * 60);

/// What to build, and of what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BuildOptions {
    /// The language of the scripts that will run in it.
    pub language: Language,
    /// Packages for Python besides those of the lock, each as `name==version`.
    pub packages: Vec<String>,
    /// What to build upon.
    pub base: Base,
    /// Builds even if the image is there, on a fresh base.
    pub force: bool,
    /// The mirror of Debian to make a base from; otherwise mmdebstrap's or debootstrap's own choice.
    pub mirror: Option<String>,
    /// The host's Python whose pip fetches the packages; otherwise the first good one in `PATH`.
    pub python: Option<PathBuf>,
    /// The folder for what is fetched; otherwise `$XDG_CACHE_HOME/kosmos` or `~/.cache/kosmos`.
    pub cache: Option<PathBuf>,
}

/// An image that scripts can run in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Its digest, `sha256:...`; start containers by this, for a tag can be moved.
    pub id: String,
    /// The name it was found by.
    pub tag: String,
    /// The language of the scripts that run in it.
    pub language: Language,
    /// The version of the Python that scripts run on, such as `3.11.2`; none for R.
    pub python: Option<String>,
    /// The hash of what went into it; [`tag`] ends with it unless another version of kosmos made the image.
    pub recipe: String,
    /// Its size in bytes, the base's included.
    pub size: u64,
}

/// What came of a [`build`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Built {
    /// The image.
    pub image: Found,
    /// Whether it was built just now; otherwise it was there.
    pub fresh: bool,
}

/// Builds the image for a language, unless it is there.
///
/// Dropping the future ends the build: the engine removes the step's container, and programs of the host
/// are told to end. Several processes may do this at once; one of them builds.
///
/// # Errors
/// [`ImageError`], which says what to do about it.
pub async fn build(
    docker: &Docker,
    options: &BuildOptions,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Built, ImageError> {
    // Headers come only once an upload is unpacked; silence is watched by us.
    let docker = &docker.clone().with_timeout(SILENCE);
    let recipe = Recipe::of(options.language).with(&options.packages);
    let there = |image: Found| {
        progress(Progress::Exists { tag: image.tag.clone() });
        Built { image, fresh: false }
    };
    if !options.force
        && let Some(image) = existing(docker, options.language, &recipe.tag()).await?
    {
        return Ok(there(image));
    }
    let cache = Cache::open(options.cache.as_deref())?;
    let place = cache.place(&format!("image-{}-{}", options.language, recipe.short()));
    progress(Progress::Waiting {
        path: place.folder.clone(),
    });
    let (place, _held) = blocking(move || place.lock().map(|held| (place, held))).await??;
    // Another process may have built it while we waited.
    if !options.force
        && let Some(image) = existing(docker, options.language, &recipe.tag()).await?
    {
        return Ok(there(image));
    }
    let ingredients = match options.packages.is_empty() {
        true => Ingredients::of_lock(docker, options, &cache, &place, progress).await?,
        false => Ingredients::of_packages(docker, options, &cache, &place, progress).await?,
    };
    let asked = BuildImageOptionsBuilder::default()
        .dockerfile("Dockerfile")
        .t(&recipe.tag())
        .rm(true)
        .forcerm(true)
        .nocache(options.force)
        .networkmode(ingredients.network)
        .buildargs(&recipe.arguments(&ingredients.base))
        .labels(&recipe.labels(ingredients.python.as_deref()))
        .build();
    let context = body_try_stream(context::stream(recipe.clone(), ingredients.packages.clone()));
    let built = steps::follow(docker.build_image(asked, None, Some(context)), progress).await;
    steps::remove_leftovers(docker, recipe.short()).await;
    built?;
    let image = find(docker, options.language, Some(&recipe.tag())).await?;
    progress(Progress::Ready { tag: image.tag.clone() });
    Ok(Built { image, fresh: true })
}

/// What a Dockerfile is given.
struct Ingredients {
    /// The image to build upon.
    base: String,
    /// The version of its Python, for scripts in Python.
    python: Option<String>,
    /// The folder of packages.
    packages: Option<PathBuf>,
    network: &'static str,
    /// Holds what is gone after the build.
    _folder: Option<base::Folder>,
}

impl Ingredients {
    async fn of_lock(
        docker: &Docker,
        options: &BuildOptions,
        cache: &Cache,
        place: &Place,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Self, ImageError> {
        let mut all = Self {
            base: base::prepare(docker, options, place, progress).await?,
            python: None,
            packages: None,
            network: "none",
            _folder: None,
        };
        match options.language {
            Language::Python => {
                let target = question::ask_for_target(docker, &all.base).await?;
                all.packages = Some(wheels::fetch(&target, options, cache, progress).await?);
                all.python = Some(target.version());
            }
            Language::R if question::has_r(docker, &all.base).await? => {}
            // The build itself fetches Debian's packages.
            Language::R => all.network = "default",
        }
        Ok(all)
    }

    /// For packages besides the lock's: the lock's image, which is built if need be, and their files.
    async fn of_packages(
        docker: &Docker,
        options: &BuildOptions,
        cache: &Cache,
        place: &Place,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Self, ImageError> {
        let lock = BuildOptions {
            packages: Vec::new(),
            ..options.clone()
        };
        let base = Box::pin(build(docker, &lock, progress)).await?.image.id;
        let target = question::ask_for_target(docker, &base).await?;
        let folder = base::Folder::make(&place.building)?;
        Ok(Self {
            packages: Some(extra::fetch(&target, options, cache, &folder, progress).await?),
            python: Some(target.version()),
            base,
            network: "none",
            _folder: Some(folder),
        })
    }
}

/// Finds the image for a language: the one that is named, or else the one of this version of kosmos.
///
/// # Errors
/// [`ImageError::Missing`] with the command that builds it, or [`ImageError::Foreign`] if what is named was
/// not built by kosmos for this language.
pub async fn find(docker: &Docker, language: Language, wanted: Option<&str>) -> Result<Found, ImageError> {
    let tag = wanted.map_or_else(|| tag(language), ToOwned::to_owned);
    existing(docker, language, &tag)
        .await?
        .ok_or(ImageError::Missing { tag, language })
}

/// The image by that name, if there is one.
async fn existing(docker: &Docker, language: Language, tag: &str) -> Result<Option<Found>, ImageError> {
    match await_answer("inspect the image", docker.inspect_image(tag)).await {
        Ok(image) => read(image, language, tag).map(Some),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// The digest of the image by that name, if there is one.
async fn existing_id(docker: &Docker, tag: &str) -> Result<Option<String>, ImageError> {
    match await_answer("inspect the image", docker.inspect_image(tag)).await {
        Ok(image) => Ok(image.id),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads an image's labels.
fn read(image: ImageInspect, language: Language, tag: &str) -> Result<Found, ImageError> {
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
    Ok(Found {
        id,
        tag: tag.to_owned(),
        language,
        python: labels.get(label::PYTHON).cloned(),
        recipe: recipe.clone(),
        size: image.size.and_then(|size| size.try_into().ok()).unwrap_or_default(),
    })
}

/// Waits for one answer of the engine.
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

/// Runs what would hold up the runtime.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ImageError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| ImageError::Lost(error.to_string()))
}
