//! The head of the report: how the run ended, and the answer in short.

use super::super::answer::{Reply, read_question, reasons_of_question, reply_to};
use super::super::asked::{columns_not_tested, relations_not_tested};
use super::super::citation::{Citation, Cited, FigureFile};
use super::super::document::{Block, Blocks, Draft, Line, LinkTarget, Tone, heading, line, paragraph, text};
use super::super::dossier::Dossier;
use super::super::evidence::JUDGED;
use super::super::number::NumberFormat;
use super::super::order;
use super::super::trace::Traced;
use super::effect::describe_effect;
use super::finding::section_anchor;
use super::words;
use crate::science::{Arm, HypothesisId, RunStatus, TestRecord};

/// Headlines named below the answer.
const HEADLINES: usize = 5;

/// The same, where more relations are asked for.
const MOST_ASKED: usize = 12;

/// The answer first, how the question was read, and what the answer rests on.
pub(super) fn add_answer_section(dossier: &Dossier, out: &mut Blocks) {
    let reply = reply_to(dossier);
    if dossier.end.status == RunStatus::NotAnswerable {
        // The status says why there is no answer.
        out.push(status_line(dossier));
        out.extend(untested_columns_paragraph(dossier));
        out.extend(reading_paragraph(dossier));
    } else {
        out.extend(untested_columns_paragraph(dossier));
        let figure = answer_figure(dossier, &reply);
        out.push(Block::Card(answer_paragraphs(reply)));
        out.extend(reading_paragraph(dossier));
        out.extend(figure);
        out.push(status_line(dossier));
    }
    out.push(heading(2, "answer", text("What it rests on")));
    out.extend(opening_paragraphs(dossier));
    let headlines = order::headline_tests(dossier);
    if headlines.is_empty() {
        return;
    }
    let asked = headlines.iter().filter(|test| !test.is_finding()).count();
    let shown = HEADLINES.max(asked.min(MOST_ASKED));
    out.push(Block::List(
        headlines
            .iter()
            .take(shown)
            .map(|test| linked_headline(dossier, test))
            .collect(),
    ));
    if headlines.iter().skip(shown).any(|test| test.is_finding()) {
        out.push(paragraph(
            text("The other findings are in the ")
                .link(LinkTarget::Anchor("findings".into()), text("table"))
                .text("."),
        ));
    }
}

/// The answer, a paragraph for each of its sentences.
pub(crate) fn answer_paragraphs(reply: Reply) -> Blocks {
    let told = reply.told.into_iter();
    told.map(|sentence| Block::Paragraph(Tone::Plain, sentence)).collect()
}

/// The picture of the first relation of the answer that has one.
fn answer_figure(dossier: &Dossier, reply: &Reply) -> Option<Block<Draft>> {
    let of = |test: &HypothesisId| dossier.figures.iter().find(|figure| figure.finding == *test);
    let figure = reply.leading.iter().find_map(of)?;
    Some(Block::Figure(FigureFile {
        experiment: figure.experiment.clone(),
        file: figure.file.clone(),
        alt: figure.alt.clone(),
    }))
}

