//! From draft to verified: every number and name is held against its evidence.

use super::document::{Block, Document, Draft, Line, Piece, Span, Table, Verified};
use super::error::ReportError;
use super::evidence::EvidenceChecker;

/// The document with every number found in its artefact.
///
/// # Errors
/// The first number, name, figure or piece of prose without evidence, with its place.
pub(crate) fn verify_document(
    document: Document<Draft>,
    evidence: &mut EvidenceChecker,
) -> Result<Document<Verified>, ReportError> {
    let title = evidence.check_name(&document.title, "title")?;
    let mut verifier = Verifier {
        evidence,
        place: "head".to_owned(),
    };
    Ok(Document {
        title,
        blocks: verifier.verify_blocks(document.blocks)?,
    })
}

struct Verifier<'v, 'd> {
    evidence: &'v mut EvidenceChecker<'d>,
    /// The heading above.
    place: String,
}

impl Verifier<'_, '_> {
    fn verify_blocks(&mut self, blocks: Vec<Block<Draft>>) -> Result<Vec<Block<Verified>>, ReportError> {
        blocks.into_iter().map(|block| self.verify_block(block)).collect()
    }

    fn verify_block(&mut self, block: Block<Draft>) -> Result<Block<Verified>, ReportError> {
        Ok(match block {
            Block::Heading { level, anchor, line } => {
                self.place = plain_words(&line);
                Block::Heading {
                    level,
                    anchor,
                    line: self.verify_line(line)?,
                }
            }
            Block::Paragraph(tone, line) => Block::Paragraph(tone, self.verify_line(line)?),
            Block::List(points) => Block::List(self.verify_lines(points)?),
            Block::Table(Table { head, rows, numeric }) => {
                for &title in &head {
                    self.verify_prose(title)?;
                }
                let rows = rows
                    .into_iter()
                    .map(|row| self.verify_lines(row))
                    .collect::<Result<_, _>>()?;
                Block::Table(Table { head, rows, numeric })
            }
            Block::Figure(figure) => Block::Figure(self.evidence.check_picture(&figure, &self.place)?),
            Block::Drawing(ink) => Block::Drawing(self.evidence.check_drawing(&ink, &self.place)?),
            Block::Details { summary, blocks } => Block::Details {
                summary: self.verify_line(summary)?,
                blocks: self.verify_blocks(blocks)?,
            },
            Block::Card(blocks) => Block::Card(self.verify_blocks(blocks)?),
            Block::Either { html, markdown } => Block::Either {
                html: self.verify_blocks(html)?,
                markdown: self.verify_blocks(markdown)?,
            },
        })
    }

    fn verify_lines(&mut self, lines: Vec<Line<Draft>>) -> Result<Vec<Line<Verified>>, ReportError> {
        lines.into_iter().map(|line| self.verify_line(line)).collect()
    }

    fn verify_line(&mut self, line: Line<Draft>) -> Result<Line<Verified>, ReportError> {
        line.0
            .into_iter()
            .map(|span| self.verify_span(span))
            .collect::<Result<_, _>>()
            .map(Line)
    }

    fn verify_span(&mut self, span: Span<Draft>) -> Result<Span<Verified>, ReportError> {
        Ok(match span {
            Span::Text(text) => Span::Text(self.verify_prose(text)?),
            Span::Name(name) => Span::Name(self.evidence.check_name(&name, &self.place)?),
            Span::Code(pieces) => {
                for piece in &pieces {
                    match piece {
                        Piece::Text(text) => drop(self.verify_prose(text)?),
                        Piece::Name(name) => drop(self.evidence.check_name(name, &self.place)?),
                    }
                }
                Span::Code(pieces)
            }
            Span::Number(cited) => Span::Number(self.evidence.check_number(&cited, &self.place)?),
            Span::Strong(line) => Span::Strong(self.verify_line(line)?),
            Span::Badge(tone, name) => Span::Badge(tone, self.evidence.check_name(&name, &self.place)?),
            Span::Link(target, line) => Span::Link(target, self.verify_line(line)?),
        })
    }

