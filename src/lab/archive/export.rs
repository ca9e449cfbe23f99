//! Writes an archive.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use kosmos_core::{
    files::{Sync, write_atomically},
    run_dir::{EntryKind, OddNames, RunDir},
    run_files,
};
use serde::Serialize;

use super::{
    archive_error,
    member::{self, Member},
    signature::{Signed, SigningKey, signature_path},
};
use crate::{
    config::ByteSize,
    lab::{
        LabError, RunFolder, RunOrigin,
        options::open_journal,
        replay::read_plan,
        tables::{FilePlace, Tables},
        trust,
    },
    message::ResearchPlan,
    science::RunId,
};

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
    /// Its signature, if it was signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed: Option<Signed>,
}

/// Writes a run and the tables that it read to a tar archive, completely or not at all. Of a run from elsewhere, only
/// tables that came with it are written. With `sign`, the user's signature is written beside it.
///
/// # Errors
/// When another process works on the run, `file` exists already, or a file cannot be read or written.
pub fn export_run(folder: &RunFolder, file: &Path, sign: bool) -> Result<Exported, LabError> {
    if file.exists() {
        return Err(archive_error(file, "the file exists already"));
    }
    let key = match sign {
        false => None,
        true if signature_path(file).exists() => {
            return Err(archive_error(&signature_path(file), "the file exists already"));
        }
        true => Some(SigningKey::find_or_create(&trust::environment()?)?),
    };
    let mut exported = write_whole_archive(folder, file)?;
    if let Some(key) = key {
        let signed = key.sign_archive(file, &exported.run);
        if signed.is_err() {
            // Without its signature it is not what was asked for.
            let _ = fs::remove_file(file);
        }
        exported.signed = Some(signed?);
    }
    Ok(exported)
}

fn write_whole_archive(folder: &RunFolder, file: &Path) -> Result<Exported, LabError> {
    // Held until the end, so that no other process works on the run meanwhile.
    let origin = folder.origin()?;
    let _journal = open_journal(folder, origin)?;
    let mut exported = None;
    let written = write_atomically(file, Sync::Content, |out| {
        exported = Some(write_archive(folder, origin, file, out));
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

fn write_archive(folder: &RunFolder, origin: RunOrigin, file: &Path, out: &mut File) -> Result<Exported, LabError> {
    let run = folder.id();
    let mut archive = tar::Builder::new(io::BufWriter::new(out));
    archive.mode(tar::HeaderMode::Deterministic);
    let mut exported = Exported {
        run: run.clone(),
        file: file.to_owned(),
        files: 0,
        bytes: 0,
        without: Vec::new(),
        signed: None,
    };
    let tables = Tables::of_run(folder, origin)?;
    let mut files = list_members(tables.run())?;
    add_tables(folder, &tables, &mut files, &mut exported.without)?;
    files.sort_by(|a, b| a.1.cmp(&b.1));
    for (from, inside) in files {
        let failed = || LabError::io("add to the archive", tables.path_of(&from));
        let mut opened = tables.open_place(&from).map_err(failed())?;
        let bytes = opened.metadata().map_err(failed())?.len();
        check_size(file, &inside, bytes, exported.files)?;
        exported.bytes += bytes;
        exported.files += 1;
        archive
            .append_file(Path::new(run.as_str()).join(&inside), &mut opened)
            .map_err(failed())?;
    }
    let finished = archive
        .into_inner()
        .and_then(|writer| writer.into_inner().map_err(io::IntoInnerError::into_error));
    finished.map_err(LabError::io("write", file))?;
    Ok(exported)
}

/// A file with its place in the run's folder of the archive.
type ArchivedFile = (FilePlace, PathBuf);

/// Adds the tables that the run read, each with its place in the archive; `without` tells of those that are not there.
fn add_tables(
    folder: &RunFolder,
    tables: &Tables,
    files: &mut Vec<ArchivedFile>,
    without: &mut Vec<String>,
) -> Result<(), LabError> {
    let plan = read_plan(folder)?;
    for table in plan.iter().flat_map(ResearchPlan::files) {
        let name = table.path.file_name().map(PathBuf::from).unwrap_or_default();
        let inside = Path::new(run_files::TABLES).join(&table.sha256).join(name);
        if files.iter().any(|(_, known)| *known == inside) {
            continue;
        }
        let found = match Member::of_path(&inside) {
            Ok(_) => tables
                .check_table(&table.path, &table.sha256)
                .and_then(|()| tables.find_table(&table.path, &table.sha256))
                .map_err(|fault| fault.to_string()),
            Err(problem) => Err(problem.to_owned()),
        };
        match found {
            Ok(place) => files.push((place, inside)),
            Err(problem) => without.push(format!("{} {problem}", table.path.display())),
        }
    }
    Ok(())
}

/// Checks that an archive with this file can be imported.
fn check_size(file: &Path, inside: &Path, bytes: u64, before: u64) -> Result<(), LabError> {
    let limit = Member::of_path(inside).map_or(0, Member::limit);
    match () {
        () if bytes > limit => Err(archive_error(
            file,
            format!(
                "`{}` has {}, and an archive holds at most {} of it",
                inside.display(),
                ByteSize::new(bytes),
                ByteSize::new(limit)
            ),
        )),
        () if before >= member::MOST => Err(archive_error(
            file,
            format!("the run has more than {} files", member::MOST),
        )),
        () => Ok(()),
    }
}

/// Lists the files of a run that belong into an archive. What is rebuilt from the rest, such as the journal's database,
/// does not, nor does what Kosmos did not write.
fn list_members(run: &RunDir) -> Result<Vec<ArchivedFile>, LabError> {
    let entries = run.tree(None, OddNames::Skip);
    let entries = entries.map_err(|error| LabError::entry("list", error))?.into_iter();
    let members = entries
        .filter(|(inside, kind)| matches!(kind, EntryKind::File(_)) && Member::of_path(inside.as_path()).is_ok());
    Ok(members
        .map(|(inside, _)| {
            let place = inside.as_path().to_owned();
            (FilePlace::InRun(inside), place)
        })
        .collect())
}