fn status_line(dossier: &Dossier) -> Block<Draft> {
    let (tone, word, more) = match dossier.end.status {
        RunStatus::Answered => (Tone::Strong, "Answered", ""),
        RunStatus::NotAnswerable => (Tone::Bad, "Nothing could be tested", ""),
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

/// How the question was read, and the parts of it that were not followed.
fn reading_paragraph(dossier: &Dossier) -> Option<Block<Draft>> {
    let inquiry = read_question(dossier)?;
    let profiles = || dossier.datasets.iter().filter_map(|dataset| dataset.profile.as_ref());
    let is_column = |name: &str| profiles().any(|profile| profile.column_named(name).is_some());
    let read_as = words::words_clause(&inquiry.read_as, is_column);
    let mut told = text("The question was read as: ").then(read_as).text(".");
    let gaps = reasons_of_question(dossier, Some(&inquiry));
    for reason in &gaps {
        told = told.text(" Not followed: ").name(&reason.text).text(".");
    }
    Some(match gaps.is_empty() {
        true => paragraph(told),
        false => Block::Paragraph(Tone::Weak, told),
    })
}

/// Columns that were asked about and that no test says anything about, each with the reason.
fn untested_columns_paragraph(dossier: &Dossier) -> Option<Block<Draft>> {
    let (columns, relations) = (columns_not_tested(dossier), relations_not_tested(dossier));
    if columns.is_empty() && relations.is_empty() {
        return None;
    }
    let told = columns.iter().map(|column| {
        let told = line().code(&column.name).text(" (").name(&column.reason);
        match &column.remedy {
            Some(remedy) => told.text(". ").name(remedy).text(")"),
            None => told.text(")"),
        }
    });
    let pairs = relations.iter().map(|relation| {
        let pair = line().code(relation.x).text(" with ").code(relation.y);
        pair.text(" (").name(relation.reason).text(")")
    });
    Some(Block::Paragraph(
        Tone::Bad,
        line()
            .strong(text("Asked about and not tested:"))
            .text(" ")
            .then(words::join_lines(told.chain(pairs), ""))
            .text(". Nothing below is about ")
            .text(if columns.len() + relations.len() == 1 {
                "it"
            } else {
                "them"
            })
            .text("."),
    ))
}

/// Summarises the tests and their results in a paragraph or two.
pub(crate) fn opening_paragraphs(dossier: &Dossier) -> Vec<Block<Draft>> {
    let judged = Cited::ledger(dossier.tests.len() as u64, JUDGED, Arm::Observed, None);
    if dossier.tests.is_empty() {
        return vec![paragraph(
            match dossier.memory.as_ref().filter(|memory| !memory.settled.is_empty()) {
                None if dossier.end.status == RunStatus::NotAnswerable => {
                    text("No test was judged: these data cannot answer the question.")
                }
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
                .strong(text(match dossier.descriptions.is_empty() {
                    true => "Nothing was detected.",
                    false => "Beside that, no columns were found to go together.",
                }))
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

/// A test in a line: wording, effect in units or direction if it is a finding, effect size.
pub(crate) fn headline_line(dossier: &Dossier, test: &TestRecord) -> Line<Draft> {
    if let Some(told) = describe_effect(dossier, test) {
        return line()
            .badge(words::wording_tone(test), test.wording.as_str())
            .text(if test.is_finding() { " " } else { ": " })
            .then(told.clause)
            .text(" (")
            .then(told.details)
            .text("; ")
            .then(headline_numbers(test))
            .text(").");
    }
    if !test.is_finding() {
        return line()
            .badge(words::wording_tone(test), test.wording.as_str())
            .text(" of ")
            .then(words::relation_line(test))
            .text(" (")
            .then(headline_numbers(test))
            .text(").");
    }
    let clause = match test.direction {
        _ if test.is_interaction() => words::direction_clause(test),
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
        .then(headline_numbers(test))
        .text(").")
}

/// Effect with its interval, q and rows of a test.
pub(crate) fn headline_numbers(test: &TestRecord) -> Line<Draft> {
    let traced = Traced(test);
    words::effect_line(&traced.effect())
        .text(", q ")
        .number(traced.q())
        .text(", n ")
        .number(traced.n())
}

fn linked_headline(dossier: &Dossier, test: &TestRecord) -> Line<Draft> {
    let mut out = headline_line(dossier, test);
    if !test.caveats.is_empty() {
        let caveats = words::join_lines(test.caveats.iter().map(words::caveat_line), "");
        out = out.text(" With care: ").then(caveats).text(".");
    }
    let more = match test.is_finding() {
        true => section_anchor(test),
        false => "nulls".to_owned(),
    };
    out.text(" ").link(LinkTarget::Anchor(more), text("More"))
}
