//! The questions of each cycle, and their reasons.

use crate::report::Dossier;
use crate::report::citation::{Cited, RecordFile};
use crate::report::document::{Blocks, heading, line, paragraph, table, text};
use crate::report::evidence::JUDGED;
use crate::report::number::Number;
use crate::science::Arm;

/// One row for each cycle.
pub(super) fn section(dossier: &Dossier, out: &mut Blocks) {
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
