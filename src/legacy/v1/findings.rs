//! `findings.json`.

use crate::report::Dossier;
use crate::report::ReportError;
use crate::report::order;
use crate::science::Findings;

/// The version of the contract.
const SCHEMA_VERSION: u32 = 1;

/// The findings of the run, for programs.
pub fn findings(dossier: &Dossier) -> Findings {
    Findings {
        schema_version: SCHEMA_VERSION,
        run: dossier.run.clone(),
        question: dossier.question.clone(),
        status: dossier.end.status,
        findings: order::ordered_findings(dossier).into_iter().cloned().collect(),
        tests: order::ordered_tests(dossier).into_iter().cloned().collect(),
        shuffled_null: dossier.shuffled_null.clone(),
    }
}

/// The same as the file holds it: indented, with a newline at the end; the same dossier gives the same bytes.
///
/// # Errors
/// Never for a dossier that was read from JSON.
pub(crate) fn findings_json(dossier: &Dossier) -> Result<String, ReportError> {
    let mut json = serde_json::to_string_pretty(&findings(dossier))?;
    json.push('\n');
    Ok(json)
}
