//! The table of findings.

use super::finding::{self, SECTIONS};
use super::words;
use crate::legacy::v1::order;
use crate::report::Dossier;
use crate::report::document::{Blocks, LinkTarget, heading, line, paragraph, table, text};
use crate::report::trace::Traced;

/// One row for each finding, in the order of `findings.json`.
pub(super) fn section(dossier: &Dossier, out: &mut Blocks) {
    let findings = order::ordered_findings(dossier);
    if findings.is_empty() {
        return;
    }
    out.push(heading(2, "findings", text("Findings")));
    out.push(paragraph(text(
        "Replicated ones first, then by q. Brackets hold the ninety-five per cent confidence interval. Each number leads \
         to the experiment and the line of its output that it came from.",
    )));
    let rows = findings.iter().enumerate().map(|(rank, test)| {
        let traced = Traced(test);
        let relation = words::relation(test);
        let relation = if rank < SECTIONS {
            line().link(LinkTarget::Anchor(finding::anchor(test)), relation)
        } else {
            relation
        };
        vec![
            relation,
            words::short_direction(test),
            words::effect(&traced.effect()),
            line().number(traced.n()),
            line().number(traced.p()),
            line().number(traced.q()),
            text(words::replicated(test)),
            words::joined(test.caveats.iter().map(|word| words::caveat(word.as_str())), "none"),
        ]
    });
    let head = vec![
        "relation",
        "direction",
        "effect",
        "n",
        "p",
        "q",
        "replicated",
        "caveats",
    ];
    out.push(table(head, vec![3, 4, 5], rows.collect()));
    if findings.len() > SECTIONS {
        out.push(paragraph(text(
            "The first ones have a section each below; the rest stand in this table and in findings.json alone.",
        )));
    }
}
