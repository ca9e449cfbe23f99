//! The report as a document, before it is written in any syntax.
//!
//! A document is a [`Draft`] first, whose numbers carry citations, and is [`Verified`] when each of them was found in
//! its artefact. The renderers take verified documents only, and nothing but the verification makes a
//! [`Verified`] number, picture or drawing: so a number with no artefact behind it cannot be rendered at all.

use super::citation::{Cited, Drawn, FigureFile, Picture, Shown};
use super::name::Name;
use crate::graph::Ink;

/// How far a document is.
pub(crate) trait Stage {
    /// The form of a number at this stage.
    type Number: Clone;
    /// The form of a figure at this stage.
    type Picture;
    /// The form of a drawing of our own at this stage.
    type Drawing;
}

/// Composed, not yet checked.
#[derive(Debug, Clone)]
pub(crate) enum Draft {}

impl Stage for Draft {
    type Number = Cited;
    type Picture = FigureFile;
    type Drawing = Ink;
}

/// Every number and figure was found in its artefact.
#[derive(Debug)]
pub(crate) enum Verified {}

impl Stage for Verified {
    type Number = Shown;
    type Picture = Picture;
    type Drawing = Drawn;
}

/// A piece of a line.
#[derive(Clone)]
pub(crate) enum Span<S: Stage> {
    /// Our own prose; digits in it fail the verification.
    Text(&'static str),
    /// A string of the run's record.
    Name(Name),
    /// Names, commands and paths, letter for letter.
    Code(Vec<Piece>),
    /// A number with its evidence.
    Number(S::Number),
    /// Emphasis.
    Strong(Line<S>),
    /// A verdict as a small label.
    Badge(Tone, Name),
    /// A link to a place of the document or a file of the run's folder.
    Link(LinkTarget, Line<S>),
}

/// A piece of a code span.
#[derive(Clone)]
pub(crate) enum Piece {
    /// Our own words; no digits.
    Text(&'static str),
    /// A string of the run's record.
    Name(Name),
}

/// Where a link leads.
#[derive(Clone)]
pub(crate) enum LinkTarget {
    /// A heading's anchor.
    Anchor(String),
    /// A file of the run's folder.
    File(String),
}

/// The tone of a label or paragraph; the html gives it a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Nothing special.
    Plain,
    /// Borne out twice.
    Strong,
    /// Borne out once.
    Medium,
    /// Open, or to be read with care.
    Weak,
    /// Something went wrong.
    Bad,
}

/// A line of text.
#[derive(Clone)]
pub(crate) struct Line<S: Stage>(pub(crate) Vec<Span<S>>);

/// A cell or header of a table.
pub(crate) type Row<S> = Vec<Line<S>>;

/// A table.
pub(crate) struct Table<S: Stage> {
    /// Column headings, no digits.
    pub(crate) head: Vec<&'static str>,
    /// As many cells in each as there are headings.
    pub(crate) rows: Vec<Row<S>>,
    /// Columns that hold numbers, by index.
    pub(crate) numeric: Vec<usize>,
}

/// A block of a document.
pub(crate) enum Block<S: Stage> {
    /// A heading; 2 for sections.
    Heading { level: u8, anchor: String, line: Line<S> },
    /// Running text.
    Paragraph(Tone, Line<S>),
    /// Points in no order.
    List(Vec<Line<S>>),
    /// A table.
    Table(Table<S>),
    /// A figure.
    Figure(S::Picture),
    /// A drawing of names and lines, without numbers; html alone has it.
    Drawing(S::Drawing),
    /// Content that few readers need: folded away where the syntax can.
    Details { summary: Line<S>, blocks: Vec<Block<S>> },
    /// Content that belongs together, as a card.
    Card(Vec<Block<S>>),
    /// The full story in html, a shorter one in markdown.
    Either {
        html: Vec<Block<S>>,
        markdown: Vec<Block<S>>,
    },
}

/// A whole document.
pub(crate) struct Document<S: Stage> {
    /// The question.
    pub(crate) title: Name,
    /// Everything below it.
    pub(crate) blocks: Vec<Block<S>>,
}

/// Blocks that are being composed.
pub(crate) type Blocks = Vec<Block<Draft>>;

/// Starts a line.
pub(crate) fn line() -> Line<Draft> {
    Line(Vec::new())
}

/// A line of prose.
pub(crate) fn text(text: &'static str) -> Line<Draft> {
    line().text(text)
}

impl Line<Draft> {
    fn with(mut self, span: Span<Draft>) -> Self {
        self.0.push(span);
        self
    }

