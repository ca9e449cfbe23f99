//! A question as clauses of words and mentions.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    cues,
    index::Index,
    lexicon,
    naming::{Mention, Naming},
    words::{Token, TokenKind},
};
use crate::study::ColumnMeaning;

/// A word or a mention, in the order of the clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    /// The place of a token that names nothing.
    Token(usize),
    /// The number of a mention.
    Mention(usize),
}

/// A part of the question with a verb of its own.
#[derive(Debug, Clone, Default)]
pub(super) struct Clause {
    pub pieces: Vec<Piece>,
    /// A statement before the question.
    pub context: bool,
}

/// A question split into clauses, with what its brackets explain.
#[derive(Debug)]
pub(super) struct Outline<'a> {
    pub tokens: &'a [Token],
    pub columns: &'a [ColumnMeaning],
    pub index: &'a Index,
    pub naming: &'a Naming,
    pub clauses: Vec<Clause>,
    /// Per token: it stands in brackets that explain a word.
    gloss: Vec<bool>,
    /// Per token: it repeats a level of the column that its brackets explain.
    repeats: Vec<bool>,
    /// Per token: it stands in a statement before the question.
    context: Vec<bool>,
    /// Words that name nothing but have a column in brackets after them, with the mention in the brackets.
    explained: Vec<(usize, usize)>,
}

/// Clauses that are read for what they ask.
const MOST_CLAUSES: usize = 32;

impl<'a> Outline<'a> {
    pub(super) fn of(tokens: &'a [Token], columns: &'a [ColumnMeaning], index: &'a Index, naming: &'a Naming) -> Self {
        let mut outline = Self {
            tokens,
            columns,
            index,
            naming,
            clauses: Vec::new(),
            gloss: vec![false; tokens.len()],
            repeats: vec![false; tokens.len()],
            context: vec![false; tokens.len()],
            explained: Vec::new(),
        };
        outline.find_glosses();
        outline.split();
        outline
    }

