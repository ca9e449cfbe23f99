//! The contributions of agents that are folders: their challenges with the answers, what others have written, scores,
//! words of their own; and what of it is missing.

use super::finding::anchor;
use super::words;
use crate::message::{AddedEvidence, Answered, ChallengeRecord, Grounds, Score, Stance};
use crate::report::Dossier;
use crate::report::citation::{Citation, Cited, RecordFile};
use crate::report::document::{Block, Blocks, Draft, Line, LinkTarget, Tone, heading, line, paragraph, table, text};
use crate::report::number::NumberFormat;
use crate::science::{HypothesisId, TestRecord};

/// Anchor of the section.
pub(super) const ANCHOR: &str = "agents";

/// Rows above which html folds a table away.
const FOLD: usize = 20;

/// All that agents added.
pub(super) fn section(dossier: &Dossier, out: &mut Blocks) {
    let added = &dossier.contributions;
    if dossier.agents.is_empty() && added.is_empty() {
        return;
    }
    out.push(heading(2, ANCHOR, text("What agents added")));
    out.push(paragraph(text(
        "Agents besides the built-in ones took part in this run. What they say is theirs. It adds no test to the error control; a \
         challenge that its check bears out lowers what a finding is called.",
    )));
    let agents = dossier.agents.iter().map(|agent| {
        let named = line().code(agent.name.as_str()).text(" ").name(&agent.version);
        named.text(": ").name(&agent.description)
    });
    if !dossier.agents.is_empty() {
        out.push(Block::List(agents.collect()));
    }
    missing(dossier, out);
    challenges(dossier, out);
    evidence(dossier, out);
    scores(dossier, out);
    for (agent, section) in &added.sections {
        out.push(heading(
            3,
            &format!("agent-{agent}-{}", section.title),
            line().name(&section.title),
        ));
        let by = text("Written by the agent ").code(agent.as_str()).text(".");
        out.push(Block::Paragraph(Tone::Weak, by));
        out.extend(section.paragraphs.iter().map(|words| paragraph(line().name(words))));
    }
    remarks(dossier, out);
}

fn missing(dossier: &Dossier, out: &mut Blocks) {
    let missing = &dossier.contributions.missing;
    if !missing.is_empty() {
        out.push(Block::Paragraph(
            Tone::Bad,
            text("Some agents gave no answer, and what they would have said is missing:"),
        ));
        let rows = missing.iter().map(|missed| {
            vec![
                line().code(missed.agent.as_str()),
                line().code(&missed.event),
                line().name(&missed.reason),
            ]
        });
        let rows: Vec<_> = rows.collect();
        let many = rows.len();
        out.push(folded(table(vec!["agent", "event", "reason"], vec![], rows), many));
    }
    let refused = &dossier.contributions.refused;
    if refused.is_empty() {
        return;
    }
    out.push(Block::Paragraph(
        Tone::Bad,
        text("Some of what agents sent was refused, because they may not send it, or not so:"),
    ));
    let rows = refused.iter().enumerate().map(|(at, refused)| {
        let times = Cited::record(
            refused.times,
            format!("/contributions/refused/{at}/times"),
            RecordFile::Journal,
        );
        vec![
            line().code(refused.agent.as_str()),
            line().code(&refused.refusal.kind),
            line().name(&refused.refusal.reason),
            line().number(times),
        ]
    });
    out.push(table(
        vec!["agent", "message", "reason", "times"],
        vec![3],
        rows.collect(),
    ));
}

fn challenges(dossier: &Dossier, out: &mut Blocks) {
    let challenges = &dossier.contributions.challenges;
    if challenges.is_empty() {
        return;
    }
    out.push(paragraph(line().strong(text("Challenges, and how they were answered"))));
    let rows = challenges.iter().enumerate().map(|(at, record)| {
        let estimate = record.estimate.as_ref();
        vec![
            about(dossier, &record.challenge.finding),
            line().code(record.agent.as_str()),
            text(grounds(record.challenge.grounds)),
            line().name(&record.challenge.statement),
            match &record.challenge.check {
                Some(check) => line().name(&check.name),
                None => text("none"),
            },
            line().number_or(
                estimate.map(|estimate| checked(record, at, estimate.p, "p").format(NumberFormat::P)),
                "none",
            ),
            match estimate.and_then(|estimate| estimate.direction.as_deref()) {
                Some(direction) => line().code(direction),
                None => text("none"),
            },
            answer(record),
        ]
    });
    let head = vec![
        "finding",
        "agent",
        "grounds",
        "challenge",
        "check",
        "p",
        "direction",
        "answer",
    ];
    out.push(folded(table(head, vec![5], rows.collect()), challenges.len()));
}

/// A number of a check, with the result of its script as evidence.
fn checked(record: &ChallengeRecord, at: usize, number: f64, key: &str) -> Cited {
    match &record.challenge.check {
        Some(check) => Cited {
            number: number.into(),
            format: NumberFormat::Plain,
            citation: Citation::Result {
                experiment: check.experiment.clone(),
                pointer: format!("{}/{key}", check.pointer),
                or: None,
            },
        },
        None => {
            let pointer = format!("/contributions/challenges/{at}/estimate/{key}");
            Cited::record(number, pointer, RecordFile::Journal)
        }
    }
}

