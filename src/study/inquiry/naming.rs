//! Which words of a question name which columns.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    cues,
    index::{Index, MOST_PHRASE, NamedBy, Sense},
    lexicon,
    words::{Token, TokenKind, root, singular},
};
use crate::study::ColumnMeaning;

/// Words around a word in which the other words of a name are looked for.
const NEAR: usize = 8;

/// A place of the question that names a column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mention {
    /// The column; several where they are one factor in exclusive columns.
    pub columns: Vec<usize>,
    /// Levels of the column that are named.
    pub levels: Vec<usize>,
    /// The number that stands after the name.
    pub number: Option<f64>,
    /// `not`, `no` or `without` stands before it.
    pub negated: bool,
    /// The first token.
    pub start: usize,
    /// The token after the last.
    pub end: usize,
    /// How it is named.
    pub by: NamedBy,
}

impl Mention {
    /// Gives the column, the first of several.
    pub(super) fn column(&self) -> usize {
        self.columns.first().copied().unwrap_or_default()
    }
}

/// A word that several columns have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ambiguity {
    pub words: String,
    pub columns: Vec<usize>,
}

/// All that a question names.
#[derive(Debug, Default)]
pub(super) struct Naming {
    /// In the order of the question.
    pub mentions: Vec<Mention>,
    pub ambiguous: Vec<Ambiguity>,
    /// Per token: it is part of a mention, or of the name of what is mentioned.
    pub named: Vec<bool>,
    /// Per token: it says which columns in a loose way.
    pub loose: Vec<bool>,
}

/// Finds the columns that the tokens name.
pub(super) fn find_mentions(tokens: &[Token], columns: &[ColumnMeaning], index: &Index) -> Naming {
    let mut finder = Finder {
        tokens,
        columns,
        index,
        found: Naming {
            named: vec![false; tokens.len()],
            loose: vec![false; tokens.len()],
            ..Naming::default()
        },
        pending: Vec::new(),
    };
    finder.match_phrases();
    finder.extend_mentions();
    finder.set_loose_words_aside();
    finder.match_scattered_names();
    finder.match_initials();
    finder.match_parts();
    finder.match_abbreviations();
    finder.extend_mentions();
    finder.settle_pending();
    finder.found.mentions.sort_by_key(|mention| mention.start);
    finder.join_neighbours();
    finder.found
}

struct Finder<'a> {
    tokens: &'a [Token],
    columns: &'a [ColumnMeaning],
    index: &'a Index,
    found: Naming,
    /// Words that several columns have, until it is known which of them are named elsewhere.
    pending: Vec<(usize, usize, Vec<Sense>)>,
}

/// A phrase that stands for something.
struct Candidate<'a> {
    start: usize,
    end: usize,
    words: usize,
    rank: u8,
    senses: &'a [Sense],
}

