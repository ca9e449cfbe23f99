//! What a question asks, and which column explains which.
//!
//! | file | does |
//! |---|---|
//! | `parts` | finds the phrases of a clause, and the mentions that may take a role in it |
//! | `third` | reads questions with a third column, and those of dose and response |
//! | `verb` | reads what a verb or a noun says of two sides |
//! | `comparison` | reads comparisons, and questions without a verb that the rules know |

mod comparison;
mod parts;
mod third;
mod verb;

use std::collections::BTreeSet;

use super::{
    Expectation, InquiryKind,
    cues::Cue,
    lexicon,
    sentence::{Clause, Outline, Piece},
    subset::{Condition, Subset},
    words::Token,
};

/// Pieces around a mention in which the word that governs it is looked for.
const NEAR: usize = 12;

/// All clauses as they were read, by the places of columns.
#[derive(Debug, Clone, Default)]
pub(super) struct Reading {
    pub kinds: Vec<InquiryKind>,
    pub outcomes: Vec<usize>,
    pub exposures: Vec<usize>,
    pub symmetric: bool,
    pub given: Vec<usize>,
    pub conditions: Vec<Condition>,
    pub expected: Option<Expectation>,
    /// A phrase asks for a figure.
    pub describes: bool,
    /// Per token: it is part of a phrase that said something.
    pub known: Vec<bool>,
}

/// The columns of one clause by what they are in it.
#[derive(Debug, Default)]
struct Roles {
    kind: Option<InquiryKind>,
    outcomes: Vec<usize>,
    exposures: Vec<usize>,
    symmetric: bool,
}

impl Roles {
    fn of(kind: InquiryKind, outcomes: Vec<usize>, exposures: Vec<usize>) -> Self {
        Self {
            kind: Some(kind),
            outcomes,
            exposures,
            symmetric: false,
        }
    }

    fn symmetric(kind: InquiryKind, columns: Vec<usize>) -> Self {
        Self {
            kind: Some(kind),
            outcomes: columns.clone(),
            exposures: columns,
            symmetric: true,
        }
    }
}

fn add(list: &mut Vec<usize>, columns: &[usize]) {
    for column in columns {
        if !list.contains(column) {
            list.push(*column);
        }
    }
}

impl Reading {
    pub(super) fn of(outline: &Outline<'_>) -> Self {
        let mut reading = Self {
            known: vec![false; outline.tokens.len()],
            ..Self::default()
        };
        let mut earlier: Vec<usize> = Vec::new();
        let mut one_sided: Vec<bool> = Vec::new();
        let (mut rises, mut falls) = (false, false);
        for clause in &outline.clauses {
            if clause.context {
                add(&mut earlier, &columns_in_context(outline, clause));
                continue;
            }
            let mut reader = ClauseReader::of(outline, &clause.pieces, &earlier);
            let mut roles = reader.read();
            reader.compare_bounded_rows(&mut roles);
            reader.take_conditions(&roles);
            reading.describes |= reader.asks_figure();
            for place in &reader.known {
                if let Some(known) = reading.known.get_mut(*place) {
                    *known = true;
                }
            }
            for word in clause.pieces.iter().filter_map(|piece| match piece {
                Piece::Token(place) => outline.tokens.get(*place),
                Piece::Mention(_) => None,
            }) {
                match lexicon::expectation(word) {
                    Some(Expectation::Rise) => rises = true,
                    Some(Expectation::Fall) => falls = true,
                    None => {}
                }
            }
            add(&mut reading.given, &reader.subset.given);
            for condition in std::mem::take(&mut reader.subset.conditions) {
                if !reading.conditions.contains(&condition) {
                    reading.conditions.push(condition);
                }
            }
            add(&mut earlier, &roles.outcomes);
            add(&mut earlier, &roles.exposures);
            if let Some(kind) = roles.kind.filter(|kind| !reading.kinds.contains(kind)) {
                reading.kinds.push(kind);
            }
            if !roles.outcomes.is_empty() || !roles.exposures.is_empty() {
                one_sided.push(!roles.symmetric);
            }
            add(&mut reading.outcomes, &roles.outcomes);
            add(&mut reading.exposures, &roles.exposures);
        }
        reading.symmetric = !one_sided.is_empty() && !one_sided.contains(&true);
        if !one_sided.contains(&false) {
            let outcomes = reading.outcomes.clone();
            reading.exposures.retain(|column| !outcomes.contains(column));
        }
        let (outcomes, exposures) = (reading.outcomes.clone(), reading.exposures.clone());
        reading
            .given
            .retain(|column| !outcomes.contains(column) && !exposures.contains(column));
        if reading.kinds.is_empty() {
            reading.kinds.push(InquiryKind::Relation);
        }
        reading.expected = match (rises, falls) {
            _ if reading.kinds.contains(&InquiryKind::Difference) => None,
            (true, false) => Some(Expectation::Rise),
            (false, true) => Some(Expectation::Fall),
            _ => None,
        };
        reading
    }
}

