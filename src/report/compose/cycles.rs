//! The cycles: their tests and the reasons for them.

use super::super::citation::{Cited, RecordFile};
use super::super::document::{Blocks, heading, line, paragraph, table, text};
use super::super::dossier::Dossier;
use super::super::evidence::JUDGED;
use super::super::number::Number;
use crate::science::Arm;

/// One row for each cycle.
pub(super) fn add_cycles_section(dossier: &Dossier, out: &mut Blocks) {
    out.push(heading(2, "cycles", text("Cycles")));
    if dossier.cycles.is_empty() {
        out.push(paragraph(text("The run ended before its first cycle.")));
        return;
    }
    let rows = dossier.cycles.iter().enumerate().map(|(at, cycle)| {
        let record =
            |number: Number, key: &str| Cited::record(number, format!("/cycles/{at}/{key}"), RecordFile::Journal);
        let ledger = |count: u64, event: &'static str| Cited::ledger(count, event, Arm::Observed, Some(cycle.cycle));
        vec![
            line().number(record(cycle.cycle.into(), "cycle")),
            line().number(ledger(cycle.registered, "registered")),
            line().number(ledger(cycle.tested, JUDGED)),
            line().number(ledger(cycle.significant, JUDGED).significant()),
            line().number(record(cycle.left_out.into(), "left_out")),
            line().name(&cycle.rationale),
        ]
    });
    let head = vec!["cycle", "registered", "judged", "significant", "left out", "why these"];
    out.push(table(head, vec![0, 1, 2, 3, 4], rows.collect()));
}
