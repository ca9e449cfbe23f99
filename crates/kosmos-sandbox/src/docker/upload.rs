//! Packs archives for the engine and sends them: a job's files, and inputs of any size.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use bollard::{body_full, body_try_stream, query_parameters::UploadToContainerOptionsBuilder};
use futures::stream;
use tar::{Builder, EntryType, Header};
use tokio::sync::mpsc;
use tokio_util::bytes::Bytes;

use super::{
    container::{RUN, USER},
    engine::ContainerEngine,
};
use crate::{Job, SandboxError};

/// Number of pieces of a large archive that may wait for the engine.
const AHEAD: usize = 8;
const PIECE: usize = 1 << 18;

/// Sends the job's workspace to a container, with links from the paths that the script reads to its inputs.
///
/// Only the workspace belongs to the script's user; all folders above it belong to the engine.
pub async fn upload_job(
    engine: &ContainerEngine,
    container: &str,
    job: &Job,
    inputs: Vec<PathBuf>,
) -> Result<(), SandboxError> {
    let job = job.clone();
    let archive = run_blocking(move || archive_job(&job, &inputs)).await?;
    let options = UploadToContainerOptionsBuilder::default().path(RUN).build();
    let upload = engine
        .docker()
        .upload_to_container(container, Some(options), body_full(archive.into()));
    engine.call("take a job's files", upload).await
}

fn archive_job(job: &Job, inputs: &[PathBuf]) -> Result<Vec<u8>, SandboxError> {
    let mut archive = Builder::new(Vec::new());
    let workspace = job.workspace_inside();
    let mut folders = BTreeSet::new();
    for path in job.inputs.iter().map(|input| &input.inside).chain([&workspace]) {
        folders.extend(path.ancestors().skip(1).filter(|path| !path.as_os_str().is_empty()));
    }
    for folder in folders {
        add_entry(&mut archive, EntryType::Directory, 0o755, 0, folder)
            .map_err(SandboxError::on_host("pack", folder))?;
    }
    add_entry(&mut archive, EntryType::Directory, 0o700, USER, &workspace)
        .map_err(SandboxError::on_host("pack", &workspace))?;
    add_folder(&mut archive, &job.workspace, &workspace, USER, 0o644)?;
    for (input, place) in job.inputs.iter().zip(inputs) {
        let mut header = entry_header(EntryType::Symlink, 0o777, 0);
        archive
            .append_link(&mut header, &input.inside, place)
            .map_err(SandboxError::on_host("pack", &input.inside))?;
    }
    archive.into_inner().map_err(SandboxError::on_host("pack", &workspace))
}

/// Sends the file or folder `host` to `container`, as `name` in the folder `place`.
pub async fn upload_input(
    engine: &ContainerEngine,
    container: &str,
    place: &str,
    host: PathBuf,
    name: String,
    patience: Duration,
) -> Result<(), SandboxError> {
    let (sender, receiver) = mpsc::channel::<Result<Bytes, io::Error>>(AHEAD);
    let pieces = stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|piece| (piece, receiver))
    });
    let packing = tokio::task::spawn_blocking(move || {
        let sink = Sink {
            sender,
            piece: Vec::with_capacity(PIECE),
        };
        let mut archive = Builder::new(sink);
        let found = fs::metadata(&host).map_err(SandboxError::on_host("read", &host))?;
        let name = Path::new(&name);
        if found.is_dir() {
            add_entry(&mut archive, EntryType::Directory, 0o555, 0, name)
                .map_err(SandboxError::on_host("pack", &host))?;
            add_folder(&mut archive, &host, name, 0, 0o444)?;
        } else {
            add_file(&mut archive, &host, name, 0, 0o444)?;
        }
        archive
            .into_inner()
            .and_then(|mut sink| sink.flush())
            .map_err(SandboxError::on_host("pack", &host))
    });
    let options = UploadToContainerOptionsBuilder::default().path(place).build();
    let upload = engine
        .docker()
        .upload_to_container(container, Some(options), body_try_stream(pieces));
    let uploaded = engine.call_within(patience, "take an input", upload).await;
    // A file that could not be read explains a broken upload better than the engine's error.
    match packing.await {
        Ok(Err(SandboxError::Host { source, action, path })) if source.kind() != io::ErrorKind::BrokenPipe => {
            Err(SandboxError::Host { action, path, source })
        }
        _ => uploaded,
    }
}

/// Adds the files, folders and links in the folder `host` to the archive, beneath `inside`.
fn add_folder(
    archive: &mut Builder<impl Write>,
    host: &Path,
    inside: &Path,
    owner: u64,
    mode: u32,
) -> Result<(), SandboxError> {
    let failed = |action| SandboxError::on_host(action, host);
    let mut entries = fs::read_dir(host)
        .and_then(Iterator::collect::<io::Result<Vec<_>>>)
        .map_err(failed("list"))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for found in entries {
        let kind = found.file_type().map_err(failed("list"))?;
        let (path, inside) = (found.path(), inside.join(found.file_name()));
        if kind.is_dir() {
            add_entry(archive, EntryType::Directory, mode | 0o111, owner, &inside).map_err(failed("pack"))?;
            add_folder(archive, &path, &inside, owner, mode)?;
        } else if kind.is_file() {
            add_file(archive, &path, &inside, owner, mode)?;
        } else if kind.is_symlink() {
            let target = fs::read_link(&path).map_err(failed("read"))?;
            let mut header = entry_header(EntryType::Symlink, 0o777, owner);
            archive
                .append_link(&mut header, &inside, target)
                .map_err(failed("pack"))?;
        }
    }
    Ok(())
}

fn add_file(
    archive: &mut Builder<impl Write>,
    host: &Path,
    inside: &Path,
    owner: u64,
    mode: u32,
) -> Result<(), SandboxError> {
    let mut add = || -> io::Result<()> {
        let file = File::open(host)?;
        let bytes = file.metadata()?.len();
        let mut header = entry_header(EntryType::Regular, mode, owner);
        header.set_size(bytes);
        archive.append_data(&mut header, inside, io::Read::take(file, bytes))
    };
    add().map_err(SandboxError::on_host("read", host))
}

fn add_entry(
    archive: &mut Builder<impl Write>,
    kind: EntryType,
    mode: u32,
    owner: u64,
    inside: &Path,
) -> io::Result<()> {
    let mut header = entry_header(kind, mode, owner);
    archive.append_data(&mut header, inside, io::empty())
}

fn entry_header(kind: EntryType, mode: u32, owner: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(owner);
    header.set_gid(owner);
    header.set_size(0);
    header
}

/// Sends pieces of an archive to the upload, and waits while that is behind.
struct Sink {
    sender: mpsc::Sender<Result<Bytes, io::Error>>,
    piece: Vec<u8>,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        let sent = self.sender.blocking_send(Ok(piece.into()));
        sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SandboxError> + Send + 'static,
) -> Result<T, SandboxError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| SandboxError::Lost(error.to_string()))?
}
