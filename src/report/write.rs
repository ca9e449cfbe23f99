//! Writing the outputs: all of them, or none.

use std::path::PathBuf;

use kosmos_core::{files::Sync, plain_path::PlainPath, run_dir::RunDir, run_files};

use super::audit::audit_tests;
use super::compose::compose_report;
use super::dossier::Dossier;
use super::error::ReportError;
use super::evidence::EvidenceChecker;
use super::findings::findings_json;
use super::notebook::render_notebook;
use super::verify::verify_document;
use super::{html, markdown};
use crate::failpoint;

/// The files that were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// `findings.json`.
    pub findings: PathBuf,
    /// `report.md`.
    pub markdown: PathBuf,
    /// `report.html`.
    pub html: PathBuf,
    /// `notebook.ipynb`.
    pub notebook: PathBuf,
}

/// Renders `findings.json`, `report.md`, `report.html` and `notebook.ipynb` into a run's folder.
///
/// Every number is held against the run's artefacts first: results and scripts by hash and value, q and verdicts by
/// `ledger.jsonl`, everything else by the dossier and the file that tells it (`journal.jsonl`, `run.toml`), which
/// must be there. Each file is written beside its place and renamed, so that no reader sees half of one.
///
/// # Errors
/// A number, name or figure has no evidence, or a file cannot be written. Nothing is written unless all four render.
pub fn write_all(run_dir: &RunDir, dossier: &Dossier) -> Result<Written, ReportError> {
    write_files(run_dir, &render_all(run_dir, dossier)?)
}

/// Writes the contents of [`FILES`] into a run's folder.
///
/// # Errors
/// A file cannot be written.
pub fn write_files(run_dir: &RunDir, contents: &[String; 4]) -> Result<Written, ReportError> {
    let [findings, markdown, html, notebook] = contents;
    Ok(Written {
        findings: replace_file(run_dir, &PlainPath::of(FILES[0]), findings)?,
        markdown: replace_file(run_dir, &PlainPath::of(FILES[1]), markdown)?,
        html: replace_file(run_dir, &PlainPath::of(FILES[2]), html)?,
        notebook: replace_file(run_dir, &PlainPath::of(FILES[3]), notebook)?,
    })
}

/// Writes the files that say how the run's tables were read and joined.
///
/// # Errors
/// A file cannot be written.
pub fn write_table_files(run_dir: &RunDir, files: &[(PlainPath, String)]) -> Result<(), ReportError> {
    for (inside, content) in files {
        if let Some(folder) = inside.parent() {
            run_dir.create_folders(&folder).map_err(|source| ReportError::Io {
                path: run_dir.place_of(&folder),
                source,
            })?;
        }
        replace_file(run_dir, inside, content)?;
    }
    Ok(())
}

/// The files that a run's report is.
pub const FILES: [&str; 4] = [
    run_files::FINDINGS,
    run_files::REPORT_MARKDOWN,
    run_files::REPORT_HTML,
    run_files::NOTEBOOK,
];

/// The contents of [`FILES`], every number of which is in the run's artefacts; nothing is written.
///
/// # Errors
/// As [`write_all`], but for writing.
pub fn render_all(run_dir: &RunDir, dossier: &Dossier) -> Result<[String; 4], ReportError> {
    let mut evidence = EvidenceChecker::open(run_dir, dossier)?;
    audit_tests(dossier, &mut evidence)?;
    let document = verify_document(compose_report(dossier), &mut evidence)?;
    let notebook = render_notebook(dossier, &mut evidence)?;
    let findings = findings_json(dossier)?;
    Ok([
        findings,
        markdown::render_markdown(&document),
        html::render_html(&document),
        notebook,
    ])
}

/// Writes a file of the run's folder, all of it or nothing.
fn replace_file(run_dir: &RunDir, inside: &PlainPath, content: &str) -> Result<PathBuf, ReportError> {
    let written = run_dir.write_atomically(inside, Sync::Content, |file| {
        failpoint::write_all(file, "report", content.as_bytes())
    });
    failpoint::crash("report.placed", inside.as_ref());
    let path = run_dir.place_of(inside);
    match written {
        Ok(()) => Ok(path),
        Err(source) => Err(ReportError::Io { path, source }),
    }
}