/// Gives the columns of a statement before the question that it says something of.
fn columns_in_context(outline: &Outline<'_>, clause: &Clause) -> Vec<usize> {
    let mut columns = Vec::new();
    for piece in &clause.pieces {
        if let Piece::Mention(number) = piece
            && let Some(mention) = outline.mention(*number)
            && (!mention.levels.is_empty() || mention.number.is_some())
        {
            add(&mut columns, &mention.columns);
        }
    }
    columns
}

/// A mention that may take a role.
#[derive(Debug, Clone, Copy)]
struct Part {
    /// The piece.
    at: usize,
    /// The number of the mention.
    mention: usize,
    /// It stands after `in`, `for` or the like, so it may say which rows are meant.
    aside: bool,
    /// It names a level, or a state of a column of two levels, after such a word.
    level: bool,
}

/// A phrase that says something.
#[derive(Debug, Clone, Copy)]
struct Found {
    at: usize,
    end: usize,
    cue: Cue,
}

struct ClauseReader<'o, 'a> {
    outline: &'o Outline<'a>,
    subset: Subset<'o, 'a>,
    cues: Vec<Found>,
    parts: Vec<Part>,
    earlier: &'o [usize],
    /// Places of tokens of phrases that said something.
    known: BTreeSet<usize>,
}

impl<'o, 'a> ClauseReader<'o, 'a> {
    fn of(outline: &'o Outline<'a>, pieces: &'o [Piece], earlier: &'o [usize]) -> Self {
        let mut reader = Self {
            outline,
            subset: Subset::of(outline, pieces),
            cues: Vec::new(),
            parts: Vec::new(),
            earlier,
            known: BTreeSet::new(),
        };
        reader.find_cues();
        reader.find_parts();
        for (at, piece) in pieces.iter().enumerate() {
            if let Piece::Token(place) = piece
                && reader.subset.is_used(at)
            {
                reader.known.insert(*place);
            }
        }
        reader
    }
    fn token(&self, at: usize) -> Option<&'a Token> {
        self.subset.token(at)
    }

    fn is_word(&self, at: usize, words: &[&str]) -> bool {
        self.token(at)
            .is_some_and(|token| words.contains(&token.lower.as_str()))
    }

    fn length(&self) -> usize {
        self.subset.pieces.len()
    }

    fn columns_of<'p>(&self, parts: impl Iterator<Item = &'p Part>) -> Vec<usize> {
        let mut columns = Vec::new();
        for part in parts {
            if let Some(mention) = self.outline.mention(part.mention) {
                add(&mut columns, &mention.columns);
            }
        }
        columns
    }

    /// Gives the columns of a stretch of the clause; those that may say which rows are meant only if there are no
    /// others.
    fn within(&self, range: std::ops::Range<usize>) -> Vec<usize> {
        let inside = |part: &&Part| range.contains(&part.at);
        let free = self.columns_of(self.parts.iter().filter(inside).filter(|part| !part.aside));
        if free.is_empty() {
            self.columns_of(self.parts.iter().filter(inside))
        } else {
            free
        }
    }

    /// The same without those that may say which rows are meant.
    fn free_within(&self, range: std::ops::Range<usize>) -> Vec<usize> {
        self.columns_of(self.parts.iter().filter(|part| range.contains(&part.at) && !part.aside))
    }

    fn left(&self, at: usize) -> Vec<usize> {
        let found = self.within(0..at);
        let refers = (0..at).any(|here| self.is_word(here, &["it", "this", "they", "these", "that", "them", "those"]));
        if found.is_empty() && refers {
            self.earlier.to_vec()
        } else {
            found
        }
    }

    fn right(&self, at: usize) -> Vec<usize> {
        self.within(at..self.length())
    }

    fn first(&self, wanted: &[Cue]) -> Option<Found> {
        self.cues.iter().copied().find(|found| wanted.contains(&found.cue))
    }

    fn first_after(&self, at: usize, wanted: &[Cue]) -> Option<Found> {
        self.cues
            .iter()
            .copied()
            .find(|found| found.at >= at && wanted.contains(&found.cue))
    }

    fn read(&self) -> Roles {
        let special = self
            .read_moderation()
            .or_else(|| self.read_mediation())
            .or_else(|| self.read_dose())
            .or_else(|| self.read_verb());
        special
            .or_else(|| self.read_comparison())
            .or_else(|| self.read_trend())
            .unwrap_or_else(|| self.read_without_verb())
    }

    /// Gives the column that a comparative of this stretch speaks of.
    fn compared_column(&self, range: std::ops::Range<usize>) -> Option<usize> {
        range
            .filter_map(|at| self.token(at))
            .filter_map(lexicon::compared_quantities)
            .find_map(|quantities| self.outline.index.find_quantity(quantities))
    }

    /// Returns true for `is affected by` and the like.
    fn is_passive(&self, verb: Found) -> bool {
        let participle = self.token(verb.at).is_some_and(|token| {
            token.lower.ends_with("ed") || matches!(token.lower.as_str(), "driven" | "made" | "led" | "told" | "cut")
        });
        participle
            && self.is_word(verb.end, &["by", "from", "with", "to"])
            && self.token(verb.end + 1).is_none_or(|token| token.number().is_none())
    }
}
