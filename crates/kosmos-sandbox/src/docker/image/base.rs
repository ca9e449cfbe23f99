//! The image that another is built upon.

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

use super::{BuildOptions, ImageError, Progress, SILENCE, await_answer, debian, existing_id, recipe};
use crate::{Language, interpreter::cache::Place};

/// How long a registry may be silent.
const PULL_SILENCE: Duration = Duration::from_secs(120);

/// What an image is built upon.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Base {
    /// The registry's image, or if that cannot be pulled, Debian's packages.
    #[default]
    Auto,
    /// The registry's image: `python:3.12-slim`, or `debian:bookworm-slim` for R.
    Registry,
    /// An image made on this host of Debian's packages.
    Debian,
    /// An image of one's own: with glibc and a Python from 3.11 to 3.14 that has `venv`; for R, with R and
    /// Python, or of Debian.
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

/// Sees to it that the base is on the engine, and gives its name.
pub async fn prepare(
    docker: &Docker,
    options: &BuildOptions,
    place: &Place,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<String, ImageError> {
    let usual = match options.language {
        Language::Python => "python:3.12-slim",
        Language::R => "debian:bookworm-slim",
    };
    match &options.base {
        Base::Image(image) => pull(docker, image, false, progress).await,
        Base::Registry => pull(docker, usual, options.force, progress).await,
        Base::Debian => import(docker, options, place, progress).await,
        Base::Auto => match pull(docker, usual, options.force, progress).await {
            Err(ImageError::Pull { image, said }) => {
                progress(Progress::Unreachable { image, said });
                import(docker, options, place, progress).await
            }
            other => other,
        },
    }
}

/// Pulls an image, unless it is there and need not be `fresh`.
async fn pull(
    docker: &Docker,
    image: &str,
    fresh: bool,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<String, ImageError> {
    let image = with_tag(image);
    if !fresh && existing_id(docker, &image).await?.is_some() {
        return Ok(image);
    }
    progress(Progress::Pulling { image: image.clone() });
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
            Ok(Some(Err(error))) => return Err(refused(reason(&error))),
            Err(_) => return Err(refused(format!("nothing was heard for {} s", PULL_SILENCE.as_secs()))),
        }
    }
}

/// What the engine said, without the client's words around it.
fn reason(error: &bollard::errors::Error) -> String {
    match error {
        bollard::errors::Error::DockerResponseServerError { message, .. } => message.clone(),
        bollard::errors::Error::DockerStreamError { error } => error.clone(),
        other => other.to_string(),
    }
}

/// Without a tag, an engine may pull every one there is.
fn with_tag(image: &str) -> String {
    let name = image.rsplit('/').next().unwrap_or(image);
    if name.contains([':', '@']) {
        image.to_owned()
    } else {
        format!("{image}:latest")
    }
}

/// Makes a base of Debian's packages and hands it to the engine, unless it is there.
async fn import(
    docker: &Docker,
    options: &BuildOptions,
    place: &Place,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<String, ImageError> {
    let packages = recipe::packages(options.language);
    let hash = sha256_hex(debian::recipe(packages));
    let name = "kosmos-sandbox-base";
    let tag = format!("{}-{}", options.language, hash.get(..12).unwrap_or(&hash));
    let image = format!("{name}:{tag}");
    let before = existing_id(docker, &image).await?;
    if before.is_some() && !options.force {
        return Ok(image);
    }
    let architecture = await_answer("say its version", docker.version()).await?.arch;
    let folder = Folder::make(&place.building)?;
    let tar = folder.0.join("base.tar");
    debian::make(packages, architecture, options.mirror.as_deref(), &tar, progress).await?;
    progress(Progress::Importing);
    let file = tokio::fs::File::open(&tar)
        .await
        .map_err(ImageError::in_cache("read", &tar))?;
    let asked = CreateImageOptionsBuilder::default()
        .from_src("-")
        .repo(name)
        .tag(&tag)
        .build();
    let importing = docker.create_image(Some(asked), Some(body_try_stream(chunks(file))), None);
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
        // What is still in use stays.
        let _ = await_answer(
            "remove an image",
            docker.remove_image(&old, None::<RemoveImageOptions>, None),
        )
        .await;
    }
    Ok(image)
}

/// A file's contents, as a request's body wants them.
fn chunks<T: From<Vec<u8>>>(file: tokio::fs::File) -> impl Stream<Item = std::io::Result<T>> + Send {
    stream::try_unfold(file, |mut file| async move {
        let mut chunk = Vec::with_capacity(1 << 20);
        let read = file.read_buf(&mut chunk).await?;
        Ok((read > 0).then(|| (T::from(chunk), file)))
    })
}

/// A folder that is gone when it is dropped.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn make(path: &Path) -> Result<Self, ImageError> {
        fs::create_dir_all(path).map_err(ImageError::in_cache("make the folder", path))?;
        Ok(Self(path.to_owned()))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is swept at the next build.
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
