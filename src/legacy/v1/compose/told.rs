//! The words of a model on the findings, apart from what was computed.

use super::finding::anchor;
use super::words;
use crate::message::Interpretation;
use crate::report::Dossier;
use crate::report::document::Draft;
use crate::report::document::{Block, Blocks, Line, LinkTarget, Tone, heading, line, paragraph, text};
use crate::report::told::model_words;
use crate::science::TestRecord;

/// The words, and what the model did not do.
pub(super) fn section(dossier: &Dossier, out: &mut Blocks) {
    let told = model_words(dossier);
    let first = told.answer.or(told.findings.first().map(|(_, words)| *words));
    if first.is_none() && !told.withheld && dossier.model_remarks.is_empty() {
        return;
    }
    out.push(heading(2, "model-words", text("In a model’s words")));
    if let Some(words) = first {
        out.push(Block::Paragraph(Tone::Weak, notice(words)));
    }
    out.extend(told.answer.map(|words| paragraph(line().name(&words.text))));
    if !told.findings.is_empty() {
        let points = told.findings.iter().map(|(finding, words)| point(finding, words));
        out.push(Block::List(points.collect()));
    }
    if told.withheld {
        out.push(paragraph(text(
            "Other words of the model do not pass the check that this version makes, and are not shown.",
        )));
    }
    if !dossier.model_remarks.is_empty() {
        out.push(paragraph(
            line().strong(text("What the model did not do, or not as asked")),
        ));
        let remarks = dossier
            .model_remarks
            .iter()
            .map(|remark| line().code(&remark.agent).text(": ").name(&remark.text));
        out.push(Block::List(remarks.collect()));
    }
}

/// Who says it, and what that is worth.
fn notice(words: &Interpretation) -> Line<Draft> {
    text("The model ").code(&words.model).text(
        " wrote what follows. Each figure in it was held against the numbers of the finding, and its words against \
             the verdict; what failed was left out. It adds no evidence.",
    )
}

fn point(finding: &TestRecord, words: &Interpretation) -> Line<Draft> {
    line()
        .link(LinkTarget::Anchor(anchor(finding)), words::relation(finding))
        .text(": ")
        .name(&words.text)
}

/// The words for one finding, marked as what they are.
pub(crate) fn of_finding(dossier: &Dossier, finding: &TestRecord) -> Option<Block<Draft>> {
    let told = model_words(dossier);
    let (_, words) = told.findings.iter().find(|(told, _)| told.id == finding.id)?;
    let said = text("In the words of the model ")
        .code(&words.model)
        .text(", checked against the numbers: ");
    Some(Block::Paragraph(Tone::Weak, said.name(&words.text)))
}
