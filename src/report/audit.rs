//! Checks on every test before anything is written.

use super::dossier::Dossier;
use super::error::ReportError;
use super::evidence::EvidenceChecker;
use super::trace::{Traced, TracedDescription};
use crate::science::{FindingEvidence as Cited, TestRecord};
use kosmos_core::run_files;

/// Holds every test against script, result and ledger, and its wording against its verdict.
///
/// So `findings.json` too has no number without an artefact, whether or not the report shows it.
///
/// # Errors
/// The first disagreement.
pub(crate) fn audit_tests(dossier: &Dossier, evidence: &mut EvidenceChecker) -> Result<(), ReportError> {
    for test in &dossier.tests {
        let place = format!("test {}", test.id);
        check_artefacts(test, evidence, &place)?;
        check_verdict(test, evidence)?;
        check_wording(test, &dossier.method.randomised)?;
        let units = Traced(test).units(dossier);
        let in_units = units.into_iter().flat_map(|units| units.all_numbers());
        for cited in Traced(test).all_numbers().into_iter().chain(in_units) {
            evidence.check_number(&cited, &place)?;
        }
    }
    for description in &dossier.descriptions {
        let place = format!("description {}", description.id);
        check_artefacts_of(&description.evidence, evidence, &place)?;
        for cited in TracedDescription(description).all_numbers() {
            evidence.check_number(&cited, &place)?;
        }
    }
    Ok(())
}

/// The test must name the hashes that its experiments left, and the scripts must still have their own.
fn check_artefacts(test: &TestRecord, evidence: &EvidenceChecker, place: &str) -> Result<(), ReportError> {
    std::iter::once(&test.evidence)
        .chain(&test.confirmed_by)
        .try_for_each(|cited| check_artefacts_of(cited, evidence, place))
}

fn check_artefacts_of(cited: &Cited, evidence: &EvidenceChecker, place: &str) -> Result<(), ReportError> {
    let record = evidence.find_experiment(&cited.experiment, place)?;
    let recorded = record.result_sha256.clone().unwrap_or_default();
    for (file, recorded, cited) in [
        (run_files::SCRIPT, &record.script_sha256, &cited.script_sha256),
        (run_files::RESULT, &recorded, &cited.result_sha256),
    ] {
        if recorded != cited {
            return Err(ReportError::HashDiffers {
                place: place.to_owned(),
                path: format!("experiments/{}/{file}", record.id).into(),
                recorded: recorded.clone(),
                found: cited.clone(),
            });
        }
    }
    evidence.check_script(&cited.experiment, &cited.script_sha256, place)?;
    evidence.check_result(&cited.experiment, &cited.result_sha256, place)
}

fn check_verdict(test: &TestRecord, evidence: &EvidenceChecker) -> Result<(), ReportError> {
    let differs = |what| {
        Err(ReportError::VerdictDiffers {
            hypothesis: test.id.to_string(),
            what,
        })
    };
    match evidence.find_verdict(&test.id) {
        None => differs("no judged line"),
        Some(line) if line.p != Some(test.p) => differs("another p"),
        Some(line) if line.q != Some(test.q) => differs("another q"),
        Some(line) if line.significant != Some(test.significant) => differs("another verdict"),
        Some(_) => Ok(()),
    }
}

/// The wording ladder: no word may be stronger than the verdict.
fn check_wording(test: &TestRecord, randomised: &[String]) -> Result<(), ReportError> {
    let wording = &test.wording;
    let why = if wording.claims_effect() && !randomised.contains(&test.x) {
        "its explaining column was not assigned at random"
    } else if wording.claims_replication() && !(test.significant && test.replicated == Some(true)) {
        "it is not both significant and replicated"
    } else if wording.claims_relation() && !test.significant {
        "it is not significant"
    } else {
        return Ok(());
    };
    Err(ReportError::Overclaim {
        hypothesis: test.id.to_string(),
        wording: test.wording.to_string(),
        why,
    })
}
