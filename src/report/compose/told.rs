//! A model's words about the findings, apart from the computed results.

use super::super::document::Draft;
use super::super::document::{Block, Blocks, Line, LinkTarget, Tone, heading, line, paragraph, text};
use super::super::dossier::Dossier;
use super::super::told::model_words;
use super::finding::section_anchor;
use super::words;
use crate::message::Interpretation;
use crate::science::TestRecord;

/// The words, and what the model did not do.
pub(super) fn add_interpretation_section(dossier: &Dossier, out: &mut Blocks) {
    let told = model_words(dossier);
    let first = told.answer.or(told.findings.first().map(|(_, words)| *words));
    if first.is_none() && !told.withheld && dossier.model_remarks.is_empty() {
        return;
    }
    out.push(heading(2, "model-words", text("In a model’s words")));
    if let Some(words) = first {
        out.push(Block::Paragraph(Tone::Weak, author_notice(words)));
    }
    out.extend(told.answer.map(|words| paragraph(line().name(&words.text))));
    if !told.findings.is_empty() {
        let points = told
            .findings
            .iter()
            .map(|(finding, words)| finding_point(finding, words));
        out.push(Block::List(points.collect()));
    }
    if told.withheld {
        out.push(paragraph(text(
            "Other statements of the model do not pass the check of this version and are not shown.",
        )));
    }
    if !dossier.model_remarks.is_empty() {
        out.push(paragraph(line().strong(text("Requests that the model did not fulfil"))));
        let remarks = dossier
            .model_remarks
            .iter()
            .map(|remark| line().code(&remark.agent).text(": ").name(&remark.text));
        out.push(Block::List(remarks.collect()));
    }
}

/// Who says it, and what that is worth.
fn author_notice(words: &Interpretation) -> Line<Draft> {
    text("The model ").code(&words.model).text(
        " wrote what follows. Each figure in it was held against the numbers of the finding, and its words against \
             the verdict; what failed was left out. It adds no evidence.",
    )
}

fn finding_point(finding: &TestRecord, words: &Interpretation) -> Line<Draft> {
    line()
        .link(
            LinkTarget::Anchor(section_anchor(finding)),
            words::relation_line(finding),
        )
        .text(": ")
        .name(&words.text)
}

/// The words for one finding, marked as what they are.
pub(crate) fn interpretation_of_finding(dossier: &Dossier, finding: &TestRecord) -> Option<Block<Draft>> {
    let told = model_words(dossier);
    let (_, words) = told.findings.iter().find(|(told, _)| told.id == finding.id)?;
    let said = text("In the words of the model ")
        .code(&words.model)
        .text(", checked against the numbers: ");
    Some(Block::Paragraph(Tone::Weak, said.name(&words.text)))
}
