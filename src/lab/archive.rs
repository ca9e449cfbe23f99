//! A run as one file, to be copied to another machine, verified there and kept.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io,
    path::{Component, Path, PathBuf},
};

use kosmos_core::files::{Sync, write_atomically};
use kosmos_core::run_files;
use serde::Serialize;

use super::{LabError, RunFolder, options::journal_options, replay::read_plan};
use crate::{hash::sha256_file, journal::Journal, science::RunId};

/// Returns true for files that are rebuilt from the rest and are left out of an archive, such as the journal's
/// database, which is an index of `journal.jsonl`.
fn is_left_out(name: &str) -> bool {
    name.starts_with('.') || name == run_files::JOURNAL_DATABASE || name.starts_with("journal.damaged-")
}

/// The contents of an archive.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Exported {
    /// The run.
    pub run: RunId,
    /// The archive.
    pub file: PathBuf,
    /// Files in it.
    pub files: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Tables that are not in it, each with the reason.
    pub without: Vec<String>,
}

/// Writes a run and the tables that it read to a tar archive, completely or not at all.
///
/// # Errors
/// When another process works on the run, `file` exists already, or a file cannot be read or written.
pub fn export_run(folder: &RunFolder, file: &Path) -> Result<Exported, LabError> {
    if file.exists() {
        return Err(LabError::Archive {
            path: file.to_owned(),
            problem: "the file exists already".to_owned(),
        });
    }
    // Held until the end, so that no other process works on the run meanwhile.
    let _journal = Journal::open(folder.path(), journal_options(&folder.read_settings()?))?;
    let mut exported = None;
    let written = write_atomically(file, Sync::Content, |out| {
        exported = Some(write_archive(folder, file, out));
        match exported {
            Some(Ok(_)) => Ok(()),
            _ => Err(io::Error::other("the archive is incomplete")),
        }
    });
    match (exported, written) {
        (Some(Err(error)), _) => Err(error),
        (_, Err(error)) => Err(LabError::io("write", file)(error)),
        (Some(Ok(exported)), Ok(())) => Ok(exported),
        (None, Ok(())) => Err(LabError::io("write", file)(io::ErrorKind::UnexpectedEof.into())),
    }
}

fn write_archive(folder: &RunFolder, file: &Path, out: &mut File) -> Result<Exported, LabError> {
    let run = folder.id();
    let mut archive = tar::Builder::new(io::BufWriter::new(out));
    archive.mode(tar::HeaderMode::Deterministic);
    let mut exported = Exported {
        run: run.clone(),
        file: file.to_owned(),
        files: 0,
        bytes: 0,
        without: Vec::new(),
    };
    let mut files = Vec::new();
    list_files(folder.path(), Path::new(""), &mut files)?;
    let mut files: Vec<(PathBuf, PathBuf)> = files
        .into_iter()
        .map(|inside| (folder.path().join(&inside), inside))
        .collect();
    for table in read_plan(folder)?.map(|plan| plan.datasets).unwrap_or_default() {
        let name = table.path.file_name().map(PathBuf::from).unwrap_or_default();
        let inside = Path::new(run_files::TABLES).join(&table.sha256).join(name);
        if files.iter().any(|(_, known)| *known == inside) {
            continue;
        }
        match sha256_file(&table.path) {
            Ok(sha256) if sha256 == table.sha256 => files.push((table.path.clone(), inside)),
            Ok(_) => exported
                .without
                .push(format!("{} has changed since the run", table.path.display())),
            Err(error) => exported.without.push(format!("{}: {error}", table.path.display())),
        }
    }
    files.sort_by(|a, b| a.1.cmp(&b.1));
    for (from, inside) in files {
        let failed = || LabError::io("add to the archive", from.clone());
        exported.bytes += fs::metadata(&from).map_err(failed())?.len();
        exported.files += 1;
        archive
            .append_path_with_name(&from, Path::new(run.as_str()).join(&inside))
            .map_err(failed())?;
    }
    let finished = archive
        .into_inner()
        .and_then(|writer| writer.into_inner().map_err(io::IntoInnerError::into_error));
    finished.map_err(LabError::io("write", file))?;
    Ok(exported)
}

