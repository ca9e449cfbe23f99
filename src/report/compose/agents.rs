//! Contributions of plugged-in agents: challenges with their answers, publications, scores, sections and remarks;
//! and what of it is missing.

use super::super::citation::{Citation, Cited, RecordFile};
use super::super::document::{Block, Blocks, Draft, Line, LinkTarget, Tone, heading, line, paragraph, table, text};
use super::super::dossier::Dossier;
use super::super::number::NumberFormat;
use super::finding::section_anchor;
use super::words;
use crate::message::{AddedEvidence, Answered, ChallengeRecord, Score};
use crate::science::{HypothesisId, TestRecord};

/// Anchor of the section.
pub(super) const ANCHOR: &str = "agents";

/// Rows above which html folds a table away.
const FOLD: usize = 20;

/// All that agents added.
pub(super) fn add_agents_section(dossier: &Dossier, out: &mut Blocks) {
    let added = &dossier.contributions;
    if dossier.agents.is_empty() && added.is_empty() {
        return;
    }
    out.push(heading(2, ANCHOR, text("Contributions of agents")));
    out.push(paragraph(text(
        "Agents besides the built-in ones took part in this run. What they say is theirs. It adds no test to the error control; a \
         challenge that its check bears out lowers what a finding is called.",
    )));
    if !dossier.agents.is_empty() {
        out.push(list_agents(dossier));
    }
    add_missing_answers(dossier, out);
    add_challenges(dossier, out);
    add_evidence(dossier, out);
    add_scores(dossier, out);
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
    add_remarks(dossier, out);
}

/// Who took part, from where and with which permissions.
pub(crate) fn list_agents(dossier: &Dossier) -> Block<Draft> {
    let agents = dossier.agents.iter().map(|agent| {
        let named = line().code(agent.name.as_str()).text(" ").name(&agent.version);
        let told = named.text(": ").name(&agent.description);
        match &agent.from {
            None => told,
            Some(from) => told
                .text(" (from ")
                .name(from)
                .text("; permissions: ")
                .name(&agent.permissions)
                .text(")"),
        }
    });
    Block::List(agents.collect())
}

fn add_missing_answers(dossier: &Dossier, out: &mut Blocks) {
    let missing = &dossier.contributions.missing;
    if !missing.is_empty() {
        out.push(Block::Paragraph(
            Tone::Bad,
            text("Some agents did not answer, so their contributions are missing:"),
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
        out.push(fold_long_table(
            table(vec!["agent", "event", "reason"], vec![], rows),
            many,
        ));
    }
    let refused = &dossier.contributions.refused;
    if refused.is_empty() {
        return;
    }
    out.push(Block::Paragraph(
        Tone::Bad,
        text("Some messages of agents were refused, because they are not permitted or malformed:"),
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

fn add_challenges(dossier: &Dossier, out: &mut Blocks) {
    let challenges = &dossier.contributions.challenges;
    if challenges.is_empty() {
        return;
    }
    out.push(paragraph(line().strong(text("Challenges and their answers"))));
    let rows = challenges.iter().enumerate().map(|(at, record)| {
        let estimate = record.estimate.as_ref();
        vec![
            finding_link(dossier, &record.challenge.finding),
            line().code(record.agent.as_str()),
            text(record.challenge.grounds.as_words()),
            line().name(&record.challenge.statement),
            match &record.challenge.check {
                Some(check) => line().name(&check.name),
                None => text("none"),
            },
            line().number_or(
                estimate.map(|estimate| cite_check(record, at, estimate.p, "p").format(NumberFormat::P)),
                "none",
            ),
            match estimate.and_then(|estimate| estimate.direction.as_deref()) {
                Some(direction) => line().code(direction),
                None => text("none"),
            },
            answer_line(record),
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
    out.push(fold_long_table(table(head, vec![5], rows.collect()), challenges.len()));
}

/// A number of a check, with the result of its script as evidence.
fn cite_check(record: &ChallengeRecord, at: usize, number: f64, key: &str) -> Cited {
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

fn answer_line(record: &ChallengeRecord) -> Line<Draft> {
    let tone = match record.answer {
        Answered::Sustained => Tone::Bad,
        Answered::Overruled => Tone::Strong,
        Answered::Unsupported => Tone::Weak,
    };
    let told = line()
        .badge(tone, record.answer.as_word())
        .text(" ")
        .name(&record.reason);
    match record.vetoed {
        true => told.text("; its veto removed it from the findings"),
        false => told,
    }
}

/// A finding, with a link to its section where it has one.
fn finding_link(dossier: &Dossier, id: &HypothesisId) -> Line<Draft> {
    let Some(test) = dossier.tests.iter().find(|test| test.id == *id) else {
        return line().code(id.as_str());
    };
    match has_section(dossier, test) {
        true => line().link(LinkTarget::Anchor(section_anchor(test)), words::relation_line(test)),
        false => words::relation_line(test),
    }
}

fn has_section(dossier: &Dossier, test: &TestRecord) -> bool {
    let findings = super::super::order::ordered_findings(dossier);
    let mut shown = findings.into_iter().take(super::finding::SECTIONS);
    shown.any(|shown| shown.id == test.id)
}

fn add_evidence(dossier: &Dossier, out: &mut Blocks) {
    let evidence = &dossier.contributions.evidence;
    if evidence.is_empty() {
        return;
    }
    out.push(paragraph(line().strong(text("Publications"))));
    out.push(Block::Paragraph(
        Tone::Weak,
        text("Passages are quoted verbatim from the named sources. Readers must judge whether they concern the same relation."),
    ));
    let points = evidence
        .iter()
        .map(|(agent, added)| source_line(dossier, agent.as_str(), added));
    out.push(Block::List(points.collect()));
}

fn source_line(dossier: &Dossier, agent: &str, added: &AddedEvidence) -> Line<Draft> {
    let source = &added.source;
    let mut told = finding_link(dossier, &added.finding)
        .text(", ")
        .text(added.stance.as_word())
        .text(": ")
        .name(&added.statement)
        .text(" Source: ");
    if let Some(authors) = &source.authors {
        let authors = words::join_lines(authors.iter().map(|author| line().name(author)), "");
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

fn add_scores(dossier: &Dossier, out: &mut Blocks) {
    let scores = &dossier.contributions.scores;
    if scores.is_empty() {
        return;
    }
    out.push(paragraph(line().strong(text("Scores, from zero to one"))));
    let points = scores
        .iter()
        .enumerate()
        .map(|(at, (agent, score))| score_line(dossier, at, agent.as_str(), score));
    out.push(Block::List(points.collect()));
}

fn score_line(dossier: &Dossier, at: usize, agent: &str, score: &Score) -> Line<Draft> {
    let mut told = finding_link(dossier, &score.finding)
        .text(", by ")
        .code(agent)
        .text(": ");
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

fn add_remarks(dossier: &Dossier, out: &mut Blocks) {
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

fn fold_long_table(table: Block<Draft>, rows: usize) -> Block<Draft> {
    match rows > FOLD {
        true => Block::Details {
            summary: text("All of them"),
            blocks: vec![table],
        },
        false => table,
    }
}