    /// Our own prose.
    pub(crate) fn text(self, text: &'static str) -> Self {
        self.with(Span::Text(text))
    }

    /// A string of the record, as prose.
    pub(crate) fn name(self, name: &str) -> Self {
        self.with(Span::Name(Name::new(name)))
    }

    /// A string of the record, letter for letter.
    pub(crate) fn code(self, name: &str) -> Self {
        self.with(Span::Code(vec![Piece::Name(Name::new(name))]))
    }

    /// A hash, shortened.
    pub(crate) fn hash(self, hash: &str) -> Self {
        self.with(Span::Code(vec![Piece::Name(Name::hash(hash))]))
    }

    /// A command or path of words and names.
    pub(crate) fn command(self, pieces: Vec<Piece>) -> Self {
        self.with(Span::Code(pieces))
    }

    /// A command or path of our own words.
    pub(crate) fn verbatim(self, text: &'static str) -> Self {
        self.with(Span::Code(vec![Piece::Text(text)]))
    }

    /// A number with its evidence.
    pub(crate) fn number(self, cited: Cited) -> Self {
        self.with(Span::Number(cited))
    }

    /// A number, or prose where there is none.
    pub(crate) fn number_or(self, cited: Option<Cited>, none: &'static str) -> Self {
        match cited {
            Some(cited) => self.number(cited),
            None => self.text(none),
        }
    }

    /// Emphasis.
    pub(crate) fn strong(self, inner: Self) -> Self {
        self.with(Span::Strong(inner))
    }

    /// A verdict.
    pub(crate) fn badge(self, tone: Tone, words: &str) -> Self {
        self.with(Span::Badge(tone, Name::new(words)))
    }

    /// A link.
    pub(crate) fn link(self, target: LinkTarget, inner: Self) -> Self {
        self.with(Span::Link(target, inner))
    }

    /// Another line's spans at the end.
    pub(crate) fn then(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }
}

/// A heading.
pub(crate) fn heading(level: u8, anchor: &str, line: Line<Draft>) -> Block<Draft> {
    Block::Heading {
        level,
        anchor: slug(anchor),
        line,
    }
}

/// A paragraph.
pub(crate) fn paragraph(line: Line<Draft>) -> Block<Draft> {
    Block::Paragraph(Tone::Plain, line)
}

/// A table whose columns from `numeric` on hold numbers.
pub(crate) fn table(head: Vec<&'static str>, numeric: Vec<usize>, rows: Vec<Row<Draft>>) -> Block<Draft> {
    Block::Table(Table { head, rows, numeric })
}

/// A line of the report as text without marks.
pub(crate) fn plain_text(line: &Line<Draft>) -> String {
    let spans = line.0.iter().map(|span| match span {
        Span::Text(text) => (*text).to_owned(),
        Span::Name(name) | Span::Badge(_, name) => name.shown(),
        Span::Code(pieces) => {
            let pieces = pieces.iter().map(|piece| match piece {
                Piece::Text(text) => (*text).to_owned(),
                Piece::Name(name) => name.shown(),
            });
            format!("`{}`", pieces.collect::<String>())
        }
        Span::Number(cited) => cited.format.format_number(cited.number),
        Span::Strong(inner) | Span::Link(_, inner) => plain_text(inner),
    });
    spans.collect()
}

/// The anchor of a heading: letters, digits and dashes.
pub(crate) fn slug(anchor: &str) -> String {
    anchor
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' })
        .collect()
}
