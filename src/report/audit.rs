//! What must hold of every test before anything is written.

use super::dossier::Dossier;
use super::error::ReportError;
use super::evidence::Evidence;
use super::trace::Traced;
use crate::science::{Evidence as Cited, TestRecord};

/// Holds every test against script, result and ledger, and its wording against its verdict.
///
/// So `findings.json` too has no number without an artefact, whether or not the report shows it.
///
/// # Errors
/// The first disagreement.
pub(crate) fn audit(dossier: &Dossier, evidence: &mut Evidence) -> Result<(), ReportError> {
    for test in &dossier.tests {
        let place = format!("test {}", test.id);
        artefacts(test, evidence, &place)?;
        verdict(test, evidence)?;
        wording(test, &dossier.method.randomised)?;
        for cited in Traced(test).all() {
            evidence.number(&cited, &place)?;
        }
    }
    Ok(())
}

/// The test must name the hashes that its experiments left, and the scripts must still have their own.
fn artefacts(test: &TestRecord, evidence: &Evidence, place: &str) -> Result<(), ReportError> {
    std::iter::once(&test.evidence)
        .chain(&test.confirmed_by)
        .try_for_each(|cited| artefacts_of(cited, evidence, place))
}

fn artefacts_of(cited: &Cited, evidence: &Evidence, place: &str) -> Result<(), ReportError> {
    let record = evidence.experiment(&cited.experiment, place)?;
    let recorded = record.result_sha256.clone().unwrap_or_default();
    for (file, recorded, cited) in [
        ("script.py", &record.script_sha256, &cited.script_sha256),
        ("result.json", &recorded, &cited.result_sha256),
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
    evidence.script(&cited.experiment, &cited.script_sha256, place)?;
    evidence.result(&cited.experiment, &cited.result_sha256, place)
}

fn verdict(test: &TestRecord, evidence: &Evidence) -> Result<(), ReportError> {
    let differs = |what| {
        Err(ReportError::VerdictDiffers {
            hypothesis: test.id.to_string(),
            what,
        })
    };
    match evidence.verdict(&test.id) {
        None => differs("no judged line"),
        Some(line) if line.p != Some(test.p) => differs("another p"),
        Some(line) if line.q != Some(test.q) => differs("another q"),
        Some(line) if line.significant != Some(test.significant) => differs("another verdict"),
        Some(_) => Ok(()),
    }
}

/// The wording ladder: no word may be stronger than the verdict.
fn wording(test: &TestRecord, randomised: &[String]) -> Result<(), ReportError> {
    let words: Vec<_> = test.wording.split_whitespace().collect();
    let claims = |word: &str| words.contains(&word);
    let why = if (claims("effect") || claims("causes") || claims("cause")) && !randomised.contains(&test.x) {
        "its explaining column was not assigned at random"
    } else if claims("replicated") && !(test.significant && test.replicated == Some(true)) {
        "it is not both significant and replicated"
    } else if (claims("association") || claims("effect")) && !claims("no") && !test.significant {
        "it is not significant"
    } else {
        return Ok(());
    };
    Err(ReportError::Overclaim {
        hypothesis: test.id.to_string(),
        wording: test.wording.clone(),
        why,
    })
}