    fn verify_prose(&self, text: &'static str) -> Result<&'static str, ReportError> {
        if text.chars().any(char::is_numeric) {
            return Err(ReportError::DigitInProse {
                place: self.place.clone(),
                text: text.to_owned(),
            });
        }
        Ok(text)
    }
}

/// A heading's words, for errors.
fn plain_words(line: &Line<Draft>) -> String {
    let mut out = String::new();
    for span in &line.0 {
        match span {
            Span::Text(text) => out.push_str(text),
            Span::Name(name) | Span::Badge(_, name) => out.push_str(&name.shown()),
            Span::Code(pieces) => pieces.iter().for_each(|piece| match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Name(name) => out.push_str(&name.shown()),
            }),
            Span::Strong(line) | Span::Link(_, line) => out.push_str(&plain_words(line)),
            Span::Number(_) => {}
        }
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::super::citation::{Cited, RecordFile};
    use super::super::document::{heading, line, paragraph, table, text};
    use super::super::dossier::Dossier;
    use kosmos_core::run_dir::RunDir;

    use super::super::name::Name;
    use super::*;
    use crate::graph::{self, Edge, EdgeKind, Facts, Label, Node, PictureWording};

    /// Verifies blocks below a heading, for a run with nothing but settings.
    fn verified(blocks: Vec<Block<Draft>>) -> Result<Document<Verified>, ReportError> {
        let dossier: Dossier = serde_json::from_value(json!({
            "run": "run-1", "question": "why?", "target": null, "datasets": [], "cycles": [], "families": [], "tests": [],
            "end": {"status": "failed", "reason": {"kind": "engine"}, "message": "no"}, "untested": [],
            "method": {"alpha": 0.05, "explore_share": 0.5, "seed": 7, "policy": "heuristic", "permutations": 1,
                "check_rows": 1, "randomised": [], "kosmos_version": "0", "stack": [], "sandbox": []},
            "shuffled_null": null, "experiments": [], "figures": [], "ledger": [], "budgets": [], "dead_letters": [],
            "restarts": [], "graph": [],
        }))
        .unwrap();
        let folder = tempfile::TempDir::new().unwrap();
        std::fs::write(folder.path().join("run.toml"), "seed = 7").unwrap();
        let mut evidence = EvidenceChecker::open(&RunDir::open(folder.path()).unwrap(), &dossier).unwrap();
        let blocks = std::iter::once(heading(2, "here", text("Here")))
            .chain(blocks)
            .collect();
        verify_document(
            Document {
                title: Name::new("why?"),
                blocks,
            },
            &mut evidence,
        )
    }

    #[test]
    fn a_digit_in_prose_is_refused() {
        for blocks in [
            vec![paragraph(text("about 42 rows"))],
            vec![paragraph(line().strong(text("r²")))],
            vec![paragraph(line().verbatim("top -n 1"))],
            vec![table(vec!["the 95 % interval"], vec![], vec![])],
        ] {
            let error = verified(blocks).err().unwrap();
            assert!(
                matches!(&error, ReportError::DigitInProse { place, .. } if place == "Here"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_figure_dressed_as_a_name_is_refused() {
        let error = verified(vec![paragraph(line().name("42 rows"))]).err().unwrap();
        assert!(matches!(error, ReportError::UnknownName { .. }), "{error}");
        assert!(
            verified(vec![paragraph(line().name("run-1"))]).is_ok(),
            "the run's record holds it"
        );
    }

    #[test]
    fn a_number_is_shown_only_as_its_record_holds_it() {
        let seed = |seed: u64| paragraph(line().number(Cited::record(seed, "/method/seed", RecordFile::Settings)));
        assert!(verified(vec![seed(7)]).is_ok());
        assert!(matches!(
            verified(vec![seed(8)]),
            Err(ReportError::NumberDiffers { .. })
        ));
        let journal = Cited::record(7_u64, "/method/seed", RecordFile::Journal);
        assert!(matches!(
            verified(vec![paragraph(line().number(journal))]),
            Err(ReportError::Missing { .. })
        ));
    }

    #[test]
    fn a_drawing_has_names_of_the_record_only() {
        let drawing = |x: &str| {
            let mut facts = Facts::default();
            facts.add_node(Node::new(Label::Finding, "finding:1"));
            for name in [x, "mass"] {
                let concept = format!("concept:{name}");
                facts.add_edge(Edge::new(EdgeKind::Mentions, "finding:1", &concept));
            }
            Block::Drawing(graph::draw_graph(&facts, &PictureWording::CURRENT).unwrap())
        };
        let error = verified(vec![drawing("42 rows")]).err().unwrap();
        assert!(matches!(error, ReportError::UnknownName { .. }), "{error}");
        for name in ["length", "run-1"] {
            let document = verified(vec![drawing(name)]).unwrap();
            let drawn = document.blocks.last();
            assert!(matches!(drawn, Some(Block::Drawing(drawn)) if drawn.element().contains(name)));
        }
    }
}
