//! The additions of the run to the knowledge graph.

use crate::graph::{self, PictureWording};
use crate::report::Dossier;
use crate::report::citation::{Cited, RecordFile};
use crate::report::document::{Block, Blocks, LinkTarget, heading, line, paragraph, table, text};

/// The words of the picture.
const WORDING: PictureWording = PictureWording {
    title: "What was found: variables, and the findings that join them",
    and: " and ",
    more_in: ", more in ",
    rise: "rise together",
    fall: "one falls as the other rises",
    differ: "differ between groups",
    together: "go together",
    replicated: "replicated",
    not_replicated: "not replicated",
    not_found: "tested and not found",
    variables_left_out: "Only the variables of most findings are drawn; the others are left out.",
    lines_left_out: "Only the pairs of most findings are joined, replicated ones first; the others are left out.",
    grey_left_out: "The pairs that were tested and not found are left out: there are too many.",
};

/// The picture and the counts.
pub(super) fn section(dossier: &Dossier, out: &mut Blocks) {
    let drawing = graph::draw_graph(&dossier.knowledge, &WORDING);
    if dossier.graph.is_empty() && drawing.is_none() {
        return;
    }
    out.push(heading(2, "knowledge", text("Knowledge graph")));
    if let Some(ink) = drawing {
        let page = LinkTarget::File("report.html".to_owned());
        let elsewhere = text("A picture of the variables and the findings that join them is in ");
        out.push(Block::Either {
            html: vec![Block::Drawing(ink)],
            markdown: vec![paragraph(elsewhere.link(page, text("report.html")).text("."))],
        });
    }
    if dossier.graph.is_empty() {
        return;
    }
    out.push(paragraph(text("What the run wrote to it:")));
    let rows = dossier.graph.iter().enumerate().map(|(at, (label, count))| {
        vec![
            line().name(label),
            line().number(Cited::record(*count, format!("/graph/{at}/1"), RecordFile::Journal)),
        ]
    });
    out.push(table(vec!["what", "how many"], vec![1], rows.collect()));
}
