//! Reads an archive.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use kosmos_core::{
    plain_path::{PlainName, PlainPath},
    regular_file::open_regular_file,
    removal::remove_tree,
    run_dir::RunDir,
};
use sha2::{Digest, Sha256};

use super::{
    archive_error, check,
    member::{self, Member, is_run_id},
    signature::{Signer, check_signer},
};
use crate::{
    config::ByteSize,
    lab::{LabError, RunFolder, trust},
};

/// A run that was imported.
#[derive(Debug, Clone)]
pub struct Imported {
    /// Its folder.
    pub folder: RunFolder,
    /// Who signed the archive.
    pub signer: Signer,
}

/// Adds the run of an archive to `runs`, completely or not at all. The run is unpacked and checked beside the others,
/// and appears among them once everything holds: the names and sizes of its files, the hashes of what is named by its
/// hash, its settings, its whole journal and its ledger. Nothing of it is executed or connected to. With `signed_by`, a
/// public key or the file of one, the archive must be signed by that key.
///
/// # Errors
/// When the file is no archive of one run, something in it does not hold, or that run exists already. Nothing is left
/// then.
pub fn import_run(runs: &Path, file: &Path, signed_by: Option<&str>) -> Result<Imported, LabError> {
    // A pipe or a device is refused at once.
    let mut opened = open_regular_file(file).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidInput => archive_error(file, format!("it cannot be imported: {error}")),
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => {
            archive_error(file, format!("it cannot be read: {error}"))
        }
        _ => LabError::io("read", file)(error),
    })?;
    let signer = check_signer(file, &mut opened, signed_by, &trust::environment()?)?;
    let made = create_missing(runs)?;
    let placed = unpack_beside(runs, file, opened);
    if placed.is_err() {
        // They are of no use without a run.
        for folder in made {
            let _ = fs::remove_dir(folder);
        }
    }
    placed.map(|folder| Imported { folder, signer })
}

/// Creates a folder and those above it, and returns the new ones, the innermost first.
fn create_missing(folder: &Path) -> Result<Vec<PathBuf>, LabError> {
    let missing = folder.ancestors().filter(|path| !path.as_os_str().is_empty());
    let missing: Vec<PathBuf> = missing.take_while(|path| !path.exists()).map(Path::to_owned).collect();
    fs::create_dir_all(folder).map_err(LabError::io("make", folder))?;
    Ok(missing)
}

fn unpack_beside(runs: &Path, file: &Path, opened: File) -> Result<RunFolder, LabError> {
    let beside = runs.join(format!(".import-{}-{:08x}", std::process::id(), fastrand::u32(..)));
    let unpacked = create_private_folder(&beside)?;
    let placed = place_run(runs, file, opened, &unpacked);
    // The remains are useless.
    let _ = remove_tree(&beside);
    placed
}

fn place_run(runs: &Path, file: &Path, opened: File, beside: &RunDir) -> Result<RunFolder, LabError> {
    let run = unpack_archive(tar::Archive::new(io::BufReader::new(opened)), file, beside)?;
    let (from, target) = (beside.path().join(&run), runs.join(&run));
    if fs::symlink_metadata(&target).is_ok() {
        return Err(archive_error(file, format!("its run, {run}, exists already")));
    }
    let unpacked = RunDir::open(&from).map_err(LabError::io("read", &from))?;
    check::check_unpacked(&unpacked, &run).map_err(|fault| archive_error(file, fault.to_string()))?;
    fs::rename(&from, &target).map_err(LabError::io("place", target))?;
    RunFolder::find(runs, &run)
}

