//! The limits of the run and its failures.

use crate::report::Dossier;
use crate::report::citation::{Cited, RecordFile};
use crate::report::document::{Block, Blocks, Piece, Tone, heading, line, paragraph, table, text};
use crate::report::name::Name;

/// Sandbox, budgets, dead letters, restarts.
pub(super) fn section(dossier: &Dossier, out: &mut Blocks) {
    out.push(heading(2, "limits", text("Limits of this run")));
    budgets(dossier, out);
    troubles(dossier, out);
    if !dossier.method.sandbox.is_empty() {
        out.push(paragraph(line().strong(text("Sandbox in which every script ran"))));
        let rows = dossier
            .method
            .sandbox
            .iter()
            .map(|(guarantee, how)| vec![line().name(guarantee), line().name(how)]);
        out.push(table(vec!["guarantee", "how it was held"], vec![], rows.collect()));
    }
}

fn budgets(dossier: &Dossier, out: &mut Blocks) {
    if dossier.budgets.is_empty() {
        return;
    }
    let rows = dossier.budgets.iter().enumerate().map(|(at, budget)| {
        let used = Cited::record(budget.used, format!("/budgets/{at}/used"), RecordFile::Journal);
        let limit = budget
            .limit
            .map(|limit| Cited::record(limit, format!("/budgets/{at}/limit"), RecordFile::Settings));
        vec![
            line().name(&budget.name),
            line().number(used),
            line().number_or(limit, "no limit"),
            line().name(&budget.unit),
            text(match budget.limit {
                Some(limit) if budget.used >= limit => "spent",
                _ => "left",
            }),
        ]
    });
    out.push(table(
        vec!["budget", "used", "limit", "unit", "state"],
        vec![1, 2],
        rows.collect(),
    ));
}

fn troubles(dossier: &Dossier, out: &mut Blocks) {
    if dossier.dead_letters.is_empty() && dossier.restarts.is_empty() {
        out.push(paragraph(text("No message was given up and no agent was restarted.")));
    }
    if !dossier.dead_letters.is_empty() {
        out.push(Block::Paragraph(
            Tone::Bad,
            text("Messages were given up, so what they asked for was not done and is missing from this report:"),
        ));
        let rows = dossier.dead_letters.iter().enumerate().map(|(at, letter)| {
            let attempts = Cited::record(
                letter.attempts,
                format!("/dead_letters/{at}/attempts"),
                RecordFile::Journal,
            );
            vec![
                line().code(&letter.kind),
                line().name(&letter.agent),
                line().number(attempts),
                line().name(&letter.reason),
                line().code(&letter.message),
            ]
        });
        out.push(table(
            vec!["message", "agent", "attempts", "reason", "id"],
            vec![2],
            rows.collect(),
        ));
    }
    if dossier.graph_waits > 0 {
        let waits = Cited::record(dossier.graph_waits, "/graph_waits", RecordFile::Journal);
        let run = Piece::Name(Name::new(dossier.run.as_str()));
        out.push(Block::Paragraph(
            Tone::Weak,
            text("The graph could not be written to in time: ")
                .number(waits)
                .text(" nodes and edges wait in the run’s journal, and ")
                .command(vec![Piece::Text("kosmos graph sync "), run])
                .text(" delivers them."),
        ));
    }
    if !dossier.restarts.is_empty() {
        out.push(paragraph(text(
            "Agents were restarted, which changes nothing in the results:",
        )));
        let points = dossier
            .restarts
            .iter()
            .map(|restart| line().name(&restart.agent).text(": ").name(&restart.reason));
        out.push(Block::List(points.collect()));
    }
}
