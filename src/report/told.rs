//! A model's words about the findings, as far as they still say no more than the numbers.

use super::{dossier::Dossier, order};
use crate::message::Interpretation;
use crate::science::TestRecord;
use crate::words::{self, Run};

/// The words that may be shown.
#[derive(Debug, Default)]
pub(crate) struct ModelWords<'d> {
    /// Of the question's answer.
    pub(crate) answer: Option<&'d Interpretation>,
    /// Of findings, in their order.
    pub(crate) findings: Vec<(&'d TestRecord, &'d Interpretation)>,
    /// Whether others do not pass.
    pub(crate) withheld: bool,
}

/// The dossier's words. They were checked when they were written; here again, since a report must hold whatever is in
/// the record that it is made from.
pub(crate) fn model_words(dossier: &Dossier) -> ModelWords<'_> {
    let findings = order::judged_findings(dossier);
    let run = Run {
        randomised: &dossier.method.randomised,
        tests: dossier.tests.len() as u64,
    };
    let mut told = ModelWords::default();
    for words in &dossier.interpretations {
        let shown = match &words.finding {
            None => {
                // An answer was written from the first few findings.
                let known = |first: usize| findings.get(..first).unwrap_or_default();
                let passes = (1..=findings.len())
                    .any(|first| words::check_against_findings(&words.text, known(first), run).is_ok());
                if passes {
                    told.answer = Some(words);
                }
                passes
            }
            Some(id) => match findings.iter().find(|finding| finding.id == *id) {
                Some(finding) if words::check_against_findings(&words.text, &[finding], run).is_ok() => {
                    told.findings.push((finding, words));
                    true
                }
                _ => false,
            },
        };
        told.withheld |= !shown;
    }
    told
}