/// Unpacks the files of one run below `to`; returns the run's id.
fn unpack_archive(mut archive: tar::Archive<impl Read>, file: &Path, to: &RunDir) -> Result<String, LabError> {
    // An error without an OS code comes from the contents of the archive.
    let broken = |error: io::Error| match error.raw_os_error() {
        Some(_) => archive_error(file, format!("it cannot be read: {error}")),
        None => archive_error(file, "it is not an archive of a run, or it is incomplete"),
    };
    let mut run = None;
    let mut seen = BTreeSet::new();
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let path = entry.path().map_err(broken)?.into_owned();
        let refused = |why: &str| archive_error(file, format!("`{}` {why}", path.display()));
        let (id, inside) = split_run(&path).ok_or_else(|| refused("is not a file of a run"))?;
        check_header(entry.header()).map_err(refused)?;
        match &run {
            None => run = Some(id.to_owned()),
            Some(known) if known == id => {}
            Some(_) => return Err(archive_error(file, "it holds more than one run")),
        }
        let member = Member::of_path(inside).map_err(refused)?;
        if !seen.insert(inside.to_owned()) {
            return Err(refused("is in it twice"));
        }
        if seen.len() as u64 > member::MOST {
            return Err(archive_error(
                file,
                format!("it holds more than {} files", member::MOST),
            ));
        }
        if entry.size() > member.limit() {
            return Err(refused(&format!(
                "has {}, and an archive holds at most {} of it",
                ByteSize::new(entry.size()),
                ByteSize::new(member.limit())
            )));
        }
        let (folder, target) = place_of(&path).ok_or_else(|| refused("is not a plain path in a run's folder"))?;
        let failed = |error| LabError::io("write", to.place_of(&target))(error);
        let mut out = to
            .create_folders(&folder)
            .and_then(|()| to.create_file(&target))
            .map_err(failed)?;
        let sha256 = copy_hashed(&mut entry, &mut out).map_err(|failure| match failure {
            CopyFailure::Read(error) => broken(error),
            CopyFailure::Write(error) => failed(error),
        })?;
        if named_hash(member, inside).is_some_and(|named| named != sha256) {
            return Err(refused("does not have the hash that it is named by"));
        }
    }
    run.ok_or_else(|| archive_error(file, "it holds no run"))
}

/// Splits a path in an archive into the run's id and the path in its folder.
fn split_run(path: &Path) -> Option<(&str, &Path)> {
    let id = path.iter().next()?.to_str()?;
    let inside = path.strip_prefix(id).ok()?;
    is_run_id(id).then_some((id, inside))
}

/// Checks that an entry is a regular file with an ordinary mode. Its mode and its owner are not applied.
fn check_header(header: &tar::Header) -> Result<(), &'static str> {
    const ORDINARY: u32 = 0o777;
    match header.mode() {
        _ if !header.entry_type().is_file() => Err("is not a regular file of a run"),
        Ok(mode) if mode & !ORDINARY == 0 => Ok(()),
        _ => Err("has a mode that no file of a run has"),
    }
}

/// The hash that a file is named by.
fn named_hash(member: Member, inside: &Path) -> Option<&str> {
    let named = match member {
        Member::Blob => inside.file_name(),
        Member::Table => inside.parent()?.file_name(),
        _ => None,
    };
    named?.to_str()
}

/// Splits a path in an archive into the folder that it is in and all of it. None if a name in it is not plain.
fn place_of(path: &Path) -> Option<(PlainPath, PlainPath)> {
    let mut names = path.iter().map(|name| name.to_str()?.parse::<PlainName>().ok());
    let mut whole = PlainPath::from(names.next()??);
    let mut folder = None;
    for name in names {
        let below = whole.join(&name?);
        folder = Some(std::mem::replace(&mut whole, below));
    }
    Some((folder?, whole))
}

/// Creates a folder that is open to its owner alone.
fn create_private_folder(path: &Path) -> Result<RunDir, LabError> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(path)
        .and_then(|()| RunDir::open(path))
        .map_err(LabError::io("make", path))
}

enum CopyFailure {
    Read(io::Error),
    Write(io::Error),
}

/// Copies all of `from` to `to`; returns its SHA-256.
fn copy_hashed(from: &mut impl Read, to: &mut impl Write) -> Result<String, CopyFailure> {
    let mut hasher = Sha256::new();
    let mut piece = vec![0; 1 << 16];
    loop {
        let read = from.read(&mut piece).map_err(CopyFailure::Read)?;
        match piece.get(..read) {
            Some(bytes) if read > 0 => {
                hasher.update(bytes);
                to.write_all(bytes).map_err(CopyFailure::Write)?;
            }
            _ => return Ok(format!("{:x}", hasher.finalize())),
        }
    }
}
