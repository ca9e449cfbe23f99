//! The base image that a sandbox image is built on.

use std::{
    convert::Infallible,
    fmt, fs,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use bollard::{
    Docker, body_try_stream,
    query_parameters::{CreateImageOptionsBuilder, RemoveImageOptions},
};
use futures::{Stream, StreamExt, TryStreamExt, stream};
use kosmos_core::hash::sha256_hex;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt;

use super::{BuildOptions, BuildProgress, ImageError, SILENCE, await_answer, debian, inspect_image_id, recipe};
use crate::{Language, interpreter::cache::CachePlace};

/// How long a registry may be silent.
const PULL_SILENCE: Duration = Duration::from_secs(120);

/// The choice of the base image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Base {
    /// The registry's image, or a base made of Debian's packages if that cannot be pulled.
    #[default]
    Auto,
    /// The registry's image: `python:3.12-slim`, or `debian:bookworm-slim` for R.
    Registry,
    /// A base made on this host of Debian's packages.
    Debian,
    /// The user's own image: with glibc and a Python from 3.11 to 3.14 that has `venv`; for R, with R and
    /// Python, or based on Debian.
    Image(String),
}

impl FromStr for Base {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "auto" => Self::Auto,
            "registry" => Self::Registry,
            "debian" => Self::Debian,
            image => Self::Image(image.to_owned()),
        })
    }
}

impl From<String> for Base {
    fn from(text: String) -> Self {
        match text.parse() {
            Ok(base) => base,
            Err(never) => match never {},
        }
    }
}

impl From<Base> for String {
    fn from(base: Base) -> Self {
        base.to_string()
    }
}

impl fmt::Display for Base {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Auto => "auto",
            Self::Registry => "registry",
            Self::Debian => "debian",
            Self::Image(image) => image,
        })
    }
}

/// Puts the base on the engine, if it is not there, and returns its name.
pub async fn prepare_base(
    docker: &Docker,
    options: &BuildOptions,
    place: &CachePlace,
    progress: &(dyn Fn(BuildProgress) + Sync),
) -> Result<String, ImageError> {
    let usual = match options.language {
        Language::Python => "python:3.12-slim",
        Language::R => "debian:bookworm-slim",
    };
    match &options.base {
        Base::Image(image) => pull_base(docker, image, false, progress).await,
        Base::Registry => pull_base(docker, usual, options.force, progress).await,
        Base::Debian => import_debian_base(docker, options, place, progress).await,
        Base::Auto => match pull_base(docker, usual, options.force, progress).await {
            Err(ImageError::Pull { image, said }) => {
                progress(BuildProgress::Unreachable { image, said });
                import_debian_base(docker, options, place, progress).await
            }
            other => other,
        },
    }
}

/// Pulls an image, unless the engine has it and it need not be `fresh`.
async fn pull_base(
    docker: &Docker,
    image: &str,
    fresh: bool,
    progress: &(dyn Fn(BuildProgress) + Sync),
) -> Result<String, ImageError> {
    let image = with_tag(image);
    if !fresh && inspect_image_id(docker, &image).await?.is_some() {
        return Ok(image);
    }
    progress(BuildProgress::Pulling { image: image.clone() });
    let refused = |said: String| ImageError::Pull {
        image: image.clone(),
        said,
    };
    let asked = CreateImageOptionsBuilder::default().from_image(&image).build();
    let mut steps = docker.create_image(Some(asked), None, None);
    loop {
        match tokio::time::timeout(PULL_SILENCE, steps.next()).await {
            Ok(None) => return Ok(image),
            Ok(Some(Ok(_))) => {}
            Ok(Some(Err(error))) => return Err(refused(engine_message(&error))),
            Err(_) => return Err(refused(format!("nothing was heard for {} s", PULL_SILENCE.as_secs()))),
        }
    }
}

