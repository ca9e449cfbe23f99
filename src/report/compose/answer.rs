//! The head of the report: how the run ended, and the answer in short.

use super::super::citation::{Citation, Cited};
use super::super::document::{Block, Blocks, Draft, Line, Target, Tone, heading, line, paragraph, text};
use super::super::dossier::Dossier;
use super::super::evidence::JUDGED;
use super::super::number::Format;
use super::super::order;
use super::super::trace::Traced;
use super::finding::anchor;
use super::words;
use crate::science::{Arm, RunStatus, TestRecord};

/// Headlines named in the short answer.
const HEADLINES: usize = 5;

/// Status line and short answer.
pub(super) fn section(dossier: &Dossier, out: &mut Blocks) {
    out.push(status(dossier));
    out.push(heading(2, "answer", text("Short answer")));
    out.extend(opening(dossier));
    let headlines = order::headlines(dossier);
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
                .link(Target::Anchor("findings".into()), text("table"))
                .text("."),
        ));
    }
}

fn status(dossier: &Dossier) -> Block<Draft> {
    let (tone, meaning) = match dossier.end.status {
        RunStatus::Answered => (
            Tone::Strong,
            "its own relations were tested, at least one was found, and nothing new was left to ask.",
        ),
        RunStatus::Exhausted => (Tone::Medium, "nothing new was left to ask."),
        RunStatus::BudgetSpent => (
            Tone::Weak,
            "a budget was spent before all was asked; this report holds all that was done.",
        ),
        RunStatus::Stopped => (
            Tone::Weak,
            "it was stopped by its user, and can be resumed; this report holds all that was done.",
        ),
        RunStatus::Failed => (Tone::Bad, "it could not go on; this report holds all that was done."),
    };
    let word = match dossier.end.status {
        RunStatus::Answered => "Answered",
        RunStatus::Exhausted => "Exhausted",
        RunStatus::BudgetSpent => "Budget spent",
        RunStatus::Stopped => "Stopped",
        RunStatus::Failed => "Failed",
    };
    let line = line()
        .strong(text(word))
        .text(": ")
        .text(meaning)
        .text(" ")
        .name(&dossier.end.message);
    Block::Paragraph(tone, line.text(" (run ").code(dossier.run.as_str()).text(")"))
}

/// What was tested and what came of it, in a paragraph or two.
pub(crate) fn opening(dossier: &Dossier) -> Vec<Block<Draft>> {
    let judged = Cited::ledger(dossier.tests.len() as u64, JUDGED, Arm::Observed, None);
    if dossier.tests.is_empty() {
        return vec![paragraph(
            text("No test was judged (")
                .number(judged)
                .text("), so the question has no answer yet. ")
                .then(why_none(dossier)),
        )];
    }
    let findings = order::findings(dossier);
    let alpha = Cited::record(
        dossier.method.alpha,
        "/method/alpha",
        super::super::citation::RecordFile::Settings,
    );
    let found = Cited::ledger(findings.len() as u64, JUDGED, Arm::Observed, None).significant();
    let replicated = findings.iter().filter(|test| test.replicated == Some(true)).count() as u64;
    let replicated = Cited {
        number: replicated.into(),
        format: Format::Plain,
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
                .number(alpha.format(Format::Percent))
                .text(". That is not proof that there is nothing: the ")
                .link(Target::Anchor("nulls".into()), text("section on what was not found"))
                .text(" gives for each test the smallest effect that it would have seen."),
        )];
    }
    let mut out = vec![paragraph(
        text("Of ")
            .number(judged)
            .text(" tests judged, ")
            .number(found)
            .text(" passed the run-wide control of false discoveries at ")
            .number(alpha.format(Format::Percent))
            .text("; ")
            .number(replicated)
            .text(" of them were borne out on both parts of the rows."),
    )];
    if dossier.target.is_some() && !findings.iter().any(|test| order::about_target(dossier, test)) {
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
        out = out.name(&problem.message).text(" ");
    }
    if !dossier.untested.is_empty() {
        out = out
            .text("What was asked and could not be tested is ")
            .link(Target::Anchor("untested".into()), text("listed with the reasons"));
        out = out.text(".");
    }
    out
}

/// A finding in a line: wording, direction, effect.
pub(crate) fn headline(test: &TestRecord) -> Line<Draft> {
    let traced = Traced(test);
    line()
        .badge(words::tone(test), &test.wording)
        .text(" ")
        .then(words::relation(test))
        .text(": ")
        .then(words::direction(test))
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
        let caveats = words::joined(test.caveats.iter().map(|word| words::caveat(word)), "");
        out = out.text(" With care: ").then(caveats).text(".");
    }
    out.text(" ").link(Target::Anchor(anchor(test)), text("More"))
}