fn answer(record: &ChallengeRecord) -> Line<Draft> {
    let tone = match record.answer {
        Answered::Sustained => Tone::Bad,
        Answered::Overruled => Tone::Strong,
        Answered::Unsupported => Tone::Weak,
    };
    let told = line()
        .badge(tone, answered(record.answer))
        .text(" ")
        .name(&record.reason);
    match record.vetoed {
        true => told.text("; by its veto it is not among the findings"),
        false => told,
    }
}

/// A finding, with a link to its section where it has one.
fn about(dossier: &Dossier, id: &HypothesisId) -> Line<Draft> {
    let Some(test) = dossier.tests.iter().find(|test| test.id == *id) else {
        return line().code(id.as_str());
    };
    match has_section(dossier, test) {
        true => line().link(LinkTarget::Anchor(anchor(test)), words::relation(test)),
        false => words::relation(test),
    }
}

fn has_section(dossier: &Dossier, test: &TestRecord) -> bool {
    let findings = crate::legacy::v1::order::ordered_findings(dossier);
    let mut shown = findings.into_iter().take(super::finding::SECTIONS);
    shown.any(|shown| shown.id == test.id)
}

fn evidence(dossier: &Dossier, out: &mut Blocks) {
    let evidence = &dossier.contributions.evidence;
    if evidence.is_empty() {
        return;
    }
    out.push(paragraph(line().strong(text("What others have written"))));
    out.push(Block::Paragraph(
        Tone::Weak,
        text("Passages are word for word from the sources that are named. Whether they speak of the same thing is for the reader to say."),
    ));
    let points = evidence
        .iter()
        .map(|(agent, added)| source(dossier, agent.as_str(), added));
    out.push(Block::List(points.collect()));
}

fn source(dossier: &Dossier, agent: &str, added: &AddedEvidence) -> Line<Draft> {
    let source = &added.source;
    let mut told = about(dossier, &added.finding)
        .text(", ")
        .text(stance(added.stance))
        .text(": ")
        .name(&added.statement)
        .text(" Source: ");
    if let Some(authors) = &source.authors {
        let authors = words::joined(authors.iter().map(|author| line().name(author)), "");
        told = told.then(authors).text(", ");
    }
    told = told.name(&source.title);
    for part in [&source.locator, &source.doi, &source.url].into_iter().flatten() {
        told = told.text(", ").name(part);
    }
    if let Some(passage) = &source.passage {
        told = told.text(": “").name(passage).text("”");
    }
    told.text(" (found by ").code(agent).text(")")
}

fn scores(dossier: &Dossier, out: &mut Blocks) {
    let scores = &dossier.contributions.scores;
    if scores.is_empty() {
        return;
    }
    out.push(paragraph(line().strong(text("Scores, from nought to one"))));
    let points = scores
        .iter()
        .enumerate()
        .map(|(at, (agent, score))| scored(dossier, at, agent.as_str(), score));
    out.push(Block::List(points.collect()));
}

fn scored(dossier: &Dossier, at: usize, agent: &str, score: &Score) -> Line<Draft> {
    let mut told = about(dossier, &score.finding).text(", by ").code(agent).text(": ");
    for (place, (name, value)) in score.scores.iter().enumerate() {
        let key = name.replace('~', "~0").replace('/', "~1");
        let pointer = format!("/contributions/scores/{at}/1/scores/{key}");
        told = told.text(if place == 0 { "" } else { ", " }).name(name).text(" ");
        told = told.number(Cited::record(*value, pointer, RecordFile::Journal));
    }
    match &score.comment {
        Some(comment) => told.text(". ").name(comment),
        None => told,
    }
}

fn remarks(dossier: &Dossier, out: &mut Blocks) {
    let remarks = &dossier.contributions.remarks;
    if remarks.is_empty() {
        return;
    }
    out.push(paragraph(line().strong(text("Remarks"))));
    let points = remarks
        .iter()
        .map(|(agent, remark)| line().code(agent.as_str()).text(": ").name(remark));
    out.push(Block::List(points.collect()));
}

fn folded(table: Block<Draft>, rows: usize) -> Block<Draft> {
    match rows > FOLD {
        true => Block::Details {
            summary: text("All of them"),
            blocks: vec![table],
        },
        false => table,
    }
}

fn grounds(grounds: Grounds) -> &'static str {
    match grounds {
        Grounds::Confounding => "confounding",
        Grounds::Outliers => "outliers",
        Grounds::GroupDependence => "group dependence",
        Grounds::AlternativeTest => "alternative test",
        Grounds::NegativeControl => "negative control",
        Grounds::Measurement => "measurement",
        Grounds::Other => "other",
    }
}

fn answered(answer: Answered) -> &'static str {
    match answer {
        Answered::Sustained => "sustained",
        Answered::Overruled => "overruled",
        Answered::Unsupported => "unsupported",
    }
}

fn stance(stance: Stance) -> &'static str {
    match stance {
        Stance::Supports => "supports",
        Stance::Contradicts => "contradicts",
        Stance::Context => "context",
    }
}
