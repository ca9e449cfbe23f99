//! Checks the files of a run against its journal.

use std::{fs, io, path::Path};

use super::Verification;
use crate::{
    hash::sha256_file,
    lab::{run_version::RunVersion, tables::Tables},
    report::{Dossier, FILES},
};
use kosmos_core::run_files;

/// Checks that the user's tables are those that the run read.
pub(super) fn check_tables(tables: &Tables<'_>, dossier: &Dossier, verification: &mut Verification) {
    for table in &dossier.datasets {
        verification.tables += 1;
        if let Err(problem) = tables.check_table(Path::new(&table.path), &table.sha256) {
            verification.add_problem(&table.path, format!("the table {problem}"));
        }
    }
}

/// Checks scripts and artefacts against the hashes in the journal.
pub(super) fn check_files(run: &Path, dossier: &Dossier, verification: &mut Verification) {
    for experiment in dossier
        .experiments
        .iter()
        .filter(|experiment| experiment.outcome.is_some())
    {
        let folder = run_files::experiment_folder(experiment.id.as_str());
        let script = (run_files::SCRIPT, None, experiment.script_sha256.as_str());
        let artefacts = experiment.artefacts.iter();
        let artefacts = artefacts.map(|file| (file.path.as_str(), Some(file.bytes), file.sha256.as_str()));
        for (name, bytes, recorded) in std::iter::once(script).chain(artefacts) {
            verification.files += 1;
            let place = folder.join(name);
            match hash_file(&run.join(&place), bytes) {
                Ok(Some(sha256)) if sha256 == recorded => {}
                Ok(_) => verification.add_problem(place.display().to_string(), "it is not what the run recorded"),
                Err(error) => {
                    verification.add_problem(place.display().to_string(), format!("it cannot be read: {error}"))
                }
            }
        }
    }
}

/// Returns the SHA-256 of a file; none if it is not as long as recorded. A file of another length is not read, because
/// one with holes can be longer than anybody waits for.
fn hash_file(path: &Path, bytes: Option<u64>) -> io::Result<Option<String>> {
    match bytes {
        Some(bytes) if fs::metadata(path)?.len() != bytes => Ok(None),
        _ => sha256_file(path).map(Some),
    }
}

/// Checks that the report is what the journal gives, with every number in its artefact.
pub(super) fn check_report(run: &Path, version: RunVersion, dossier: &Dossier, verification: &mut Verification) {
    let contents = match version.render_report(run, dossier) {
        Ok(contents) => contents,
        Err(error) => return verification.add_problem("the report", error.to_string()),
    };
    for (name, content) in FILES.into_iter().zip(contents) {
        verification.reports += 1;
        match fs::read_to_string(run.join(name)) {
            Ok(found) if found == content => {}
            Ok(found) => verification.add_problem(name, describe_first_difference(&content, &found)),
            Err(error) => verification.add_problem(name, format!("it cannot be read: {error}")),
        }
    }
}

/// Names the first line of `found` that differs from `content`.
fn describe_first_difference(content: &str, found: &str) -> String {
    let line = content.lines().zip(found.lines()).position(|(one, other)| one != other);
    match line {
        Some(line) => format!("line {} is not what the run's evidence gives", line + 1),
        None => "its end is not what the run's evidence gives".to_owned(),
    }
}
