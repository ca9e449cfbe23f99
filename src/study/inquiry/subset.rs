//! The rows that are meant, and the columns that are held fixed.

use super::{
    NamedLevels,
    bounds::{self, Bound},
    cues, lexicon,
    sentence::{Outline, Piece},
    words::Token,
};
use crate::study::{ColumnMeaning, ValueType};

/// Pieces around a phrase in which the rest of it is looked for.
const NEAR: usize = 40;

/// Numbers of a clause that are compared with the columns.
const MOST_BOUNDS: usize = 32;

/// What a row must have.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    /// One of these levels.
    Levels(Vec<usize>),
    /// A number on one side of this one.
    Bounded(Bound, f64),
    /// A number between these two, both included.
    Between(f64, f64),
}

/// A column and what its value must be.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Condition {
    pub column: usize,
    pub test: Test,
    /// The piece of the clause that says so.
    pub at: usize,
}

/// Gives the one column whose levels say which rows are meant; none where more, or a bound, says so.
pub(super) fn levels_of_rows(conditions: &[Condition], columns: &[ColumnMeaning]) -> Option<NamedLevels> {
    let [condition] = conditions else { return None };
    let column = columns.get(condition.column)?;
    let Test::Levels(levels) = &condition.test else {
        return None;
    };
    let levels = levels.iter().filter_map(|level| column.levels.get(*level));
    Some(NamedLevels {
        column: column.name.clone(),
        levels: levels.map(|level| level.code.clone()).collect(),
    })
}

/// Writes the conditions as one SQL expression.
pub(super) fn to_sql(conditions: &[Condition], columns: &[ColumnMeaning]) -> Option<String> {
    let parts: Vec<String> = conditions
        .iter()
        .filter_map(|condition| Some((condition, columns.get(condition.column)?)))
        .map(|(condition, column)| {
            let name = quote_name(column);
            let value = if column.value_type.is_time() {
                format!("year({name})")
            } else {
                name.clone()
            };
            match &condition.test {
                Test::Levels(levels) => {
                    let codes: Vec<String> = levels
                        .iter()
                        .filter_map(|level| column.levels.get(*level))
                        .map(|level| quote_code(&level.code))
                        .collect();
                    match codes.as_slice() {
                        [one] => format!("{name} = {one}"),
                        several => format!("{name} IN ({})", several.join(", ")),
                    }
                }
                Test::Bounded(bound, number) => {
                    let sign = match bound {
                        Bound::Above => ">",
                        Bound::AtLeast => ">=",
                        Bound::Below => "<",
                        Bound::AtMost => "<=",
                        Bound::Equal => "=",
                    };
                    format!("{value} {sign} {number}")
                }
                Test::Between(least, most) => format!("{value} BETWEEN {least} AND {most}"),
            }
        })
        .collect();
    (!parts.is_empty()).then(|| parts.join(" AND "))
}

fn quote_name(column: &ColumnMeaning) -> String {
    format!("\"{}\"", column.name.replace('"', "\"\""))
}

/// Writes a code as a number where it is one, else as a text.
fn quote_code(code: &str) -> String {
    let plain = code.parse::<f64>().is_ok_and(f64::is_finite)
        && code
            .chars()
            .all(|letter| letter.is_ascii_digit() || letter == '.' || letter == '-')
        && !(code.len() > 1 && code.starts_with('0') && !code.starts_with("0."));
    if plain {
        code.to_owned()
    } else {
        format!("'{}'", code.replace('\'', "''"))
    }
}