impl<'a> Finder<'a> {
    fn token(&self, place: usize) -> Option<&'a Token> {
        self.tokens.get(place)
    }

    fn is_named(&self, place: usize) -> bool {
        self.found.named.get(place).copied().unwrap_or(true)
    }

    fn name(&mut self, places: impl Iterator<Item = usize>) {
        for place in places {
            if let Some(named) = self.found.named.get_mut(place) {
                *named = true;
            }
        }
    }

    /// Returns true for a term that may be part of a name.
    fn is_content(&self, place: usize) -> bool {
        self.token(place).is_some_and(|token| {
            token.is_term()
                && (!lexicon::is_stop(token)
                    || token.quoted
                    || self.is_letter_of_name(place)
                    || self.index.find_exact(&token.text).is_some())
        })
    }

    /// Returns true for a single letter that is no article: `method A`.
    fn is_letter_of_name(&self, place: usize) -> bool {
        let one = |token: &Token| token.text.chars().count() == 1;
        let capital = |token: &Token| token.text.chars().all(char::is_uppercase) && place > 0;
        let last = !self.token(place + 1).is_some_and(Token::is_term);
        self.token(place)
            .is_some_and(|token| one(token) && (capital(token) || last))
    }

    /// Gives the next place of a term after this one, over words that join the words of a name.
    fn next_content(&self, place: usize) -> Option<usize> {
        (place + 1..=place + 4)
            .find(|next| self.is_content(*next))
            .filter(|next| (place + 1..*next).all(|between| self.token(between).is_some_and(joins)))
    }

    fn previous_content(&self, place: usize) -> Option<usize> {
        let first = place.saturating_sub(4);
        (first..place)
            .rev()
            .find(|before| self.is_content(*before))
            .filter(|before| (*before + 1..place).all(|between| self.token(between).is_some_and(joins)))
    }

    fn match_phrases(&mut self) {
        let mut candidates = self.list_candidates();
        candidates.sort_by_key(|candidate| (std::cmp::Reverse(candidate.words), candidate.rank, candidate.start));
        for candidate in candidates {
            let free = |place: usize| !self.is_named(place);
            if !(candidate.start..candidate.end).all(free)
                || self.is_verb_alone(&candidate)
                || self.is_noun_for_rows(&candidate)
            {
                continue;
            }
            let senses: Vec<Sense> = candidate
                .senses
                .iter()
                .copied()
                .filter(|sense| sense.rank == candidate.rank)
                .collect();
            self.accept(candidate.start, candidate.end, senses);
        }
    }

    fn accept(&mut self, start: usize, end: usize, senses: Vec<Sense>) {
        self.name(start..end);
        let columns: BTreeSet<usize> = senses.iter().map(|sense| sense.column).collect();
        match (columns.len(), senses.first()) {
            (1, Some(first)) => {
                let levels: BTreeSet<usize> = senses.iter().filter_map(|sense| sense.level).collect();
                self.push(vec![first.column], levels.into_iter().collect(), start, end, first.by);
            }
            _ => self.pending.push((start, end, senses)),
        }
    }

    fn push(&mut self, columns: Vec<usize>, levels: Vec<usize>, start: usize, end: usize, by: NamedBy) {
        self.found.mentions.push(Mention {
            columns,
            levels,
            number: None,
            negated: self.is_negated(start),
            start,
            end,
            by,
        });
    }

    fn is_negated(&self, start: usize) -> bool {
        let before = |steps: usize| start.checked_sub(steps).and_then(|place| self.token(place));
        let says_no = |token: &Token| matches!(token.lower.as_str(), "no" | "non" | "not" | "without" | "never");
        let article = |token: &Token| matches!(token.lower.as_str(), "a" | "an" | "any" | "the" | "-");
        match (before(1), before(2)) {
            (Some(one), _) if says_no(one) => true,
            (Some(one), Some(two)) => article(one) && says_no(two),
            _ => false,
        }
    }

    fn list_candidates(&self) -> Vec<Candidate<'a>> {
        let mut candidates = Vec::new();
        let mut push = |start, end, words, senses: Option<&'a [Sense]>| {
            if let Some(senses) = senses
                && let Some(rank) = senses.iter().map(|sense| sense.rank).min()
            {
                candidates.push(Candidate {
                    start,
                    end,
                    words,
                    rank,
                    senses,
                });
            }
        };
        for start in 0..self.tokens.len() {
            for length in 2..=3 {
                push(start, start + length, length, self.find_joined(start, length));
            }
            if !self.is_content(start) {
                continue;
            }
            let mut words: Vec<&Token> = Vec::new();
            let mut place = Some(start);
            while let Some((here, token)) = place.and_then(|place| Some((place, self.token(place)?))) {
                words.push(token);
                let senses = match words.as_slice() {
                    [only] if lexicon::is_stop(only) && !only.quoted => self.index.find_exact(&only.text),
                    _ => self.index.find_phrase(&words),
                };
                push(start, here + 1, words.len(), senses);
                place = Some(here)
                    .filter(|_| words.len() < MOST_PHRASE)
                    .and_then(|here| self.next_content(here));
            }
        }
        candidates
    }

    /// Looks up words written as one: `break down` for a column `breakdowns`.
    fn find_joined(&self, start: usize, length: usize) -> Option<&'a [Sense]> {
        let mut joined = String::new();
        for place in start..start + length {
            let token = self.token(place)?;
            match token.kind {
                TokenKind::Word if !token.glued => joined.push_str(&token.lower),
                TokenKind::Mark('-') if place > start && place + 1 < start + length => {}
                _ => return None,
            }
        }
        let token = self.token(start)?;
        let word = Token {
            stem: singular(&joined),
            root: root(&joined),
            ..token.clone()
        };
        self.index.find_phrase(&[&word])
    }

    /// Returns true for a verb of the question that a column has for its name, where it stands as a verb.
    fn is_verb_alone(&self, candidate: &Candidate<'_>) -> bool {
        let Some(token) = self.token(candidate.start).filter(|_| candidate.words == 1) else {
            return false;
        };
        let after_noun = candidate
            .start
            .checked_sub(1)
            .and_then(|before| self.token(before))
            .is_some_and(|before| before.is_term() && !lexicon::is_stop(before));
        !token.quoted && after_noun && cues::find_cue(&[token]).is_some()
    }

    /// Returns true for a noun for rows that is only a part of a column's name: `machines` is not `machine_hours`.
    fn is_noun_for_rows(&self, candidate: &Candidate<'_>) -> bool {
        let Some(token) = self
            .token(candidate.start)
            .filter(|_| candidate.words == 1 && candidate.rank % 10 == 1)
        else {
            return false;
        };
        let names_rows = |sense: &Sense| {
            self.columns
                .get(sense.column)
                .is_some_and(|column| column.value_type.is_name())
        };
        lexicon::is_background(token) && !token.quoted && !candidate.senses.iter().all(names_rows)
    }

    /// Adds to each mention what belongs to it: a level or a number after it, a level before it, the quantity or the
    /// unit that it is measured in, the long form of a short word of its name.
    fn extend_mentions(&mut self) {
        for number in 0..self.found.mentions.len() {
            let Some(mut mention) = self.found.mentions.get(number).cloned() else {
                continue;
            };
            self.add_level_after(&mut mention);
            self.add_level_before(&mut mention);
            for _ in 0..2 {
                if let Some(next) = self
                    .next_content(mention.end - 1)
                    .filter(|next| self.belongs(*next, &mention))
                {
                    mention.end = next + 1;
                    self.name(next..next + 1);
                }
                if let Some(before) = self
                    .previous_content(mention.start)
                    .filter(|at| self.belongs(*at, &mention))
                {
                    self.name(before..before + 1);
                    if mention.start - before == 1 {
                        mention.start = before;
                    }
                }
            }
            if let Some(known) = self.found.mentions.get_mut(number) {
                *known = mention;
            }
        }
    }

    fn add_level_after(&mut self, mention: &mut Mention) {
        if !mention.levels.is_empty() || mention.number.is_some() {
            return;
        }
        let link = |token: &Token| {
            token.is_mark('=')
                || matches!(
                    token.lower.as_str(),
                    "is" | "of" | "equals" | "level" | "type" | "group"
                )
        };
        let mut place = mention.end;
        if self.token(place).is_some_and(link) {
            place += 1;
        }
        let Some(token) = self.token(place).filter(|_| !self.is_named(place)) else {
            return;
        };
        if let Some(level) = self.find_level(token, mention.column()) {
            mention.levels.push(level);
        } else if place == mention.end && token.number().is_some() {
            mention.number = token.number();
        } else {
            return;
        }
        mention.end = place + 1;
        self.name(place..place + 1);
    }

    fn add_level_before(&mut self, mention: &mut Mention) {
        let before = mention.start.checked_sub(1).filter(|before| !self.is_named(*before));
        let Some((before, token)) = before.and_then(|before| Some((before, self.token(before)?))) else {
            return;
        };
        if !mention.levels.is_empty() || lexicon::compares(token) || token.number().is_some() {
            return;
        }
        if let Some(level) = self.find_level(token, mention.column()) {
            mention.levels.push(level);
            mention.negated = false;
            mention.start = before;
            self.name(before..before + 1);
        }
    }

    /// Gives the level that a word is next to the name of its column.
    fn find_level(&self, token: &Token, column: usize) -> Option<usize> {
        let levels = &self.columns.get(column)?.levels;
        let one_letter = token.text.chars().count() == 1 && token.number().is_none();
        let fits = |text: &str| {
            if one_letter {
                text == token.text
            } else {
                let number = token.number().filter(|value| text.parse::<f64>() == Ok(*value));
                number.is_some() || text.to_lowercase() == token.lower
            }
        };
        levels
            .iter()
            .position(|level| fits(&level.code) || level.label.as_deref().is_some_and(fits))
    }

    /// Returns true for a free word next to a mention that says no more than it does.
    fn belongs(&self, place: usize, mention: &Mention) -> bool {
        let Some(token) = self.token(place).filter(|_| !self.is_named(place)) else {
            return false;
        };
        let Some(entry) = self.index.entries.get(mention.column()) else {
            return false;
        };
        let unit = entry.unit.as_deref().unwrap_or_default();
        let long_form = || {
            let short = |form: &String| {
                (form.len() >= 3 && token.lower.len() > form.len() && token.lower.starts_with(form.as_str()))
                    || (token.lower.len() >= 3 && form.len() > token.lower.len() && form.starts_with(&token.lower))
            };
            mention.by != NamedBy::Level
                && entry.forms.len() > 1
                && !lexicon::is_filler(token)
                && !lexicon::is_background(token)
                && cues::find_cue(&[token]).is_none()
                && entry.forms.iter().any(short)
        };
        token.number().is_none()
            && (lexicon::measures(unit, &token.stem) || lexicon::is_word_of_unit(unit, token) || long_form())
    }

    /// Sets aside `body` of `body measurements`: such words say which columns are meant, but not by name.
    fn set_loose_words_aside(&mut self) {
        for place in 0..self.tokens.len() {
            if self.is_named(place) || !self.token(place).is_some_and(lexicon::stands_for_any_column) {
                continue;
            }
            let mut here = place;
            loop {
                if let Some(loose) = self.found.loose.get_mut(here) {
                    *loose = true;
                }
                let before = here
                    .checked_sub(1)
                    .filter(|before| self.is_content(*before) && !self.is_named(*before));
                match before {
                    Some(before) => here = before,
                    None => break,
                }
            }
        }
    }

    /// Returns true for a word that may name a column by a part of its name.
    fn may_be_part(&self, place: usize) -> bool {
        let loose = self.found.loose.get(place).copied().unwrap_or(true);
        let free = !self.is_named(place) && !loose && self.is_content(place);
        free && self.token(place).is_some_and(|token| {
            !lexicon::is_statistic(token) && !lexicon::compares(token) && cues::find_cue(&[token]).is_none()
        })
    }

    /// Matches names whose words stand apart: `bill and flipper length`.
    fn match_scattered_names(&mut self) {
        for place in 0..self.tokens.len() {
            let Some(token) = self.token(place).filter(|_| self.may_be_part(place)) else {
                continue;
            };
            let near = self.near(place);
            let mut best: Vec<(usize, usize, NamedBy)> = Vec::new();
            for (column, sense) in self.index.find_part(token) {
                let Some(entry) = self.index.entries.get(column) else {
                    continue;
                };
                let by = if sense.by == NamedBy::Label {
                    sense.by
                } else {
                    NamedBy::Name
                };
                let words = if by == NamedBy::Label {
                    &entry.label
                } else {
                    &entry.name
                };
                if words.len() < 2 || !words.iter().all(|word| near.contains_key(word.as_str())) {
                    continue;
                }
                match best.first() {
                    Some((_, most, _)) if *most > words.len() => {}
                    Some((_, most, _)) if *most == words.len() => best.push((column, words.len(), by)),
                    _ => best = vec![(column, words.len(), by)],
                }
            }
            if let [(column, _, by)] = best.as_slice() {
                let Some(entry) = self.index.entries.get(*column) else {
                    continue;
                };
                let words = if *by == NamedBy::Label {
                    &entry.label
                } else {
                    &entry.name
                };
                let places: Vec<usize> = words
                    .iter()
                    .filter_map(|word| near.get(word.as_str()).copied())
                    .collect();
                let named = self
                    .found
                    .mentions
                    .iter()
                    .any(|mention| mention.columns.contains(column));
                self.name(places.into_iter());
                if !named {
                    self.push(vec![*column], Vec::new(), place, place + 1, *by);
                }
            }
        }
    }

    /// Gives the roots of the terms around a place, within the sentence, each with the place nearest to it.
    fn near(&self, place: usize) -> BTreeMap<&'a str, usize> {
        let ends = |token: &Token| token.is_mark('?') || token.is_mark('.') || token.is_mark(';');
        let mut found = BTreeMap::new();
        let before = (place.saturating_sub(NEAR)..place).rev();
        let after = place..(place + NEAR + 1).min(self.tokens.len());
        for places in [before.collect::<Vec<_>>(), after.collect()] {
            for here in places {
                let Some(token) = self.token(here).filter(|token| !ends(token)) else {
                    break;
                };
                if token.is_term() {
                    found.entry(token.root.as_str()).or_insert(here);
                }
            }
        }
        found
    }

    /// Matches `sbp` with `systolic blood pressure`, and `BMI` with `body_mass_index`.
    fn match_initials(&mut self) {
        for place in 0..self.tokens.len() {
            let Some(token) = self.token(place).filter(|_| self.may_be_part(place)) else {
                continue;
            };
            if let ([column], 2..=6) = (self.index.find_initials(&token.lower), token.lower.chars().count()) {
                self.name(place..place + 1);
                self.push(vec![*column], Vec::new(), place, place + 1, NamedBy::Part);
                continue;
            }
            let mut initials = String::new();
            let mut here = place;
            for count in 1..=6 {
                let Some(token) = self.token(here).filter(|_| self.may_be_part(here)) else {
                    break;
                };
                initials.extend(token.lower.chars().next());
                if let ([column], true) = (self.index.find_short(&initials), count > 1) {
                    self.name(place..here + 1);
                    self.push(vec![*column], Vec::new(), place, here + 1, NamedBy::Part);
                    break;
                }
                match self.next_content(here) {
                    Some(next) => here = next,
                    None => break,
                }
            }
        }
    }

    /// Matches words that are part of one column's name, label, levels or description alone.
    fn match_parts(&mut self) {
        let mut place = 0;
        while place < self.tokens.len() {
            let start = place;
            place += 1;
            let Some(senses) = self.part_senses(start) else {
                continue;
            };
            let (mut end, mut common) = (start + 1, senses);
            // Words that follow may tell which of several columns it is.
            let mut here = start;
            while let Some(next) = self.next_content(here) {
                let Some(more) = self.part_senses(next) else { break };
                let both: BTreeMap<usize, Sense> = common
                    .iter()
                    .filter(|(column, _)| more.contains_key(column))
                    .map(|(c, s)| (*c, *s))
                    .collect();
                if both.is_empty() {
                    break;
                }
                (common, here, end) = (both, next, next + 1);
            }
            place = end;
            let surest = common.values().map(|sense| sense.rank).min();
            let senses: Vec<Sense> = common
                .into_values()
                .filter(|sense| Some(sense.rank) == surest)
                .collect();
            self.name(start..end);
            if let ([sense], Some(token)) = (senses.as_slice(), self.token(start)) {
                let levels = match sense.level {
                    Some(_) => self.index.levels_with_part(token, sense.column),
                    None => Vec::new(),
                };
                self.push(vec![sense.column], levels, start, end, NamedBy::Part);
            } else {
                self.pending.push((start, end, senses));
            }
        }
    }

    fn part_senses(&self, place: usize) -> Option<BTreeMap<usize, Sense>> {
        let token = self.token(place).filter(|_| self.may_be_part(place))?;
        let mut senses = self.index.find_part(token);
        if lexicon::is_background(token) || lexicon::is_filler(token) {
            // A noun for rows names the column that names the rows; a word for time the column that has no other.
            senses.retain(|column, sense| {
                self.columns
                    .get(*column)
                    .is_some_and(|column| column.value_type.is_name())
                    || (sense.rank == 0 && lexicon::is_filler(token))
            });
            if senses.len() > 1 {
                return None;
            }
        }
        Some(senses).filter(|senses| !senses.is_empty())
    }

    fn match_abbreviations(&mut self) {
        for place in 0..self.tokens.len() {
            let Some(token) = self.token(place).filter(|_| self.may_be_part(place)) else {
                continue;
            };
            let found = if lexicon::is_unit_word(token) {
                self.index.find_skeleton(&token.stem)
            } else if lexicon::is_filler(token) {
                continue;
            } else {
                let found = self.index.find_abbreviation(&token.lower);
                if found.is_empty() {
                    self.index.find_abbreviation(&token.stem)
                } else {
                    found
                }
            };
            let found: Vec<usize> = found.into_iter().collect();
            if let [column] = found.as_slice() {
                self.name(place..place + 1);
                self.push(vec![*column], Vec::new(), place, place + 1, NamedBy::Part);
            }
        }
    }

    /// Settles the words that several columns have: those that are named elsewhere are meant; exclusive columns of one
    /// factor are meant together; else it is said that the word is ambiguous.
    fn settle_pending(&mut self) {
        let certain: BTreeSet<usize> = self
            .found
            .mentions
            .iter()
            .flat_map(|m| m.columns.iter().copied())
            .collect();
        for (start, end, senses) in std::mem::take(&mut self.pending) {
            let columns: BTreeSet<usize> = senses.iter().map(|sense| sense.column).collect();
            let named: Vec<usize> = columns.intersection(&certain).copied().collect();
            let by = senses.iter().map(|sense| sense.by).max().unwrap_or(NamedBy::Part);
            if let [column] = named.as_slice() {
                let levels: BTreeSet<usize> = senses
                    .iter()
                    .filter(|sense| sense.column == *column)
                    .filter_map(|sense| sense.level)
                    .collect();
                self.push(vec![*column], levels.into_iter().collect(), start, end, by);
            } else if !named.is_empty() {
                // Their words stand for what they have in common.
            } else if self.counts_them(start, columns.len()) {
                for column in columns {
                    self.push(vec![column], Vec::new(), start, end, by);
                }
            } else if self.is_one_factor(start, &columns) {
                self.push(columns.into_iter().collect(), Vec::new(), start, end, by);
            } else {
                for place in start..end {
                    if let Some(named) = self.found.named.get_mut(place) {
                        *named = false;
                    }
                }
                let words: Vec<&str> = self
                    .tokens
                    .iter()
                    .take(end)
                    .skip(start)
                    .map(|token| token.text.as_str())
                    .collect();
                let words = words.join(" ");
                if !self.found.ambiguous.iter().any(|known| known.words == words) {
                    let columns = columns.into_iter().collect();
                    self.found.ambiguous.push(Ambiguity { words, columns });
                }
            }
        }
    }

    /// Returns true for `both scores` and `the two scores`, where there are two.
    fn counts_them(&self, start: usize, number: usize) -> bool {
        let before = start.checked_sub(1).and_then(|before| self.token(before));
        let counted = before.map_or(0, |token| match token.lower.as_str() {
            "two" | "both" => 2,
            "three" => 3,
            _ => 0,
        });
        counted == number
    }

    /// Returns true for columns of two levels each whose names begin with the same word, which is the one asked for.
    fn is_one_factor(&self, start: usize, columns: &BTreeSet<usize>) -> bool {
        let Some(token) = self.token(start) else { return false };
        columns.len() > 1
            && columns.iter().all(|column| {
                let binary = self
                    .columns
                    .get(*column)
                    .is_some_and(|column| column.value_type == crate::study::ValueType::Binary);
                let first = self.index.entries.get(*column).and_then(|entry| entry.name.first());
                binary && first == Some(&token.root)
            })
    }

    /// Makes one of mentions of one column that stand next to each other.
    fn join_neighbours(&mut self) {
        let mut joined: Vec<Mention> = Vec::new();
        for mention in std::mem::take(&mut self.found.mentions) {
            let near = |last: &Mention| {
                let between = (last.end..mention.start).all(|place| {
                    self.token(place)
                        .is_some_and(|token| matches!(token.lower.as_str(), "is" | "of" | "=" | "the" | "group" | "-"))
                });
                last.columns == mention.columns
                    && between
                    && (last.levels.is_empty() || mention.levels.is_empty() || last.levels == mention.levels)
            };
            match joined.last_mut().filter(|last| near(last)) {
                Some(last) => {
                    last.end = mention.end;
                    last.by = last.by.min(mention.by);
                    last.negated |= mention.negated;
                    last.number = last.number.or(mention.number);
                    if last.levels.is_empty() {
                        last.levels = mention.levels;
                    }
                }
                None => joined.push(mention),
            }
        }
        self.found.mentions = joined;
    }
}

/// Returns true for what stands between the words of a name: `hours of study`, `well-being`.
fn joins(token: &Token) -> bool {
    token.is_mark('-')
        || matches!(
            token.lower.as_str(),
            "of" | "the"
                | "a"
                | "an"
                | "per"
                | "from"
                | "to"
                | "at"
                | "on"
                | "with"
                | "in"
                | "by"
                | "for"
                | "their"
                | "its"
        )
}
