//! The ledger: everything that was registered, run and judged, in order.

use std::collections::BTreeMap;

use super::super::citation::{Cited, RecordFile};
use super::super::document::{Block, Blocks, LinkTarget, heading, line, paragraph, table, text};
use super::super::dossier::Dossier;
use super::super::evidence::JUDGED;
use super::methods::arm_words;
use crate::science::Arm;
use kosmos_core::run_files;

/// Events whose lines are counted, with their meaning.
const EVENTS: [(&str, &str); 7] = [
    ("registered", "hypotheses registered before any test"),
    ("executed", "hypotheses sent to a script"),
    ("retried", "hypotheses sent to a repaired script"),
    ("failed", "hypotheses whose script was given up"),
    ("tested", "tests that a script reported"),
    ("untestable", "tests that could not be made"),
    (JUDGED, "tests judged by the error control"),
];

/// In html the whole ledger, folded away; in markdown its sums.
pub(super) fn add_ledger_section(dossier: &Dossier, out: &mut Blocks) {
    out.push(heading(2, "ledger", text("Ledger")));
    let file = line().link(LinkTarget::File(run_files::LEDGER.into()), text(run_files::LEDGER));
    if dossier.ledger.is_empty() {
        out.push(paragraph(text("Nothing was registered.")));
        return;
    }
    let lines = Cited::record(dossier.ledger.len() as u64, "/ledger", RecordFile::Journal);
    out.push(paragraph(
        text("The ledger has ")
            .number(lines)
            .text(" lines, in the order in which they were written: ")
            .then(file)
            .text("."),
    ));
    let mut counts: BTreeMap<(&str, Arm), u64> = BTreeMap::new();
    for entry in &dossier.ledger {
        *counts.entry((entry.event.as_str(), entry.arm)).or_default() += 1;
    }
    let rows = EVENTS.iter().map(|&(event, meaning)| {
        let count = |arm| {
            let count = counts.get(&(event, arm)).copied().unwrap_or(0);
            line().number(Cited::ledger(count, event, arm, None))
        };
        vec![text(event), text(meaning), count(Arm::Observed), count(Arm::Shuffled)]
    });
    let head = vec!["event", "meaning", "data as given", "shuffled data"];
    out.push(table(head, vec![2, 3], rows.collect()));
    let whole = Block::Details {
        summary: text("The whole ledger"),
        blocks: vec![ledger_table(dossier)],
    };
    out.push(Block::Either {
        html: vec![whole],
        markdown: Blocks::new(),
    });
}

fn ledger_table(dossier: &Dossier) -> Block<super::super::document::Draft> {
    let rows = dossier.ledger.iter().enumerate().map(|(at, entry)| {
        vec![
            line().number(Cited::record(
                entry.seq,
                format!("/ledger/{at}/seq"),
                RecordFile::Journal,
            )),
            line().name(entry.event.as_str()),
            text(arm_words(entry.arm)),
            entry
                .hypothesis
                .as_ref()
                .map_or_else(line, |id| line().code(id.as_str())),
            entry
                .experiment
                .as_ref()
                .map_or_else(line, |id| line().code(id.as_str())),
            line().name(&entry.detail),
        ]
    });
    table(
        vec!["seq", "event", "data", "hypothesis", "experiment", "detail"],
        vec![0],
        rows.collect(),
    )
}
