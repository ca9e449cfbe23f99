//! The table of findings.

use super::super::document::{Blocks, LinkTarget, heading, line, paragraph, table, text};
use super::super::dossier::Dossier;
use super::super::order;
use super::super::trace::Traced;
use super::finding::{self, SECTIONS};
use super::words;

/// One row for each finding, in the order of `findings.json`.
pub(super) fn add_findings_section(dossier: &Dossier, out: &mut Blocks) {
    let findings = order::ordered_findings(dossier);
    if findings.is_empty() {
        return;
    }
    out.push(heading(2, "findings", text("Findings")));
    out.push(paragraph(text(
        "What the question is about comes first; then replicated ones, then by q. Brackets hold the ninety-five per cent confidence interval. Each number leads \
         to the experiment and the line of its output that it came from.",
    )));
    let rows = findings.iter().enumerate().map(|(rank, test)| {
        let traced = Traced(test);
        let relation = words::relation_line(test);
        let relation = if rank < SECTIONS {
            line().link(LinkTarget::Anchor(finding::section_anchor(test)), relation)
        } else {
            relation
        };
        vec![
            relation,
            words::short_direction(test),
            words::effect_line(&traced.effect()),
            line().number(traced.n()),
            line().number(traced.p()),
            line().number(traced.q()),
            text(words::replication_words(test)),
            words::join_lines(test.caveats.iter().map(words::caveat_line), "none"),
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
