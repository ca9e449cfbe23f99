//! From draft to verified: every number and name is held against its evidence.

use super::document::{Block, Document, Draft, Line, Piece, Span, Table, Verified};
use super::error::ReportError;
use super::evidence::Evidence;

/// The document with every number found in its artefact.
///
/// # Errors
/// The first number, name, figure or piece of prose without evidence, with its place.
pub(crate) fn verify(document: Document<Draft>, evidence: &mut Evidence) -> Result<Document<Verified>, ReportError> {
    let title = evidence.name(&document.title, "title")?;
    let mut verifier = Verifier {
        evidence,
        place: "head".to_owned(),
    };
    Ok(Document {
        title,
        blocks: verifier.blocks(document.blocks)?,
    })
}

struct Verifier<'v, 'd> {
    evidence: &'v mut Evidence<'d>,
    /// The heading above.
    place: String,
}

impl Verifier<'_, '_> {
    fn blocks(&mut self, blocks: Vec<Block<Draft>>) -> Result<Vec<Block<Verified>>, ReportError> {
        blocks.into_iter().map(|block| self.block(block)).collect()
    }

    fn block(&mut self, block: Block<Draft>) -> Result<Block<Verified>, ReportError> {
        Ok(match block {
            Block::Heading { level, anchor, line } => {
                self.place = plain(&line);
                Block::Heading {
                    level,
                    anchor,
                    line: self.line(line)?,
                }
            }
            Block::Paragraph(tone, line) => Block::Paragraph(tone, self.line(line)?),
            Block::List(points) => Block::List(self.lines(points)?),
            Block::Table(Table { head, rows, numeric }) => {
                for &title in &head {
                    self.prose(title)?;
                }
                let rows = rows.into_iter().map(|row| self.lines(row)).collect::<Result<_, _>>()?;
                Block::Table(Table { head, rows, numeric })
            }
            Block::Figure(figure) => Block::Figure(self.evidence.picture(&figure, &self.place)?),
            Block::Details { summary, blocks } => Block::Details {
                summary: self.line(summary)?,
                blocks: self.blocks(blocks)?,
            },
            Block::Card(blocks) => Block::Card(self.blocks(blocks)?),
            Block::Either { html, markdown } => Block::Either {
                html: self.blocks(html)?,
                markdown: self.blocks(markdown)?,
            },
        })
    }

    fn lines(&mut self, lines: Vec<Line<Draft>>) -> Result<Vec<Line<Verified>>, ReportError> {
        lines.into_iter().map(|line| self.line(line)).collect()
    }

    fn line(&mut self, line: Line<Draft>) -> Result<Line<Verified>, ReportError> {
        line.0
            .into_iter()
            .map(|span| self.span(span))
            .collect::<Result<_, _>>()
            .map(Line)
    }

    fn span(&mut self, span: Span<Draft>) -> Result<Span<Verified>, ReportError> {
        Ok(match span {
            Span::Text(text) => Span::Text(self.prose(text)?),
            Span::Name(name) => Span::Name(self.evidence.name(&name, &self.place)?),
            Span::Code(pieces) => {
                for piece in &pieces {
                    match piece {
                        Piece::Text(text) => drop(self.prose(text)?),
                        Piece::Name(name) => drop(self.evidence.name(name, &self.place)?),
                    }
                }
                Span::Code(pieces)
            }
            Span::Number(cited) => Span::Number(self.evidence.number(&cited, &self.place)?),
            Span::Strong(line) => Span::Strong(self.line(line)?),
            Span::Badge(tone, name) => Span::Badge(tone, self.evidence.name(&name, &self.place)?),
            Span::Link(target, line) => Span::Link(target, self.line(line)?),
        })
    }

    fn prose(&self, text: &'static str) -> Result<&'static str, ReportError> {
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
fn plain(line: &Line<Draft>) -> String {
    let mut out = String::new();
    for span in &line.0 {
        match span {
            Span::Text(text) => out.push_str(text),
            Span::Name(name) | Span::Badge(_, name) => out.push_str(&name.shown()),
            Span::Code(pieces) => pieces.iter().for_each(|piece| match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Name(name) => out.push_str(&name.shown()),
            }),
            Span::Strong(line) | Span::Link(_, line) => out.push_str(&plain(line)),
            Span::Number(_) => {}
        }
    }
    out
}
