//! A question as a typed value, read by rules.
//!
//! | file | does |
//! |---|---|
//! | `words` | splits a text into words and gives their stems |
//! | `lexicon` | lists the words that the rules know |
//! | `cues` | lists the phrases that say what is asked and what is held fixed |
//! | `bounds` | lists the phrases that bound a number |
//! | `index` | lists the words by which a question may name a column |
//! | `naming` | finds the columns that a question names |
//! | `sentence` | splits a question into clauses |
//! | `subset` | finds what is held fixed and which rows are meant |
//! | `roles` | finds what is asked, and which column explains which |
//! | `declared` | takes the parts that a person names beside the question |
//! | `wording` | says in a sentence how a question was read |
//!
//! Other languages than English are matched by names, labels and levels alone.

mod bounds;
mod cues;
mod declared;
mod index;
mod lexicon;
mod naming;
mod roles;
mod sentence;
mod subset;
mod wording;
mod words;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ColumnMeaning;
use index::Index;
use sentence::Outline;

pub use declared::DeclaredRoles;
pub use index::NamedBy;

/// The most words of a question that are read; what is beyond is counted in [`Inquiry::read_as`].
const MOST_TOKENS: usize = 4_000;

/// The kind of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InquiryKind {
    /// Whether columns go together.
    Relation,
    /// Whether one column acts on another.
    Effect,
    /// Whether groups, or two measurements, differ.
    Difference,
    /// Whether a column changes in time.
    Change,
    /// Whether one column foretells another.
    Prediction,
    /// How a column is distributed.
    Description,
    /// Whether two measurements agree.
    Agreement,
    /// Whether a relation depends on a third column.
    Moderation,
    /// Whether a relation goes through a third column.
    Mediation,
    /// How an outcome moves with the amount of an exposure.
    Dose,
}

/// The way that a question expects its outcome to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expectation {
    /// More of the exposure, more of the outcome.
    Rise,
    /// More of the exposure, less of the outcome.
    Fall,
}

/// The figure that a description is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedFigure {
    /// A share.
    Share,
    /// A number of rows or events.
    Count,
    /// A mean.
    Mean,
    /// A median, or what is typical.
    Median,
    /// Any.
    Any,
}

/// Levels of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedLevels {
    /// The column.
    pub column: String,
    /// Its levels, as the table has them.
    pub levels: Vec<String>,
}

/// A column that a question names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedColumn {
    /// The column.
    pub column: String,
    /// How the question names it.
    pub by: NamedBy,
}

/// A question as a typed value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Inquiry {
    /// What is asked.
    pub kinds: Vec<InquiryKind>,
    /// The columns to be explained or described. With one question about a column whose other side is open, the
    /// exposures are empty.
    pub outcomes: Vec<String>,
    /// The columns that explain; in a moderation or mediation the third column is the last.
    pub exposures: Vec<String>,
    /// Nothing says which column explains which: outcomes and exposures are the same columns.
    pub symmetric: bool,
    /// The rows that are meant, as one SQL expression over the table's columns.
    #[serde(rename = "where")]
    pub rows: Option<String>,
    /// The columns that are held fixed.
    pub given: Vec<String>,
    /// Words that name no column and are not known, as they stand.
    pub unmatched: Vec<String>,
    /// Words that are known but name no column.
    pub background: Vec<String>,
    /// How the question was read, in a sentence without a point.
    pub read_as: String,
    /// The way that the question expects the outcome to go.
    #[serde(skip)]
    pub expected: Option<Expectation>,
    /// The figure that is asked for; none where the question does not ask for one.
    #[serde(skip)]
    pub figure: Option<AskedFigure>,
    /// The rows that are meant, where one column's levels say which.
    #[serde(skip)]
    pub subset: Option<NamedLevels>,
    /// The levels that the question names.
    #[serde(skip)]
    pub levels: Vec<NamedLevels>,
    /// Every column that the question names, whatever for, in the order of the question.
    #[serde(skip)]
    pub named: Vec<NamedColumn>,
}

impl Inquiry {
    /// Reads a question against the columns of a table. Words beyond the first thousands are not read.
    pub fn read(question: &str, columns: &[ColumnMeaning]) -> Self {
        let (tokens, left_out) = words::tokenize(question, MOST_TOKENS);
        let index = Index::of(columns);
        let naming = naming::find_mentions(&tokens, columns, &index);
        let outline = Outline::of(&tokens, columns, &index, &naming);
        let reading = roles::Reading::of(&outline);
        let names = |places: &[usize]| -> Vec<String> {
            let columns = places.iter().filter_map(|place| columns.get(*place));
            columns.map(|column| column.name.clone()).collect()
        };
        let (unmatched, background) = outline.remaining_words(&reading.known);
        let figure = cues::find_figure(&tokens, &naming.named).or(reading.describes.then_some(AskedFigure::Any));
        let mut named: Vec<NamedColumn> = Vec::new();
        let mut seen = BTreeSet::new();
        for mention in &naming.mentions {
            for place in &mention.columns {
                if let Some(column) = columns.get(*place).filter(|_| seen.insert(*place)) {
                    let column = column.name.clone();
                    named.push(NamedColumn { column, by: mention.by });
                }
            }
        }
        Self {
            figure: figure.filter(|_| reading.kinds == [InquiryKind::Description]),
            subset: subset::levels_of_rows(&reading.conditions, columns),
            levels: named_levels(&naming.mentions, columns),
            read_as: wording::describe_reading(&reading, columns, &naming, left_out),
            kinds: reading.kinds,
            outcomes: names(&reading.outcomes),
            exposures: names(&reading.exposures),
            symmetric: reading.symmetric,
            rows: subset::to_sql(&reading.conditions, columns),
            given: names(&reading.given),
            unmatched,
            background,
            expected: reading.expected,
            named,
        }
    }
}

/// The levels that a question names, by column, in the order of the question.
fn named_levels(mentions: &[naming::Mention], columns: &[ColumnMeaning]) -> Vec<NamedLevels> {
    let mut found: Vec<NamedLevels> = Vec::new();
    for mention in mentions.iter().filter(|mention| !mention.negated) {
        let Some(column) = columns.get(mention.column()) else {
            continue;
        };
        for level in mention.levels.iter().filter_map(|level| column.levels.get(*level)) {
            match found.iter_mut().find(|known| known.column == column.name) {
                Some(known) if known.levels.contains(&level.code) => {}
                Some(known) => known.levels.push(level.code.clone()),
                None => found.push(NamedLevels {
                    column: column.name.clone(),
                    levels: vec![level.code.clone()],
                }),
            }
        }
    }
    found
}
