//! The fixed orders of tests and findings.

use crate::report::Dossier;
use crate::science::TestRecord;

/// The significant tests, but for those that an agent's veto took out: replicated first, then by q, p and id.
pub(crate) fn ordered_findings(dossier: &Dossier) -> Vec<&TestRecord> {
    let mut findings: Vec<_> = dossier.tests.iter().filter(|test| test.is_finding()).collect();
    findings.sort_by(|a, b| a.finding_order(b));
    findings
}

/// All tests: by cycle, then q, p and id.
pub(crate) fn ordered_tests(dossier: &Dossier) -> Vec<&TestRecord> {
    let mut tests: Vec<_> = dossier.tests.iter().collect();
    tests.sort_by(|a, b| a.test_order(b));
    tests
}

/// Findings as the short answer names them: those about the target before others, replicated ones before others.
pub(crate) fn headline_findings(dossier: &Dossier) -> Vec<&TestRecord> {
    let mut findings = ordered_findings(dossier);
    findings.sort_by_key(|test| (!is_replicated(test), !is_about_target(dossier, test)));
    findings
}

/// Whether a test is about the run's target.
pub(crate) fn is_about_target(dossier: &Dossier, test: &TestRecord) -> bool {
    dossier
        .target
        .as_ref()
        .is_some_and(|target| *target == test.x || *target == test.y)
}

fn is_replicated(test: &TestRecord) -> bool {
    test.replicated == Some(true)
}
