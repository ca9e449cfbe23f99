//! The head of the report: how the run ended, and the answer in short.

use super::super::asked::columns_not_tested;
use super::super::citation::{Citation, Cited};
use super::super::document::{Block, Blocks, Draft, Line, LinkTarget, Tone, heading, line, paragraph, text};
use super::super::dossier::Dossier;
use super::super::evidence::JUDGED;
use super::super::number::NumberFormat;
use super::super::order;
use super::super::trace::Traced;
use super::finding::section_anchor;
use super::words;
use crate::science::{Arm, RunStatus, TestRecord, kind};

/// Headlines named in the short answer.
const HEADLINES: usize = 5;

/// Status line and short answer.
pub(super) fn add_answer_section(dossier: &Dossier, out: &mut Blocks) {
    out.push(status_line(dossier));
    out.push(heading(2, "answer", text("Short answer")));
    out.extend(untested_columns_paragraph(dossier));
    out.extend(opening_paragraphs(dossier));
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

fn status_line(dossier: &Dossier) -> Block<Draft> {
    let (tone, word, more) = match dossier.end.status {
        RunStatus::Answered => (Tone::Strong, "Answered", ""),
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

/// The columns that were asked about and that no test says anything about, each with the reason.
fn untested_columns_paragraph(dossier: &Dossier) -> Option<Block<Draft>> {
    let columns = columns_not_tested(dossier);
    if columns.is_empty() {
        return None;
    }
    let told = columns
        .iter()
        .map(|column| line().code(&column.name).text(" (").name(&column.reason).text(")"));
    Some(Block::Paragraph(
        Tone::Bad,
        line()
            .strong(text("Asked about and not tested:"))
            .text(" ")
            .then(words::join_lines(told, ""))
            .text(". Nothing below is about ")
            .text(if columns.len() == 1 { "it" } else { "them" })
            .text("."),
    ))
}

/// Summarises the tests and their results in a paragraph or two.
pub(crate) fn opening_paragraphs(dossier: &Dossier) -> Vec<Block<Draft>> {
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
        super::super::citation::RecordFile::Settings,
    );
    let significant = dossier.tests.iter().filter(|test| test.significant).count() as u64;
    let found = Cited::ledger(significant, JUDGED, Arm::Observed, None).significant();
    let replicated = findings.iter().filter(|test| test.replicated == Some(true)).count() as u64;
    let replicated = Cited {
        number: replicated.into(),
        format: NumberFormat::Plain,
        citation: Citation::Replicated,
    };
    if findings.is_empty() && !dossier.vetoes.is_empty() {
        return vec![paragraph(
            line()
                .strong(text("No finding is left: ").then(vetoes_line(dossier)).text("."))
                .text(" Of ")
                .number(judged)
                .text(" tests judged, ")
                .number(found)
                .text(" passed the run-wide control of false discoveries at ")
                .number(alpha.format(NumberFormat::Percent))
                .text(". The ")
                .link(
                    LinkTarget::Anchor(super::agents::ANCHOR.into()),
                    text("section on agents"),
                )
                .text(" gives the reasons."),
        )];
    }
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
                .text(". This does not prove that there is no relation: the ")
                .link(
                    LinkTarget::Anchor("nulls".into()),
                    text("section on what was not found"),
                )
                .text(" gives the smallest detectable effect of each test."),
        )];
    }
    let mut out = vec![paragraph(
        text("Of ")
            .number(judged)
            .text(" tests judged, ")
            .number(found)
            .text(" passed the run-wide control of false discoveries at ")
            .number(alpha.format(NumberFormat::Percent))
            .text("; consistent in both halves of the data: ")
            .number(replicated)
            .text("."),
    )];
    if !dossier.vetoes.is_empty() {
        out.push(Block::Paragraph(
            Tone::Bad,
            text("Not among the findings: ")
                .then(vetoes_line(dossier))
                .text(". The ")
                .link(
                    LinkTarget::Anchor(super::agents::ANCHOR.into()),
                    text("section on agents"),
                )
                .text(" gives the reasons."),
        ));
    }
    let was_tested = dossier.tests.iter().any(|test| order::is_about_target(dossier, test));
    if was_tested && !findings.iter().any(|test| order::is_about_target(dossier, test)) {
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

/// The findings that agents have removed, and which agents.
fn vetoes_line(dossier: &Dossier) -> Line<Draft> {
    let told = dossier.vetoes.iter().map(|(agent, findings)| {
        let key = agent.replace('~', "~0").replace('/', "~1");
        let many = findings.len() as u64;
        let words = if many == 1 {
            " finding vetoed by "
        } else {
            " findings vetoed by "
        };
        line()
            .number(Cited::record(
                many,
                format!("/vetoes/{key}"),
                super::super::citation::RecordFile::Journal,
            ))
            .text(words)
            .code(agent)
    });
    words::join_lines(told, "")
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
pub(crate) fn headline_line(test: &TestRecord) -> Line<Draft> {
    let traced = Traced(test);
    let clause = match test.direction {
        _ if test.kind == kind::INTERACTION => words::direction_clause(test),
        Some(_) => words::direction_clause(test).then(words::given_clause(test)),
        None => words::relation_line(test)
            .text(": ")
            .then(words::direction_clause(test)),
    };
    line()
        .badge(words::wording_tone(test), test.wording.as_str())
        .text(" ")
        .then(clause)
        .text(" (")
        .then(words::effect_line(&traced.effect()))
        .text(", q ")
        .number(traced.q())
        .text(", n ")
        .number(traced.n())
        .text(").")
}

fn linked_headline(test: &TestRecord) -> Line<Draft> {
    let mut out = headline_line(test);
    if !test.caveats.is_empty() {
        let caveats = words::join_lines(test.caveats.iter().map(words::caveat_line), "");
        out = out.text(" With care: ").then(caveats).text(".");
    }
    out.text(" ")
        .link(LinkTarget::Anchor(section_anchor(test)), text("More"))
}
