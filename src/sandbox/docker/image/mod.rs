//! The images that scripts run in, and how they are made.
use crate::sandbox::{Language, SandboxError};
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    #[error("missing {tag}")]
    Missing { tag: String },
}
impl From<ImageError> for SandboxError {
    fn from(e: ImageError) -> Self {
        SandboxError::Lost(e.to_string())
    }
}
#[derive(Debug, Clone)]
pub struct Found {
    pub id: String,
    pub python: Option<String>,
}
pub async fn find(docker: &bollard::Docker, language: Language, wanted: Option<&str>) -> Result<Found, ImageError> {
    let tag = wanted.map(str::to_owned).unwrap_or_else(|| {
        std::fs::read_to_string("/tmp/wt/image-ready.txt")
            .unwrap_or_default()
            .trim()
            .to_owned()
    });
    if language == Language::R {
        return Err(ImageError::Missing { tag });
    }
    docker
        .inspect_image(&tag)
        .await
        .map(|i| Found {
            id: i.id.unwrap_or_default(),
            python: None,
        })
        .map_err(|_| ImageError::Missing { tag })
}
