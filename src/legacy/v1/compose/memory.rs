//! The knowledge of earlier runs of the project, and how this run bears on it.

use super::words;
use crate::message::{Echo, Known, Says};
use crate::report::citation::{Cited, RecordFile};
use crate::report::document::{Block, Blocks, Draft, Line, Tone, heading, line, paragraph, table, text};
use crate::report::number::NumberFormat;
use crate::report::{Dossier, ProjectMemory};
use crate::science::{RunId, TestRecord};

/// Anchor of the section.
pub(super) const ANCHOR: &str = "project";

/// Rows above which html folds the table away.
const FOLD: usize = 20;

/// The project, what it has settled, and what this run says of what it found in other data.
pub(super) fn section(dossier: &Dossier, out: &mut Blocks) {
    let Some(memory) = &dossier.memory else {
        return;
    };
    out.push(heading(2, ANCHOR, text("What the project knew")));
    if memory.runs.is_empty() {
        let first = text("This is the first run of the project ").code(&memory.project);
        out.push(paragraph(first.text(" in this graph.")));
        return;
    }
    let runs = words::joined(memory.runs.iter().map(|run| line().code(run.as_str())), "");
    out.push(paragraph(
        text("Earlier runs of the project ")
            .code(&memory.project)
            .text(": ")
            .then(runs)
            .text("."),
    ));
    echoes(dossier, memory, out);
    settled(memory, out);
}

fn echoes(dossier: &Dossier, memory: &ProjectMemory, out: &mut Blocks) {
    if memory.echoes.is_empty() {
        return;
    }
    out.push(paragraph(line().strong(text("What earlier runs found in other data"))));
    let contradicted = memory.echoes.iter().any(|echo| echo.says == Says::Contradicts);
    if contradicted {
        out.push(Block::Paragraph(
            Tone::Bad,
            text(
                "Some of it is contradicted: significant there and here, and with the opposite sign. One of the two tables, \
                 or what the two have in common, needs a second look.",
            ),
        ));
    }
    out.push(paragraph(text(
        "Rows shared is the part of this table’s distinct rows that the earlier one has too, estimated from a sample of \
         both: what is found again in the same rows is no second witness.",
    )));
    let mut order: Vec<(usize, &Echo, &TestRecord)> = memory
        .echoes
        .iter()
        .enumerate()
        .filter_map(|(at, echo)| {
            let here = dossier.tests.iter().find(|test| test.id == echo.finding)?;
            Some((at, echo, here))
        })
        .collect();
    order.sort_by(|(_, a, here_a), (_, b, here_b)| {
        let by_verdict = rank(a.says).cmp(&rank(b.says));
        by_verdict.then_with(|| here_a.finding_order(here_b))
    });
    let rows = order
        .into_iter()
        .map(|(at, echo, here)| row(at, echo, here, &dossier.run));
    let head = vec![
        "relation",
        "verdict",
        "here",
        "q here",
        "there",
        "q there",
        "rows shared",
        "run",
    ];
    out.push(folded(table(head, vec![3, 5, 6], rows.collect()), memory.echoes.len()));
}

fn rank(says: Says) -> u8 {
    match says {
        Says::Contradicts => 0,
        Says::Fails => 1,
        Says::Differs => 2,
        Says::Replicates => 3,
    }
}

fn row(at: usize, echo: &Echo, here: &TestRecord, run: &RunId) -> Vec<Line<Draft>> {
    let (tone, words) = match echo.says {
        Says::Replicates if echo.on_shared_rows() => (Tone::Weak, "replicates on shared rows"),
        Says::Replicates => (Tone::Strong, "replicates"),
        Says::Contradicts => (Tone::Bad, "contradicts"),
        Says::Fails => (Tone::Weak, "not found again"),
        Says::Differs => (Tone::Weak, "another group leads"),
    };
    let there = Cited::record(
        echo.earlier.q,
        format!("/memory/echoes/{at}/earlier/q"),
        RecordFile::Journal,
    );
    let shared = echo.earlier.shared_rows.map(|share| {
        let pointer = format!("/memory/echoes/{at}/earlier/shared_rows");
        Cited::record(share, pointer, RecordFile::Journal).format(NumberFormat::Percent)
    });
    let traced = crate::report::trace::Traced(here);
    let earlier = echo.earlier.run.as_str();
    vec![
        words::relation(here),
        line().badge(tone, words),
        direction(here.direction.as_deref()),
        line().number(traced.q()),
        direction(echo.earlier.direction.as_deref()),
        line().number(there.format(NumberFormat::P)),
        line().number_or(shared, "not known"),
        match earlier == run.as_str() {
            true => text("this one"),
            false => line().code(earlier),
        },
    ]
}

fn direction(direction: Option<&str>) -> Line<Draft> {
    match direction {
        Some(direction) => line().code(direction),
        None => text("no single direction"),
    }
}

fn settled(memory: &ProjectMemory, out: &mut Blocks) {
    if memory.settled.is_empty() {
        return;
    }
    out.push(paragraph(
        line().strong(text("What earlier runs settled on the same data")),
    ));
    let record = |count: u64, pointer: &str| Cited::record(count, pointer, RecordFile::Journal);
    out.push(paragraph(
        text("The same rows cannot testify twice. What was judged on them was not tested again: ")
            .number(record(memory.settled_in_all, "/memory/settled_in_all"))
            .text(" claims, in ")
            .number(record(memory.cycles.into(), "/memory/cycles"))
            .text(
                " cycles whose shares of the rate of false discoveries stay spent. Of these the table shows the most \
                 significant; the reports of those runs have their evidence.",
            ),
    ));
    let rows = memory.settled.iter().enumerate().map(|(at, known)| {
        let q = Cited::record(known.q, format!("/memory/settled/{at}/q"), RecordFile::Journal);
        vec![
            claim(known),
            line().badge(
                if known.significant { Tone::Medium } else { Tone::Plain },
                known.wording.as_str(),
            ),
            match known.significant {
                true => direction(known.direction.as_deref()),
                false => line(),
            },
            line().number(q.format(NumberFormat::P)),
            line().code(known.run.as_str()),
        ]
    });
    let head = vec!["relation", "wording", "direction", "q", "run"];
    out.push(folded(table(head, vec![3], rows.collect()), memory.settled.len()));
}

fn claim(known: &Known) -> Line<Draft> {
    let mut out = line().code(&known.x).text(" and ").code(&known.y);
    for (at, covariate) in known.covariates.iter().enumerate() {
        out = out.text(if at == 0 { ", given " } else { ", " }).code(covariate);
    }
    match &known.by {
        Some(by) => out.text(", by ").code(by),
        None => out,
    }
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
