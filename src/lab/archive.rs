//! A run as one file, to be taken to another machine, verified there and kept.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io,
    path::{Component, Path, PathBuf},
};

use serde::Serialize;

use super::{LabError, RunFolder, replay::plan_of, work::durability};
use crate::{
    hash::sha256_file,
    journal::{Journal, Options},
    science::RunId,
};

/// Below a run's folder: the user's tables that came with it, each as `<sha256>/<name>`.
pub(super) const TABLES: &str = "data";

/// What is made anew of the rest, and so is not in an archive: the journal's database is an index of `journal.jsonl`.
fn is_left_out(name: &str) -> bool {
    name.starts_with('.') || name == "journal" || name.starts_with("journal.damaged-")
}

/// What was put into an archive.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Exported {
    #[allow(missing_docs)]
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

/// Writes a run, with the tables that it read, to a tar archive, whole or not at all.
///
/// # Errors
/// When another process works on the run, `file` is there already, or something cannot be read or written.
pub fn export(folder: &RunFolder, file: &Path) -> Result<Exported, LabError> {
    if file.exists() {
        return Err(LabError::Archive {
            path: file.to_owned(),
            problem: "it is there already".to_owned(),
        });
    }
    let options = Options {
        durability: durability(&folder.settings()?),
    };
    // Held until the end, so that nobody works on the run meanwhile.
    let _journal = Journal::open(folder.path(), options)?;
    let mut beside = file.as_os_str().to_owned();
    beside.push(".partial");
    let beside = PathBuf::from(beside);
    let written = write(folder, file, &beside);
    if written.is_err() {
        // It is worth nothing, and its removal may fail for the same reason.
        let _ = fs::remove_file(&beside);
    }
    written
}

fn write(folder: &RunFolder, file: &Path, beside: &Path) -> Result<Exported, LabError> {
    let run = folder.id();
    let created = File::create(beside).map_err(LabError::io("write", beside))?;
    let mut archive = tar::Builder::new(io::BufWriter::new(created));
    archive.mode(tar::HeaderMode::Deterministic);
    let mut exported = Exported {
        run: run.clone(),
        file: file.to_owned(),
        files: 0,
        bytes: 0,
        without: Vec::new(),
    };
    let mut files = Vec::new();
    list(folder.path(), Path::new(""), &mut files)?;
    let mut files: Vec<(PathBuf, PathBuf)> = files
        .into_iter()
        .map(|inside| (folder.path().join(&inside), inside))
        .collect();
    for table in plan_of(folder)?.map(|plan| plan.datasets).unwrap_or_default() {
        let name = table.path.file_name().map(PathBuf::from).unwrap_or_default();
        let inside = Path::new(TABLES).join(&table.sha256).join(name);
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
    finished
        .and_then(|written| written.sync_all())
        .and_then(|()| fs::rename(beside, file))
        .map_err(LabError::io("write", file))?;
    Ok(exported)
}

/// Plain files below a folder, by their paths in it.
fn list(root: &Path, inside: &Path, out: &mut Vec<PathBuf>) -> Result<(), LabError> {
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
            list(root, &path, out)?;
        } else if kind.is_file() {
            out.push(path);
        }
    }
    Ok(())
}

/// Puts the run of an archive among those of `runs`, whole or not at all.
///
/// # Errors
/// When the file is no such archive, holds anything but plain files of one run, or that run is there already.
pub fn import(runs: &Path, file: &Path) -> Result<RunFolder, LabError> {
    let opened = File::open(file).map_err(LabError::io("read", file))?;
    fs::create_dir_all(runs).map_err(LabError::io("make", runs))?;
    let beside = runs.join(format!(".import-{}-{:08x}", std::process::id(), fastrand::u32(..)));
    fs::create_dir(&beside).map_err(LabError::io("make", &beside))?;
    let unpacked = unpack(tar::Archive::new(io::BufReader::new(opened)), file, &beside);
    let placed = unpacked.and_then(|run| {
        let target = runs.join(&run);
        if target.exists() {
            return Err(wrong(file, format!("its run, {run}, is there already")));
        }
        fs::rename(beside.join(&run), &target).map_err(LabError::io("place", target))?;
        RunFolder::find(runs, &run)
    });
    // What is left of it is of no use.
    let _ = fs::remove_dir_all(&beside);
    placed
}

fn wrong(file: &Path, problem: impl Into<String>) -> LabError {
    LabError::Archive {
        path: file.to_owned(),
        problem: problem.into(),
    }
}

/// Unpacks plain files below `to`; the run's id.
fn unpack(mut archive: tar::Archive<impl io::Read>, file: &Path, to: &Path) -> Result<String, LabError> {
    // What is not the system's word is the archive's own, which may be anything.
    let broken = |error: io::Error| match error.raw_os_error() {
        Some(_) => wrong(file, format!("it cannot be read: {error}")),
        None => wrong(file, "it is no archive of a run, or not all of one"),
    };
    let mut runs = BTreeSet::new();
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let path = entry.path().map_err(broken)?.into_owned();
        let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
        if !plain || !entry.header().entry_type().is_file() {
            return Err(wrong(file, format!("`{}` is no plain file of a run", path.display())));
        }
        let run = path.iter().next().unwrap_or_default().to_string_lossy().into_owned();
        if run.starts_with('.') || path.components().count() < 2 {
            return Err(wrong(file, format!("`{}` is no file of a run", path.display())));
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
            if to.join(&run).join("run.toml").is_file() && to.join(&run).join("journal.jsonl").is_file() =>
        {
            Ok(run)
        }
        (Some(_), false) => Err(wrong(file, "it holds more than one run")),
        _ => Err(wrong(file, "it holds no run")),
    }
}

/// Where a table of the user's is: what came with the run, or else where the run read it.
pub fn table(run: &Path, path: &Path, sha256: &str) -> PathBuf {
    let folder = run.join(TABLES).join(sha256);
    let came = fs::read_dir(folder).ok().and_then(|mut entries| entries.next()?.ok());
    came.map_or_else(|| path.to_owned(), |entry| entry.path())
}
