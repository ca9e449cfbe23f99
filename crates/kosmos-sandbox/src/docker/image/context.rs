//! The build context that is sent to the engine.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use futures::{Stream, stream};
use tokio::sync::mpsc;

use super::recipe::ImageRecipe;

/// Streams an archive of a recipe's files and a folder of packages, which keeps the last part of its path there.
pub fn stream_context<T: From<Vec<u8>> + Send + 'static>(
    recipe: ImageRecipe,
    packages: Option<PathBuf>,
) -> impl Stream<Item = io::Result<T>> + Send + 'static {
    let (chunks, sent) = mpsc::channel(4);
    tokio::task::spawn_blocking(move || {
        let writer = io::BufWriter::with_capacity(1 << 20, Chunks(chunks.clone()));
        if let Err(error) = write_archive(&recipe, packages.as_deref(), writer) {
            // Fails if the receiver is gone, which was the error then.
            let _ = chunks.blocking_send(Err(error));
        }
    });
    stream::unfold(sent, |mut sent| async move {
        let chunk: io::Result<Vec<u8>> = sent.recv().await?;
        Some((chunk.map(T::from), sent))
    })
}

/// A writer that sends each write to a channel.
struct Chunks(mpsc::Sender<io::Result<Vec<u8>>>);

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        self.0.blocking_send(Ok(bytes.to_vec())).map_err(gone)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_archive(recipe: &ImageRecipe, packages: Option<&Path>, to: impl Write) -> io::Result<()> {
    let mut archive = tar::Builder::new(to);
    // Without times and owners, so that the same files are the same archive.
    archive.mode(tar::HeaderMode::Deterministic);
    for (name, text) in recipe.files() {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, text.as_bytes())?;
    }
    if let Some(folder) = packages {
        add_folder(&mut archive, folder, Path::new(folder.file_name().unwrap_or_default()))?;
    }
    archive.into_inner()?.flush()
}

/// Adds the files of a folder and its subfolders, always in the same order.
fn add_folder(archive: &mut tar::Builder<impl Write>, folder: &Path, name: &Path) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, name) = (entry.path(), name.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            add_folder(archive, &path, &name)?;
        } else {
            archive.append_path_with_name(&path, name)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use futures::TryStreamExt;

    use super::*;
    use crate::Language;

    #[tokio::test]
    async fn the_archive_holds_every_file() {
        let home = tempfile::tempdir().unwrap();
        let wheels = home.path().join("wheels");
        fs::create_dir_all(wheels.join("b")).unwrap();
        fs::write(wheels.join("a.whl"), vec![7; 3 << 20]).unwrap();
        fs::write(wheels.join("b/c.py"), "pass").unwrap();
        let recipe = ImageRecipe::for_language(Language::Python);
        let sent: Vec<Vec<u8>> = stream_context(recipe.clone(), Some(wheels))
            .try_collect()
            .await
            .unwrap();
        let bytes = sent.concat();
        let mut names = Vec::new();
        for entry in tar::Archive::new(bytes.as_slice()).entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut contents = Vec::new();
            entry.read_to_end(&mut contents).unwrap();
            assert!(!contents.is_empty());
            names.push(entry.path().unwrap().display().to_string());
        }
        let mut wanted: Vec<String> = recipe.files().into_iter().map(|(name, _)| name).collect();
        wanted.extend(["wheels/a.whl", "wheels/b/c.py"].map(str::to_owned));
        assert_eq!(names, wanted);
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_an_error_and_no_short_archive() {
        let sent: Result<Vec<Vec<u8>>, _> =
            stream_context(ImageRecipe::for_language(Language::Python), Some("/nonexistent".into()))
                .try_collect()
                .await;
        assert!(sent.is_err());
    }
}
