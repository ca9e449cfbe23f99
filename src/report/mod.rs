//! The report: what a person reads at the end, every number of it with its evidence.

mod dossier;

pub use dossier::{
    BudgetLine, CycleSummary, DatasetRecord, DeadLetter, Dossier, FamilyRecord, FigureRecord, LedgerLine, Method,
    RestartRecord,
};

/// Placeholder.
#[derive(Debug, thiserror::Error)]
#[error("placeholder")]
pub struct ReportError;
/// Placeholder.
#[derive(Debug)]
pub struct Written { /// p
 pub findings: std::path::PathBuf, /// p
 pub report_md: std::path::PathBuf, /// p
 pub report_html: std::path::PathBuf, /// p
 pub notebook: std::path::PathBuf }
/// Placeholder.
pub fn terminal_summary(_: &Dossier) -> String { String::new() }
/// Placeholder.
pub fn write_all(run: &std::path::Path, dossier: &Dossier) -> Result<Written, ReportError> {
    let findings = crate::science::Findings { schema_version: 1, run: dossier.run.clone(), question: dossier.question.clone(), status: dossier.end.status,
      findings: { let mut f: Vec<_> = dossier.tests.iter().filter(|t| t.significant).cloned().collect(); f.sort_by(crate::science::TestRecord::finding_order); f }, tests: dossier.tests.clone(), shuffled_null: dossier.shuffled_null.clone() };
    let path = run.join("findings.json");
    std::fs::write(&path, serde_json::to_vec_pretty(&findings).unwrap_or_default()).map_err(|_| ReportError)?;
    Ok(Written { report_md: path.clone(), report_html: path.clone(), notebook: path.clone(), findings: path })
}
