//! The run's additions to the knowledge graph.

use super::super::citation::{Cited, RecordFile};
use super::super::document::{Block, Blocks, LinkTarget, heading, line, paragraph, table, text};
use super::super::dossier::Dossier;
use crate::graph::{self, PictureWording};
use kosmos_core::run_files;

/// The picture and the counts.
pub(super) fn add_knowledge_section(dossier: &Dossier, out: &mut Blocks) {
    let drawing = graph::draw_graph(&dossier.knowledge, &PictureWording::CURRENT);
    if dossier.graph.is_empty() && drawing.is_none() {
        return;
    }
    out.push(heading(2, "knowledge", text("Knowledge graph")));
    if let Some(ink) = drawing {
        let page = LinkTarget::File(run_files::REPORT_HTML.to_owned());
        let elsewhere = text("A picture of the variables and the findings that join them is in ");
        out.push(Block::Either {
            html: vec![Block::Drawing(ink)],
            markdown: vec![paragraph(elsewhere.link(page, text(run_files::REPORT_HTML)).text("."))],
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