    pub(super) fn mention(&self, number: usize) -> Option<&'a Mention> {
        self.naming.mentions.get(number)
    }

    pub(super) fn column(&self, mention: usize) -> Option<&'a ColumnMeaning> {
        self.columns.get(self.mention(mention)?.column())
    }

    /// Marks brackets that explain a word: `(1 none, 2 solvent)`. Others, `(adjusted for age)`, are part of the clause.
    fn find_glosses(&mut self) {
        let mut at = 0;
        while let Some(token) = self.tokens.get(at) {
            let open = at;
            at += 1;
            if !token.is_mark('(') || token.depth > 0 {
                continue;
            }
            let close = (at..self.tokens.len())
                .find(|place| {
                    self.tokens
                        .get(*place)
                        .is_some_and(|token| token.is_mark(')') && token.depth == 0)
                })
                .unwrap_or(self.tokens.len());
            let inside: Vec<&Token> = self.tokens.iter().take(close).skip(at).take(8).collect();
            if !begins_a_phrase(&inside) {
                self.explain(open, close);
            }
            at = close;
        }
    }

    /// Marks the words of brackets, and those that repeat a level of the column before them or first in them.
    fn explain(&mut self, open: usize, close: usize) {
        let before = self.naming.mentions.iter().find(|mention| mention.end == open);
        let inside = self
            .naming
            .mentions
            .iter()
            .find(|mention| (open..close).contains(&mention.start));
        let mut known: BTreeSet<String> = BTreeSet::new();
        for column in [before, inside]
            .into_iter()
            .flatten()
            .filter_map(|mention| self.columns.get(mention.column()))
        {
            for level in &column.levels {
                for text in [Some(&level.code), level.label.as_ref()].into_iter().flatten() {
                    known.extend(super::words::terms(text, 16).into_iter().map(|token| token.stem));
                }
            }
        }
        for place in open..=close.min(self.tokens.len().saturating_sub(1)) {
            if let (Some(gloss), Some(repeats), Some(token)) = (
                self.gloss.get_mut(place),
                self.repeats.get_mut(place),
                self.tokens.get(place),
            ) {
                *gloss = true;
                *repeats = known.contains(&token.stem);
            }
        }
    }

    /// Lists the words that stand for a column in brackets after them: `relapse (status 2)`.
    fn explain_words(&mut self) {
        let at = |list: &[bool], place: usize| list.get(place) == Some(&true);
        for (number, mention) in self.naming.mentions.iter().enumerate() {
            let bracket = mention.start.checked_sub(1).filter(|place| at(&self.gloss, *place));
            let word = bracket
                .filter(|place| self.tokens.get(*place).is_some_and(|token| token.is_mark('(')))
                .and_then(|place| place.checked_sub(1));
            if let Some(word) = word.filter(|word| !at(&self.naming.named, *word) && !at(&self.gloss, *word)) {
                self.explained.push((word, number));
            }
        }
        for (word, _) in &self.explained {
            if let Some(gloss) = self.gloss.get_mut(*word) {
                *gloss = true;
            }
        }
    }

    /// Splits the tokens at the ends of sentences, and where a comma or `and` begins another question.
    fn split(&mut self) {
        let mut ranges: Vec<(usize, usize, bool)> = Vec::new();
        let mut start = 0;
        for place in 0..=self.tokens.len() {
            let end = self.tokens.get(place);
            let ends_sentence = end
                .is_none_or(|token| token.depth == 0 && matches!(token.kind, TokenKind::Mark('?' | '.' | ';' | '!')));
            if ends_sentence {
                ranges.push((start, place, end.is_some_and(|token| token.is_mark('?'))));
                start = place + 1;
            }
        }
        self.explain_words();
        let asks = ranges.iter().any(|(_, _, question)| *question);
        for (start, end, question) in ranges {
            let in_question = |place: &usize| {
                self.gloss.get(*place) != Some(&true) || self.explained.iter().any(|(word, _)| word == place)
            };
            let words: Vec<usize> = (start..end).filter(in_question).collect();
            let opened = words
                .first()
                .and_then(|place| self.tokens.get(*place))
                .is_some_and(lexicon::opens);
            let context = asks && !question && !opened;
            for place in (start..end).filter(|_| context) {
                if let Some(context) = self.context.get_mut(place) {
                    *context = true;
                }
            }
            for part in self.split_at_openers(&words) {
                let pieces = self.pieces(part);
                if !pieces.is_empty() && self.clauses.len() < MOST_CLAUSES {
                    self.clauses.push(Clause { pieces, context });
                }
            }
        }
    }

    fn split_at_openers<'b>(&self, words: &'b [usize]) -> Vec<&'b [usize]> {
        let token = |at: usize| words.get(at).and_then(|place| self.tokens.get(*place));
        let mut parts = Vec::new();
        let mut start = 0;
        // `Among women, does ...` is one question; `..., and how ...` after a question begins another.
        let mut asked = token(0).is_some_and(lexicon::opens);
        for at in 1..words.len() {
            let joint = |token: &Token| token.lower == "and" || token.lower == "or" || token.is_mark(',');
            let opened = token(at).is_some_and(lexicon::opens);
            if opened && asked && token(at - 1).is_some_and(joint) {
                parts.push(words.get(start..at).unwrap_or_default());
                start = at;
            }
            asked |= opened;
        }
        parts.push(words.get(start..).unwrap_or_default());
        parts
    }

    fn pieces(&self, words: &[usize]) -> Vec<Piece> {
        let named = |place: usize| self.naming.named.get(place) == Some(&true);
        let mut pieces = Vec::new();
        let mut starts: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (number, mention) in self.naming.mentions.iter().enumerate() {
            starts.entry(mention.start).or_default().push(number);
        }
        for place in words {
            match starts.get(place) {
                Some(numbers) => pieces.extend(numbers.iter().copied().map(Piece::Mention)),
                None if !named(*place) => pieces.push(Piece::Token(*place)),
                None => {}
            }
            if let Some((_, number)) = self.explained.iter().find(|(word, _)| word == place) {
                pieces.push(Piece::Mention(*number));
            }
        }
        pieces
    }

    /// Gives the words that are left: those that nothing knows, and those that are known but name no column. `known`
    /// are the words of phrases that said something.
    pub(super) fn remaining_words(&self, known: &[bool]) -> (Vec<String>, Vec<String>) {
        let (mut unmatched, mut background) = (Words::default(), Words::default());
        let mut last: Option<usize> = None;
        for (place, token) in self.tokens.iter().enumerate() {
            let at = |list: &[bool]| list.get(place) == Some(&true);
            let of_name = at(&self.naming.named) && self.names_rows(place);
            if !token.is_term() || at(&self.repeats) || (at(&self.naming.named) && !of_name) {
                continue;
            }
            if of_name {
                background.push(&token.text);
                continue;
            }
            let aside = at(&self.gloss) || at(&self.context) || at(&self.naming.loose);
            let says_nothing = at(known)
                || lexicon::is_stop(token)
                || (!at(&self.naming.loose)
                    && (lexicon::is_filler(token)
                        || lexicon::is_unit_word(token)
                        || lexicon::is_statistic(token)
                        || lexicon::compares(token)));
            if says_nothing {
                continue;
            }
            if aside || token.number().is_some() || lexicon::is_background(token) {
                background.push(&token.text);
            } else if token.glued && last == place.checked_sub(1) {
                unmatched.extend(&token.text);
                last = Some(place);
            } else {
                unmatched.push(&token.text);
                last = Some(place);
            }
        }
        (unmatched.list, background.list)
    }

    /// Returns true for a word that names a column of names.
    fn names_rows(&self, place: usize) -> bool {
        self.naming.mentions.iter().any(|mention| {
            (mention.start..mention.end).contains(&place)
                && self
                    .columns
                    .get(mention.column())
                    .is_some_and(|column| column.value_type.is_name())
        })
    }
}

/// Returns true where brackets hold a phrase of the question itself.
fn begins_a_phrase(tokens: &[&Token]) -> bool {
    let first = |words: &[&str]| {
        tokens
            .first()
            .is_some_and(|token| words.contains(&token.lower.as_str()))
    };
    cues::fixes_after(tokens) > 0
        || first(&[
            "among", "amongst", "within", "only", "in", "for", "after", "before", "since",
        ])
}

/// Words in their order, each once.
#[derive(Default)]
struct Words {
    list: Vec<String>,
    seen: BTreeSet<String>,
}

impl Words {
    fn push(&mut self, word: &str) {
        if self.seen.insert(word.to_lowercase()) {
            self.list.push(word.to_owned());
        }
    }

    fn extend(&mut self, word: &str) {
        if let Some(last) = self.list.last_mut() {
            last.push_str(word);
        }
    }
}
