//! The work of the models in the run, and its cost.

use crate::report::Dossier;
use crate::report::citation::{Cited, RecordFile};
use crate::report::document::{Blocks, Draft, Line, heading, line, paragraph, table, text};
use crate::report::{ModelUse, UseLine};

/// Who was asked how often, and the tokens and dollars that it took; nothing where no model was.
pub(super) fn section(dossier: &Dossier, out: &mut Blocks) {
    let Some(used) = &dossier.model_use else { return };
    out.push(heading(2, "model", text("The model’s part")));
    out.push(paragraph(text(
        "A language model took part beside the rule book: it may propose hypotheses, write analyses, say where to look \
         next and put findings into words. What it proposes is registered, tested and judged as everything else, and no \
         number in this report is its own.",
    )));
    if used.total.calls == 0 {
        out.push(paragraph(text("It gave no reply in this run.")));
    }
    let mut rows = Vec::new();
    for (kind, name, lines) in [
        ("model", "models", &used.models),
        ("agent", "agents", &used.agents),
        ("cycle", "cycles", &used.cycles),
    ] {
        rows.extend(
            lines
                .iter()
                .enumerate()
                .map(|(at, share)| row(kind, share, &format!("/model_use/{name}/{at}"))),
        );
    }
    if !rows.is_empty() {
        rows.push(row("all", &used.total, "/model_use/total"));
        out.push(table(
            vec!["by", "which", "replies", "prompt tokens", "reply tokens", "US dollars"],
            vec![2, 3, 4, 5],
            rows,
        ));
    }
    remarks(used, out);
}

fn row(kind: &'static str, share: &UseLine, at: &str) -> Vec<Line<Draft>> {
    let which = match kind {
        "all" => text("the whole run"),
        _ => line().name(&share.name),
    };
    vec![
        text(kind),
        which,
        line().number(told(share.calls, format!("{at}/calls"))),
        line().number(told(share.input, format!("{at}/input"))),
        line().number(told(share.output, format!("{at}/output"))),
        line().number(Cited::record(share.usd, format!("{at}/usd"), RecordFile::Journal)),
    ]
}

fn told(number: u64, at: String) -> Cited {
    Cited::record(number, at, RecordFile::Journal)
}

fn remarks(used: &ModelUse, out: &mut Blocks) {
    if used.estimated > 0 {
        let calls = told(used.estimated, "/model_use/estimated".to_owned());
        out.push(paragraph(
            text("The endpoint did not count the tokens of ")
                .number(calls)
                .text(" calls; for those the table has an estimate, from above."),
        ));
    }
    if used.unpriced > 0 {
        let calls = told(used.unpriced, "/model_use/unpriced".to_owned());
        out.push(paragraph(
            text("No price is known for the models of ")
                .number(calls)
                .text(" calls, so the dollars do not hold them."),
        ));
    }
}