/// Returns the engine's message without the client's words around it.
fn engine_message(error: &bollard::errors::Error) -> String {
    match error {
        bollard::errors::Error::DockerResponseServerError { message, .. } => message.clone(),
        bollard::errors::Error::DockerStreamError { error } => error.clone(),
        other => other.to_string(),
    }
}

/// Adds `:latest` to a name without a tag, for which an engine may pull all tags.
fn with_tag(image: &str) -> String {
    let name = image.rsplit('/').next().unwrap_or(image);
    if name.contains([':', '@']) {
        image.to_owned()
    } else {
        format!("{image}:latest")
    }
}

/// Makes a base of Debian's packages and imports it into the engine, unless the engine has it.
async fn import_debian_base(
    docker: &Docker,
    options: &BuildOptions,
    place: &CachePlace,
    progress: &(dyn Fn(BuildProgress) + Sync),
) -> Result<String, ImageError> {
    let packages = recipe::debian_packages(options.language);
    let hash = sha256_hex(debian::base_recipe(packages));
    let name = "kosmos-sandbox-base";
    let tag = format!("{}-{}", options.language, hash.get(..12).unwrap_or(&hash));
    let image = format!("{name}:{tag}");
    let before = inspect_image_id(docker, &image).await?;
    if before.is_some() && !options.force {
        return Ok(image);
    }
    let architecture = await_answer("say its version", docker.version()).await?.arch;
    let folder = TemporaryFolder::create(&place.building)?;
    let tar = folder.0.join("base.tar");
    debian::make_root_archive(packages, architecture, options.mirror.as_deref(), &tar, progress).await?;
    progress(BuildProgress::Importing);
    let file = tokio::fs::File::open(&tar)
        .await
        .map_err(ImageError::in_cache("read", &tar))?;
    let asked = CreateImageOptionsBuilder::default()
        .from_src("-")
        .repo(name)
        .tag(&tag)
        .build();
    let importing = docker.create_image(Some(asked), Some(body_try_stream(read_chunks(file))), None);
    match tokio::time::timeout(SILENCE, importing.try_for_each(|_| async { Ok(()) })).await {
        Ok(done) => done.map_err(ImageError::by_engine("import the base"))?,
        Err(_) => {
            return Err(ImageError::Silent {
                action: "import the base",
                seconds: SILENCE.as_secs(),
            });
        }
    }
    if let Some(old) = before {
        // An image in use stays.
        let _ = await_answer(
            "remove an image",
            docker.remove_image(&old, None::<RemoveImageOptions>, None),
        )
        .await;
    }
    Ok(image)
}

/// Streams a file's contents for the body of a request.
fn read_chunks<T: From<Vec<u8>>>(file: tokio::fs::File) -> impl Stream<Item = std::io::Result<T>> + Send {
    stream::try_unfold(file, |mut file| async move {
        let mut chunk = Vec::with_capacity(1 << 20);
        let read = file.read_buf(&mut chunk).await?;
        Ok((read > 0).then(|| (T::from(chunk), file)))
    })
}

/// A folder that is removed when this is dropped.
pub struct TemporaryFolder(pub PathBuf);

impl TemporaryFolder {
    pub fn create(path: &Path) -> Result<Self, ImageError> {
        fs::create_dir_all(path).map_err(ImageError::in_cache("make the folder", path))?;
        Ok(Self(path.to_owned()))
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // Leftovers are removed at the next build.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_written_as_it_is_read() {
        for text in ["auto", "registry", "debian", "python:3.13-slim"] {
            assert_eq!(Base::from(text.to_owned()).to_string(), text);
        }
        assert_eq!(Base::from("x/y:z".to_owned()), Base::Image("x/y:z".to_owned()));
    }

    #[test]
    fn never_all_tags_are_pulled() {
        assert_eq!(with_tag("python"), "python:latest");
        assert_eq!(with_tag("host:5000/python"), "host:5000/python:latest");
        assert_eq!(with_tag("host:5000/python:3"), "host:5000/python:3");
        assert_eq!(with_tag("python@sha256:0"), "python@sha256:0");
    }
}
