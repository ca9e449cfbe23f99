//! Version 1 (0.1): the texts, the pages and the notebook of its reports, and the packages that its scripts ran on.

mod compose;
mod findings;
mod html;
mod markdown;
mod notebook;
mod order;
mod packages;

use kosmos_core::run_dir::RunDir;

use crate::report::{Dossier, ReportError, audit::audit_tests, evidence::EvidenceChecker, verify::verify_document};

pub(crate) use packages::PACKAGES;

/// The contents of [`crate::report::FILES`] as version 1 wrote them, every number of which is in the run's artefacts.
///
/// # Errors
/// The first number, name or figure without evidence.
pub(crate) fn render_report(run_dir: &RunDir, dossier: &Dossier) -> Result<[String; 4], ReportError> {
    let mut evidence = EvidenceChecker::open(run_dir, dossier)?;
    audit_tests(dossier, &mut evidence)?;
    let document = verify_document(compose::report(dossier), &mut evidence)?;
    let notebook = notebook::notebook(dossier, &mut evidence)?;
    let findings = findings::findings_json(dossier)?;
    Ok([
        findings,
        markdown::document(&document),
        html::document(&document),
        notebook,
    ])
}
