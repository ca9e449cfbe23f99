//! Checks the files of a run against its journal.

use std::{io, path::Path};

use kosmos_core::{
    plain_path::{ContentHash, PlainPath},
    run_dir::{EntryKind, RunDir},
    run_files,
};

use super::Verification;
use crate::{
    lab::{run_version::RunVersion, tables::Tables},
    report::{Dossier, FILES},
};

/// Checks that the user's tables are those that the run read.
pub(super) fn check_tables(tables: &Tables, dossier: &Dossier, verification: &mut Verification) {
    for table in dossier.datasets.iter().filter(|table| table.joined.is_empty()) {
        verification.tables += 1;
        if let Err(problem) = tables.check_table(Path::new(&table.path), &table.sha256) {
            verification.add_problem(&table.path, format!("the table {problem}"));
        }
    }
}

/// Checks scripts and artefacts against the hashes in the journal.
pub(super) fn check_files(run: &RunDir, dossier: &Dossier, verification: &mut Verification) {
    for experiment in dossier
        .experiments
        .iter()
        .filter(|experiment| experiment.outcome.is_some())
    {
        let folder = experiment.id.folder();
        let script = (PlainPath::of(run_files::SCRIPT), None, &experiment.script_sha256);
        let artefacts = experiment.artefacts.iter();
        let artefacts = artefacts.map(|artefact| (artefact.path.clone(), Some(artefact.bytes), &artefact.sha256));
        for (name, bytes, recorded) in std::iter::once(script).chain(artefacts) {
            verification.files += 1;
            let place = folder.join_path(&name);
            match hash_recorded(run, &place, bytes) {
                Ok(Some(sha256)) if sha256.as_str() == recorded => {}
                Ok(_) => verification.add_problem(place.as_str(), "it is not what the run recorded"),
                Err(error) => verification.add_problem(place.as_str(), format!("it cannot be read: {error}")),
            }
        }
    }
}

/// Returns the SHA-256 of a file; none if it is not as long as recorded. A file of another length is not read, because
/// one with holes can be longer than anybody waits for.
fn hash_recorded(run: &RunDir, place: &PlainPath, bytes: Option<u64>) -> io::Result<Option<ContentHash>> {
    match (run.kind_of(place)?, bytes) {
        (Some(EntryKind::File(found)), Some(bytes)) if found != bytes => Ok(None),
        _ => run.hash(place, run_files::EXPERIMENT_BYTES).map(Some),
    }
}

/// Checks that the report and what says how the tables were read are what the journal gives, with every number in its
/// artefact.
pub(super) fn check_report(run: &RunDir, version: RunVersion, dossier: &Dossier, verification: &mut Verification) {
    let contents = match version.render_report(run, dossier) {
        Ok(contents) => contents,
        Err(error) => return verification.add_problem("the report", error.to_string()),
    };
    let report = FILES.into_iter().map(PlainPath::of).zip(contents);
    for (inside, content) in report.chain(version.render_table_files(dossier)) {
        verification.reports += 1;
        match run.read_text(&inside, run_files::TEXT_BYTES) {
            Ok(found) if found == content => {}
            Ok(found) => verification.add_problem(inside.to_string(), describe_first_difference(&content, &found)),
            Err(error) => verification.add_problem(inside.to_string(), format!("it cannot be read: {error}")),
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
