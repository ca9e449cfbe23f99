//! The head of the report: how the run ended, and the answer in short.

use super::finding::anchor;
use super::words;
use crate::legacy::v1::order;
use crate::report::Dossier;
use crate::report::citation::{Citation, Cited};
use crate::report::document::{Block, Blocks, Draft, Line, LinkTarget, Tone, heading, line, paragraph, text};
use crate::report::evidence::JUDGED;
use crate::report::number::NumberFormat;
use crate::report::trace::Traced;
use crate::science::{Arm, RunStatus, TestRecord, kind};

/// Headlines named in the short answer.
const HEADLINES: usize = 5;

/// Status line and short answer.
pub(super) fn section(dossier: &Dossier, out: &mut Blocks) {
    out.push(status(dossier));
    out.push(heading(2, "answer", text("Short answer")));
    out.extend(opening(dossier));
    let headlines = order::headline_findings(dossier);
    if headlines.is_empty() {
        return;
    }
    out.push(Block::List(
        headlines
            .iter()
            .take(HEADLINES)
            .map(|test| linked_headline(test))
            .collect(),
    ));
    if headlines.len() > HEADLINES {
        out.push(paragraph(
            text("The other findings are in the ")
                .link(LinkTarget::Anchor("findings".into()), text("table"))
                .text("."),
        ));
    }
}

fn status(dossier: &Dossier) -> Block<Draft> {
    let (tone, word, more) = match dossier.end.status {
        RunStatus::Answered => (Tone::Strong, "Answered", ""),
        // No run of that version ends so.
        RunStatus::NotAnswerable => (Tone::Bad, "Not answerable", ""),
        RunStatus::Exhausted => (Tone::Medium, "Exhausted", ""),
        RunStatus::BudgetSpent => (
            Tone::Weak,
            "Budget spent",
            " Questions are left; this report holds all that was done.",
        ),
        RunStatus::Stopped => (
            Tone::Weak,
            "Stopped",
            " The run can be resumed; this report holds all that was done.",
        ),
        RunStatus::Failed => (
            Tone::Bad,
            "Failed",
            " The run could not go on; this report holds all that was done.",
        ),
    };
    let message = dossier.end.message.as_str();
    let stop = if message.ends_with(['.', '!', '?']) { "" } else { "." };
    let line = line().strong(text(word)).text(": ").name(message).text(stop).text(more);
    Block::Paragraph(tone, line.text(" (run ").code(dossier.run.as_str()).text(")"))
}

/// A paragraph or two on the tests and their results.
pub(crate) fn opening(dossier: &Dossier) -> Vec<Block<Draft>> {
    let judged = Cited::ledger(dossier.tests.len() as u64, JUDGED, Arm::Observed, None);
    if dossier.tests.is_empty() {
        return vec![paragraph(
            match dossier.memory.as_ref().filter(|memory| !memory.settled.is_empty()) {
                None => text("No test was judged, so the question has no answer yet."),
                Some(_) => text("Nothing was left to test: ")
                    .link(
                        LinkTarget::Anchor(super::memory::ANCHOR.into()),
                        text("earlier runs of the project"),
                    )
                    .text(" have judged it on the same data."),
            }
            .then(why_none(dossier)),
        )];
    }
    let findings = order::ordered_findings(dossier);
    let alpha = Cited::record(
        dossier.method.alpha,
        "/method/alpha",
        crate::report::citation::RecordFile::Settings,
    );
    let significant = dossier.tests.iter().filter(|test| test.significant).count() as u64;
    let found = Cited::ledger(significant, JUDGED, Arm::Observed, None).significant();
    let replicated = findings.iter().filter(|test| test.replicated == Some(true)).count() as u64;
    let replicated = Cited {
        number: replicated.into(),
        format: NumberFormat::Plain,
        citation: Citation::Replicated,
    };
    if findings.is_empty() {
        return vec![paragraph(
            line()
                .strong(text("Nothing was detected."))
                .text(" Of ")
                .number(judged)
                .text(" tests judged, ")
                .number(found)
                .text(" passed the run-wide control of false discoveries at ")
                .number(alpha.format(NumberFormat::Percent))
                .text(". That is not proof that there is nothing: the ")
                .link(
                    LinkTarget::Anchor("nulls".into()),
                    text("section on what was not found"),
                )
                .text(" gives for each test the smallest effect that it would have seen."),
        )];
    }
    let mut out = vec![paragraph(
        text("Of ")
            .number(judged)
            .text(" tests judged, ")
            .number(found)
            .text(" passed the run-wide control of false discoveries at ")
            .number(alpha.format(NumberFormat::Percent))
            .text("; borne out on both parts of the rows: ")
            .number(replicated)
            .text("."),
    )];
    if dossier.target.is_some() && !findings.iter().any(|test| order::is_about_target(dossier, test)) {
        let target = dossier.target.as_deref().unwrap_or_default();
        out.push(Block::Paragraph(
            Tone::Weak,
            text("Nothing was detected about ")
                .code(target)
                .text(" itself; what was found is about other columns."),
        ));
    }
    out
}

fn why_none(dossier: &Dossier) -> Line<Draft> {
    let problems = dossier
        .datasets
        .iter()
        .filter_map(|dataset| dataset.profile.as_ref()?.problem.as_ref());
    let mut out = line();
    for problem in problems {
        out = out.text(" ").name(&problem.message);
    }
    if !dossier.untested.is_empty() {
        out = out
            .text(" What was asked and could not be tested is ")
            .link(LinkTarget::Anchor("untested".into()), text("listed with the reasons"));
        out = out.text(".");
    }
    out
}

/// A finding in a line: wording, direction, effect.
pub(crate) fn headline(test: &TestRecord) -> Line<Draft> {
    let traced = Traced(test);
    let clause = match test.direction {
        _ if test.kind == kind::INTERACTION => words::direction(test),
        Some(_) => words::direction(test).then(words::given(test)),
        None => words::relation(test).text(": ").then(words::direction(test)),
    };
    line()
        .badge(words::tone(test), test.wording.as_str())
        .text(" ")
        .then(clause)
        .text(" (")
        .then(words::effect(&traced.effect()))
        .text(", q ")
        .number(traced.q())
        .text(", n ")
        .number(traced.n())
        .text(").")
}

fn linked_headline(test: &TestRecord) -> Line<Draft> {
    let mut out = headline(test);
    if !test.caveats.is_empty() {
        let caveats = words::joined(test.caveats.iter().map(|word| words::caveat(word.as_str())), "");
        out = out.text(" With care: ").then(caveats).text(".");
    }
    out.text(" ").link(LinkTarget::Anchor(anchor(test)), text("More"))
}
