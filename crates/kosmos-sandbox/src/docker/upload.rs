//! Archives for the engine: a job's files, and inputs of any size.

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
    engine::Engine,
};
use crate::{Job, SandboxError};

/// Pieces of a large archive that may wait for the engine.
const AHEAD: usize = 8;
const PIECE: usize = 1 << 18;

/// Puts the job's workspace in its place, and links where it looks for its inputs to where they are.
///
/// Only the workspace belongs to the script's user; all folders above it are the engine's.
pub async fn job(engine: &Engine, container: &str, job: &Job, inputs: Vec<PathBuf>) -> Result<(), SandboxError> {
    let job = job.clone();
    let archive = blocking(move || job_archive(&job, &inputs)).await?;
    let options = UploadToContainerOptionsBuilder::default().path(RUN).build();
    let upload = engine
        .docker()
        .upload_to_container(container, Some(options), body_full(archive.into()));
    engine.call("take a job's files", upload).await
}

fn job_archive(job: &Job, inputs: &[PathBuf]) -> Result<Vec<u8>, SandboxError> {
    let mut archive = Builder::new(Vec::new());
    let workspace = job.workspace_inside();
    let mut folders = BTreeSet::new();
    for path in job.inputs.iter().map(|input| &input.inside).chain([&workspace]) {
        folders.extend(path.ancestors().skip(1).filter(|path| !path.as_os_str().is_empty()));
    }
    for folder in folders {
        entry(&mut archive, EntryType::Directory, 0o755, 0, folder).map_err(SandboxError::on_host("pack", folder))?;
    }
    entry(&mut archive, EntryType::Directory, 0o700, USER, &workspace)
        .map_err(SandboxError::on_host("pack", &workspace))?;
    pack(&mut archive, &job.workspace, &workspace, USER, 0o644)?;
    for (input, place) in job.inputs.iter().zip(inputs) {
        let mut header = header(EntryType::Symlink, 0o777, 0);
        archive
            .append_link(&mut header, &input.inside, place)
            .map_err(SandboxError::on_host("pack", &input.inside))?;
    }
    archive.into_inner().map_err(SandboxError::on_host("pack", &workspace))
}

/// Puts the file or folder `host` under `name` at `place` in `container`.
pub async fn input(
    engine: &Engine,
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
            entry(&mut archive, EntryType::Directory, 0o555, 0, name).map_err(SandboxError::on_host("pack", &host))?;
            pack(&mut archive, &host, name, 0, 0o444)?;
        } else {
            file(&mut archive, &host, name, 0, 0o444)?;
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
    // A file that could not be read explains a broken upload better than the engine can.
    match packing.await {
        Ok(Err(SandboxError::Host { source, action, path })) if source.kind() != io::ErrorKind::BrokenPipe => {
            Err(SandboxError::Host { action, path, source })
        }
        _ => uploaded,
    }
}

/// Adds everything in `host` that is a file, a folder or a link, under `inside`.
fn pack(
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
            entry(archive, EntryType::Directory, mode | 0o111, owner, &inside).map_err(failed("pack"))?;
            pack(archive, &path, &inside, owner, mode)?;
        } else if kind.is_file() {
            file(archive, &path, &inside, owner, mode)?;
        } else if kind.is_symlink() {
            let target = fs::read_link(&path).map_err(failed("read"))?;
            let mut header = header(EntryType::Symlink, 0o777, owner);
            archive
                .append_link(&mut header, &inside, target)
                .map_err(failed("pack"))?;
        }
    }
    Ok(())
}

fn file(
    archive: &mut Builder<impl Write>,
    host: &Path,
    inside: &Path,
    owner: u64,
    mode: u32,
) -> Result<(), SandboxError> {
    let mut add = || -> io::Result<()> {
        let file = File::open(host)?;
        let bytes = file.metadata()?.len();
        let mut header = header(EntryType::Regular, mode, owner);
        header.set_size(bytes);
        archive.append_data(&mut header, inside, io::Read::take(file, bytes))
    };
    add().map_err(SandboxError::on_host("read", host))
}

fn entry(archive: &mut Builder<impl Write>, kind: EntryType, mode: u32, owner: u64, inside: &Path) -> io::Result<()> {
    let mut header = header(kind, mode, owner);
    archive.append_data(&mut header, inside, io::empty())
}

fn header(kind: EntryType, mode: u32, owner: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(owner);
    header.set_gid(owner);
    header.set_size(0);
    header
}

/// Hands pieces of an archive to the upload, and waits when that is behind.
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

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SandboxError> + Send + 'static,
) -> Result<T, SandboxError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| SandboxError::Lost(error.to_string()))?
}
