//! Every experiment, with its outcome and what it used.

use super::super::citation::{Cited, RecordFile};
use super::super::document::{Block, Blocks, Draft, Line, LinkTarget, heading, line, paragraph, table, text};
use super::super::dossier::Dossier;
use super::super::number::{Number, NumberFormat};
use super::methods::arm_words;
use crate::science::{ExperimentRecord, ExperimentState};

/// Rows above which html folds the table away.
const FOLD: usize = 20;

/// The list of experiments.
pub(super) fn add_experiments_section(dossier: &Dossier, out: &mut Blocks) {
    out.push(heading(2, "experiments", text("Experiments")));
    if dossier.experiments.is_empty() {
        out.push(paragraph(text("No experiment was run.")));
        return;
    }
    let total = Cited::record(dossier.experiments.len() as u64, "/experiments", RecordFile::Journal);
    out.push(paragraph(text("The run made ").number(total).text(
        " experiments; each folder holds script, protocol, result and output.",
    )));
    let rows: Vec<_> = dossier
        .experiments
        .iter()
        .enumerate()
        .map(|(at, record)| experiment_row(at, record))
        .collect();
    let many = rows.len() > FOLD;
    let head = vec![
        "experiment",
        "what",
        "data",
        "cycle",
        "attempt",
        "outcome",
        "time",
        "memory",
    ];
    let whole = table(head, vec![3, 4, 6, 7], rows);
    out.push(if many {
        Block::Details {
            summary: text("All experiments"),
            blocks: vec![whole],
        }
    } else {
        whole
    });
}

fn experiment_row(at: usize, record: &ExperimentRecord) -> Vec<Line<Draft>> {
    let cite =
        |number: Number, key: &str| Cited::record(number, format!("/experiments/{at}/{key}"), RecordFile::Journal);
    let usage = record.usage.as_ref();
    let wall = usage.map(|usage| cite(usage.wall_ms.into(), "usage/wall_ms").format(NumberFormat::Millis));
    let memory =
        usage.map(|usage| cite(usage.peak_memory_bytes.into(), "usage/peak_memory_bytes").format(NumberFormat::Bytes));
    let outcome = match record.state {
        ExperimentState::Running => text("not ended"),
        ExperimentState::Finished => text("done"),
        ExperimentState::Repaired => text("failed, repaired"),
        ExperimentState::Failed => text("failed"),
    };
    let outcome = match &record.failure {
        Some(failure) => outcome.text(": ").name(failure),
        None => outcome,
    };
    let outcome = match &record.written_by {
        Some(model) => outcome.text("; analysis written by ").code(model),
        None => outcome,
    };
    let outcome = record.advice.iter().fold(outcome, |line, advice| {
        line.text("; static check of the script: ").name(advice)
    });
    vec![
        line().link(
            LinkTarget::File(format!("experiments/{}/script.py", record.id)),
            line().code(record.id.as_str()),
        ),
        line().name(&record.protocol.title),
        text(arm_words(record.protocol.arm)),
        line().number(cite(record.protocol.cycle.into(), "protocol/cycle")),
        line().number(cite(record.protocol.attempt.into(), "protocol/attempt")),
        outcome,
        line().number_or(wall, "–"),
        line().number_or(memory, "–"),
    ]
}