/// Lists the regular files below a folder, by their paths in it.
fn list_files(root: &Path, inside: &Path, out: &mut Vec<PathBuf>) -> Result<(), LabError> {
    let folder = root.join(inside);
    for entry in fs::read_dir(&folder).map_err(LabError::io("list", &folder))? {
        let entry = entry.map_err(LabError::io("list", &folder))?;
        let name = entry.file_name();
        let path = inside.join(&name);
        let kind = entry.file_type().map_err(LabError::io("list", &folder))?;
        if is_left_out(&name.to_string_lossy()) && (inside == Path::new("") || kind.is_dir()) {
            continue;
        }
        if kind.is_dir() {
            list_files(root, &path, out)?;
        } else if kind.is_file() {
            out.push(path);
        }
    }
    Ok(())
}

/// Adds the run of an archive to `runs`, completely or not at all.
///
/// # Errors
/// When the file is not an archive, holds anything but regular files of one run, or that run exists already.
pub fn import_run(runs: &Path, file: &Path) -> Result<RunFolder, LabError> {
    let opened = File::open(file).map_err(LabError::io("read", file))?;
    fs::create_dir_all(runs).map_err(LabError::io("make", runs))?;
    let beside = runs.join(format!(".import-{}-{:08x}", std::process::id(), fastrand::u32(..)));
    fs::create_dir(&beside).map_err(LabError::io("make", &beside))?;
    let unpacked = unpack_archive(tar::Archive::new(io::BufReader::new(opened)), file, &beside);
    let placed = unpacked.and_then(|run| {
        let target = runs.join(&run);
        if target.exists() {
            return Err(archive_error(file, format!("its run, {run}, exists already")));
        }
        fs::rename(beside.join(&run), &target).map_err(LabError::io("place", target))?;
        RunFolder::find(runs, &run)
    });
    // The remains are useless.
    let _ = fs::remove_dir_all(&beside);
    placed
}

fn archive_error(file: &Path, problem: impl Into<String>) -> LabError {
    LabError::Archive {
        path: file.to_owned(),
        problem: problem.into(),
    }
}

/// Unpacks regular files below `to`; returns the run's id.
fn unpack_archive(mut archive: tar::Archive<impl io::Read>, file: &Path, to: &Path) -> Result<String, LabError> {
    // An error without an OS code comes from the contents of the archive.
    let broken = |error: io::Error| match error.raw_os_error() {
        Some(_) => archive_error(file, format!("it cannot be read: {error}")),
        None => archive_error(file, "it is not an archive of a run, or it is incomplete"),
    };
    let mut runs = BTreeSet::new();
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let path = entry.path().map_err(broken)?.into_owned();
        let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
        if !plain || !entry.header().entry_type().is_file() {
            return Err(archive_error(
                file,
                format!("`{}` is not a regular file of a run", path.display()),
            ));
        }
        let run = path.iter().next().unwrap_or_default().to_string_lossy().into_owned();
        if run.starts_with('.') || path.components().count() < 2 {
            return Err(archive_error(
                file,
                format!("`{}` is not a file of a run", path.display()),
            ));
        }
        runs.insert(run);
        let target = to.join(&path);
        let parent = target.parent().unwrap_or(to);
        fs::create_dir_all(parent).map_err(LabError::io("make", parent))?;
        let mut out = File::create_new(&target).map_err(LabError::io("write", &target))?;
        io::copy(&mut entry, &mut out).map_err(broken)?;
    }
    match (runs.pop_first(), runs.is_empty()) {
        (Some(run), true)
            if to.join(&run).join(run_files::SETTINGS).is_file()
                && to.join(&run).join(run_files::JOURNAL_LOG).is_file() =>
        {
            Ok(run)
        }
        (Some(_), false) => Err(archive_error(file, "it holds more than one run")),
        _ => Err(archive_error(file, "it holds no run")),
    }
}

/// Path of a user's table: the copy that came with the run, else the path that the run read it from.
pub fn table_path(run: &Path, path: &Path, sha256: &str) -> PathBuf {
    let folder = run.join(run_files::TABLES).join(sha256);
    let came = fs::read_dir(folder).ok().and_then(|mut entries| entries.next()?.ok());
    came.map_or_else(|| path.to_owned(), |entry| entry.path())
}