/// Gives the level for which a column of two levels is named: `smokers` of a column `smoke`.
pub(super) fn state_level(column: &ColumnMeaning, negated: bool, by_participle: bool) -> Option<usize> {
    let [first, second] = column.levels.as_slice() else {
        return None;
    };
    let texts = |level: &crate::study::LevelMeaning| {
        [Some(level.code.clone()), level.label.clone()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
    };
    let yes = |level: &crate::study::LevelMeaning| texts(level).iter().any(|text| lexicon::is_yes(text));
    let no = |level: &crate::study::LevelMeaning| texts(level).iter().any(|text| lexicon::is_no(text));
    let happened = match (yes(first), yes(second), no(first), no(second)) {
        (true, false, _, _) => 0,
        (false, true, _, _) => 1,
        (false, false, true, false) if by_participle => 1,
        (false, false, false, true) if by_participle => 0,
        _ => return None,
    };
    Some(if negated { 1 - happened } else { happened })
}

/// A clause with marks on the pieces that have had their say.
pub(super) struct Subset<'o, 'a> {
    pub outline: &'o Outline<'a>,
    pub pieces: &'o [Piece],
    /// Per piece: it has had its say.
    pub used: Vec<bool>,
    pub given: Vec<usize>,
    pub conditions: Vec<Condition>,
}

impl<'o, 'a> Subset<'o, 'a> {
    pub(super) fn of(outline: &'o Outline<'a>, pieces: &'o [Piece]) -> Self {
        let mut subset = Self {
            outline,
            pieces,
            used: vec![false; pieces.len()],
            given: Vec::new(),
            conditions: Vec::new(),
        };
        subset.find_given();
        subset.find_bounds();
        subset
    }

    pub(super) fn is_used(&self, at: usize) -> bool {
        self.used.get(at).copied().unwrap_or(true)
    }

    pub(super) fn mark_used(&mut self, range: std::ops::Range<usize>) {
        for at in range {
            if let Some(used) = self.used.get_mut(at) {
                *used = true;
            }
        }
    }

    /// Gives the token of a piece that is none of a mention.
    pub(super) fn token(&self, at: usize) -> Option<&'a Token> {
        match self.pieces.get(at)? {
            Piece::Token(place) => self.outline.tokens.get(*place),
            Piece::Mention(_) => None,
        }
    }

    pub(super) fn mention(&self, at: usize) -> Option<usize> {
        match self.pieces.get(at)? {
            Piece::Mention(number) => Some(*number),
            Piece::Token(_) => None,
        }
    }

    /// Gives the tokens from a piece on, up to the next mention.
    pub(super) fn tokens_from(&self, at: usize) -> Vec<&'a Token> {
        (at..at + 6).map_while(|here| self.token(here)).collect()
    }

    fn is_word(&self, at: usize, words: &[&str]) -> bool {
        self.token(at)
            .is_some_and(|token| words.contains(&token.lower.as_str()))
    }

    fn find_given(&mut self) {
        let mut at = 0;
        while at < self.pieces.len() {
            let tokens = self.tokens_from(at);
            let before = cues::fixes_after(&tokens);
            let after = cues::fixes_before(&tokens);
            if before > 0 && self.holds_fixed(at, before) {
                at = self.hold_what_follows(at, before);
            } else if after > 0 && !self.is_used(at) {
                self.hold_what_precedes(at);
                self.mark_used(at..at + after);
                at += after;
            } else {
                at += 1;
            }
        }
    }

    /// Returns true unless the phrase is a verb of the question.
    fn holds_fixed(&self, at: usize, length: usize) -> bool {
        if self.is_word(at, &["given"]) {
            let passive = (1..=2).any(|step| {
                at.checked_sub(step)
                    .is_some_and(|before| self.is_word(before, &["is", "are", "was", "were", "be", "been", "being"]))
            });
            let receives = at.checked_sub(1).is_some_and(|before| match self.mention(before) {
                Some(number) => self
                    .outline
                    .column(number)
                    .is_some_and(|column| column.value_type.is_name()),
                None => self
                    .token(before)
                    .is_some_and(|token| token.is_term() && !lexicon::is_stop(token)),
            });
            return !passive && !receives && !self.is_word(at + 1, &["to", "by"]);
        }
        if self.is_word(at, &["independent"]) {
            // `Is A independent of B?` asks for a relation.
            let copula = self.is_word(0, &["is", "are", "was", "were"]);
            let other_verb = (at.saturating_sub(NEAR).max(1)..at).any(|here| {
                let tokens = self.tokens_from(here);
                !tokens.is_empty() && cues::find_cue(&tokens).is_some()
            });
            return other_verb || !copula;
        }
        (at + length..at + length + 4).any(|here| self.mention(here).is_some())
    }

    /// Takes the mentions after a phrase, up to another part of the clause; gives the piece after them.
    fn hold_what_follows(&mut self, at: usize, length: usize) -> usize {
        let opening = at < NEAR && (0..at).all(|here| self.mention(here).is_none());
        let mut here = at + length;
        // At the beginning, the list ends where the question proper begins.
        let near = self.pieces.len().min(here + NEAR);
        let comma_before_opener = (here..near).find(|place| {
            self.token(*place).is_some_and(|token| token.is_mark(','))
                && self.token(*place + 1).is_some_and(lexicon::opens)
        });
        let first_cue = (here..near).find(|place| {
            let tokens = self.tokens_from(*place);
            !tokens.is_empty() && cues::find_cue(&tokens).is_some()
        });
        let last_comma = first_cue.and_then(|cue| {
            (here..cue)
                .rev()
                .find(|place| self.token(*place).is_some_and(|token| token.is_mark(',')))
        });
        let limit = match (opening, comma_before_opener, last_comma) {
            (true, Some(comma), _) | (true, None, Some(comma)) => comma,
            _ => self.pieces.len(),
        };
        while here < limit {
            if let Some(number) = self.mention(here) {
                self.hold(number);
            } else if let Some(token) = self.token(here) {
                let ends = lexicon::opens(token)
                    || matches!(token.lower.as_str(), "among" | "amongst" | "in")
                    || cues::find_cue(&[token]).is_some()
                    || cues::fixes_after(&self.tokens_from(here)) > 0;
                if ends {
                    break;
                }
            }
            here += 1;
        }
        self.mark_used(at..here);
        here
    }

    fn hold_what_precedes(&mut self, at: usize) {
        let mut here = at;
        while let Some(before) = here.checked_sub(1) {
            if let Some(number) = self.mention(before) {
                self.hold(number);
            } else if let Some(token) = self.token(before) {
                let list = matches!(
                    token.lower.as_str(),
                    "and" | "is" | "are" | "the" | "both" | "," | "with" | "when" | "if"
                );
                let comma_ends = token.is_mark(',') && self.mention(here).is_some() && self.given.len() > 1;
                if !list || comma_ends || token.is_mark(',') && !self.is_list_before(before) {
                    break;
                }
            }
            self.mark_used(before..here);
            here = before;
        }
    }

    /// Returns true if the comma stands in a list: `age, sex and income held fixed`.
    fn is_list_before(&self, comma: usize) -> bool {
        (comma + 1..comma + 4).any(|place| self.is_word(place, &["and"]))
            && comma
                .checked_sub(1)
                .is_some_and(|before| self.mention(before).is_some())
            && comma
                .checked_sub(2)
                .is_some_and(|before| self.token(before).is_some_and(|token| token.is_mark(',')))
    }

    fn hold(&mut self, mention: usize) {
        for column in self
            .outline
            .mention(mention)
            .into_iter()
            .flat_map(|mention| &mention.columns)
        {
            if !self.given.contains(column) {
                self.given.push(*column);
            }
        }
    }

    /// Finds numbers that bound a column: `older than 50`, `after 1980`, `between 20 and 30`.
    fn find_bounds(&mut self) {
        let mut left = MOST_BOUNDS;
        for at in 0..self.pieces.len() {
            if self.is_used(at) {
                continue;
            }
            if let Some(number) = self.token(at).and_then(Token::number) {
                self.read_bound(at, number);
                left = left.saturating_sub(1);
                if left == 0 {
                    break;
                }
            } else if let Some(mention) = self.mention(at).and_then(|number| self.outline.mention(number))
                && let Some(number) = mention.number
                && let Some((length, bound, _)) = self.bound_before(at)
            {
                self.conditions.push(Condition {
                    column: mention.column(),
                    test: Test::Bounded(bound, number),
                    at,
                });
                self.mark_used(at - length..at + 1);
            }
        }
    }

    /// Gives the bound whose phrase ends before the piece.
    fn bound_before(&self, at: usize) -> Option<(usize, Bound, bool)> {
        let mut tokens: Vec<&Token> = Vec::new();
        for step in 1..=4 {
            let Some(token) = at.checked_sub(step).and_then(|before| self.token(before)) else {
                break;
            };
            tokens.insert(0, token);
        }
        bounds::find_bound(&tokens)
    }

    fn read_bound(&mut self, at: usize, number: f64) {
        let step_word = |token: &Token| {
            matches!(
                token.lower.as_str(),
                "additional" | "extra" | "further" | "each" | "every" | "per"
            )
        };
        if at
            .checked_sub(1)
            .and_then(|before| self.token(before))
            .is_some_and(step_word)
        {
            return;
        }
        let second = (self.is_word(at + 1, &["and", "to", "-"]))
            .then(|| self.token(at + 2).and_then(Token::number))
            .flatten();
        let range_word = at
            .checked_sub(1)
            .filter(|before| self.is_word(*before, &["between", "from", "in", "aged", "of", "during"]));
        if let (Some(second), Some(word)) = (second, range_word) {
            if let Some((column, first, last)) = self.find_bounded(word, at + 2, number, true) {
                let test = Test::Between(number.min(second), number.max(second));
                self.conditions.push(Condition { column, test, at });
                self.mark_used(first..last.max(at + 3));
            }
            return;
        }
        let after = self.bound_after(at);
        let found = match (self.bound_before(at), after) {
            (before, Some((bound, length))) => Some((before.map_or(0, |(before, _, _)| before), bound, false, length)),
            (Some((length, bound, time)), None) => Some((length, bound, time, 0)),
            (None, None) => None,
        };
        let Some((before, bound, time, after)) = found else {
            return;
        };
        let equal_year = bound == Bound::Equal && time && !is_year(number);
        if equal_year {
            return;
        }
        if let Some((column, first, last)) = self.find_bounded(at - before, at + after, number, time) {
            let test = Test::Bounded(bound, number);
            self.conditions.push(Condition { column, test, at });
            self.mark_used(first..last);
        }
    }

    /// Reads `or more`, `or older` and the like after a number.
    fn bound_after(&self, at: usize) -> Option<(Bound, usize)> {
        let skip = usize::from(self.token(at + 1).is_some_and(lexicon::is_unit_word));
        let word = self.token(at + 1 + skip)?;
        if word.is_mark('+') {
            return Some((Bound::AtLeast, 1 + skip));
        }
        if !matches!(word.lower.as_str(), "or" | "and") {
            return None;
        }
        match self.token(at + 2 + skip)?.lower.as_str() {
            "more" | "older" | "over" | "above" | "higher" | "later" | "longer" | "greater" => {
                Some((Bound::AtLeast, 2 + skip))
            }
            "less" | "younger" | "under" | "below" | "lower" | "fewer" | "earlier" | "shorter" => {
                Some((Bound::AtMost, 2 + skip))
            }
            _ => None,
        }
    }

    /// Gives the column that a number bounds, with the pieces that say so.
    fn find_bounded(&self, first: usize, last: usize, number: f64, time: bool) -> Option<(usize, usize, usize)> {
        // The column before the phrase: `with a bmi above 30`.
        let mut before = first;
        while before > 0
            && self.is_word(
                before - 1,
                &[
                    "is", "are", "was", "were", "of", "a", "an", "with", "the", "year", "years",
                ],
            )
        {
            before -= 1;
        }
        if let Some(number) = before.checked_sub(1).and_then(|at| self.mention(at))
            && self.has_amounts(number, time)
        {
            return Some((self.outline.mention(number)?.column(), before - 1, last + 1));
        }
        // What is compared: `older than`, `aged`.
        for at in first..=last {
            if let Some(quantities) = self.token(at).and_then(lexicon::compared_quantities)
                && let Some(column) = self.outline.index.find_quantity(quantities)
            {
                return Some((column, first, last + 1));
            }
        }
        // The column after the number: `more than 3 rooms`.
        let mut after = last + 1;
        while self
            .token(after)
            .is_some_and(|token| lexicon::is_unit_word(token) || token.lower == "of")
        {
            after += 1;
        }
        if let Some(number) = self.mention(after)
            && !time
            && self.has_amounts(number, time)
        {
            return Some((self.outline.mention(number)?.column(), first, after + 1));
        }
        if time && is_year(number) {
            return Some((self.outline.index.time?, first, last + 1));
        }
        let of_years = self.is_word(last + 1, &["years", "year"]);
        let of_age =
            (1.0..=120.0).contains(&number) && (first..last).any(|at| self.is_word(at, &["over", "under", "aged"]));
        if !time && (of_years || of_age) {
            return Some((
                self.outline.index.find_quantity(["age"].into_iter())?,
                first,
                after.max(last + 1),
            ));
        }
        None
    }

    fn has_amounts(&self, mention: usize, time: bool) -> bool {
        let level_named = self
            .outline
            .mention(mention)
            .is_none_or(|mention| !mention.levels.is_empty());
        self.outline.column(mention).is_some_and(|column| {
            let kind = column.value_type;
            !level_named && (kind.is_amount() || kind == ValueType::Ordered && !time || kind.is_time())
        })
    }
}

fn is_year(number: f64) -> bool {
    number.fract() == 0.0 && (1000.0..3000.0).contains(&number)
}
