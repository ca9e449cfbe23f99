//! The names, labels and levels of a table's columns, by the words that a question may have of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    lexicon,
    words::{Token, root, terms},
};
use crate::study::{ColumnMeaning, ValueType};

/// Bounds on what is read of a table, so that a hostile one costs no more than a large one.
const MOST_COLUMNS: usize = 20_000;
const MOST_LEVELS: usize = 200;
const MOST_LEVELS_OF_ALL: usize = 100_000;
const MOST_NAME_WORDS: usize = 16;
const MOST_LABEL_WORDS: usize = 40;
const MOST_DESCRIPTION_WORDS: usize = 80;

/// The longest phrase that is looked up.
pub(super) const MOST_PHRASE: usize = 10;

/// Columns that one word may stand for before it is no use.
const MOST_SENSES: usize = 64;

/// Letters of the shortest and of the longest beginning that abbreviates a word.
const ABBREVIATION: std::ops::RangeInclusive<usize> = 3..=8;

/// How a question names a column, from the surest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NamedBy {
    /// By its name.
    Name,
    /// By its label.
    Label,
    /// By one of its levels.
    Level,
    /// By a part of these that no other column has, an abbreviation or what it measures.
    Part,
}

/// The things that a phrase may stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sense {
    pub column: usize,
    pub level: Option<usize>,
    pub by: NamedBy,
    /// Lower is surer.
    pub rank: u8,
}

/// A column as its words tell of it.
#[derive(Debug, Default)]
pub(super) struct Entry {
    /// Roots of the name's words without its unit.
    pub name: Vec<String>,
    /// The same words in small letters.
    pub forms: Vec<String>,
    /// Roots of the label's words.
    pub label: Vec<String>,
    /// The unit, given or at the end of the name.
    pub unit: Option<String>,
    /// The values are points in time, by their type or the name.
    pub is_time: bool,
    /// The values can be compared as more and less.
    pub is_graded: bool,
}

/// The words of all columns.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub entries: Vec<Entry>,
    /// The one column of points in time.
    pub time: Option<usize>,
    /// By sorted stems.
    phrases: HashMap<String, Vec<Sense>>,
    /// By sorted roots.
    roots: HashMap<String, Vec<Sense>>,
    /// Levels that are function words, as they stand.
    exact: HashMap<String, Vec<Sense>>,
    /// By one stem or root of several.
    parts: HashMap<String, Vec<Sense>>,
    /// By a whole word of one-word names.
    short: HashMap<String, Vec<usize>>,
    /// By the beginnings of one-word names.
    beginnings: HashMap<String, Vec<usize>>,
    /// Short one-word names without vowels, by their first and last letters.
    skeletons: HashMap<(char, char), Vec<(String, usize)>>,
    /// By the initials of names and labels.
    initials: HashMap<String, Vec<usize>>,
}

/// Gives the key of a set of words.
pub(super) fn key<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: BTreeSet<&str> = words.collect();
    words.into_iter().collect::<Vec<_>>().join(" ")
}

fn add<T: PartialEq>(list: &mut Vec<T>, value: T) {
    if list.len() < MOST_SENSES && !list.contains(&value) {
        list.push(value);
    }
}

impl Index {
    pub(super) fn of(columns: &[ColumnMeaning]) -> Self {
        let mut index = Self::default();
        let mut levels_left = MOST_LEVELS_OF_ALL;
        for (place, column) in columns.iter().take(MOST_COLUMNS).enumerate() {
            let entry = index.read_name(place, column);
            index.entries.push(entry);
            if let Some(label) = &column.label {
                index.read_label(place, label);
            }
            let most = MOST_LEVELS.min(levels_left);
            levels_left -= column.levels.len().min(most);
            index.read_levels(place, column, most);
            for token in terms(
                column.description.as_deref().unwrap_or_default(),
                MOST_DESCRIPTION_WORDS,
            ) {
                if token.lower.chars().count() > 3 && !is_weak(&token) && !lexicon::is_background(&token) {
                    let by = NamedBy::Part;
                    index.add_part(
                        &token,
                        Sense {
                            column: place,
                            level: None,
                            by,
                            rank: 8,
                        },
                    );
                }
            }
        }
        index.time = index.find_time_column(columns);
        index
    }

    /// Gives what a phrase stands for by stems, else by roots.
    pub(super) fn find_phrase(&self, tokens: &[&Token]) -> Option<&[Sense]> {
        let stems = key(tokens.iter().map(|token| token.stem.as_str()));
        if let Some(found) = self.phrases.get(&stems) {
            return Some(found);
        }
        let roots = key(tokens.iter().map(|token| token.root.as_str()));
        self.roots.get(&roots).map(Vec::as_slice)
    }

    /// Gives what a function word stands for where it is written like a level.
    pub(super) fn find_exact(&self, text: &str) -> Option<&[Sense]> {
        self.exact.get(text).map(Vec::as_slice)
    }

    /// Gives the columns that have the word among others, each with its surest sense.
    pub(super) fn find_part(&self, token: &Token) -> BTreeMap<usize, Sense> {
        let mut found: BTreeMap<usize, Sense> = BTreeMap::new();
        let by_stem = self.parts.get(&token.stem).into_iter().flatten().copied();
        let by_root = self.parts.get(&format!("~{}", token.root)).into_iter().flatten();
        let by_root = by_root.map(|sense| Sense {
            rank: sense.rank + 3,
            ..*sense
        });
        for sense in by_stem.chain(by_root) {
            let known = found.entry(sense.column).or_insert(sense);
            if sense.rank < known.rank {
                *known = sense;
            }
        }
        found
    }

    /// Gives the levels of the column that have the word.
    pub(super) fn levels_with_part(&self, token: &Token, column: usize) -> Vec<usize> {
        let senses = self.parts.get(&token.stem).into_iter().flatten();
        senses
            .filter(|sense| sense.column == column)
            .filter_map(|sense| sense.level)
            .collect()
    }

    /// Gives the columns whose name or label has these initials.
    pub(super) fn find_initials(&self, initials: &str) -> &[usize] {
        self.initials.get(initials).map_or(&[], Vec::as_slice)
    }

    /// Gives the columns whose name is exactly this word.
    pub(super) fn find_short(&self, word: &str) -> &[usize] {
        self.short.get(word).map_or(&[], Vec::as_slice)
    }

    /// Gives the columns of which the word is a short or a long form.
    pub(super) fn find_abbreviation(&self, word: &str) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let letters: Vec<char> = word.chars().collect();
        if letters.len() < 3 {
            return found;
        }
        for length in ABBREVIATION.filter(|length| length + 2 < letters.len()) {
            let beginning: String = letters.iter().take(length).collect();
            if length == 3 && lexicon::is_no_abbreviation(&beginning) {
                continue;
            }
            found.extend(self.find_short(&beginning));
        }
        if !lexicon::is_no_abbreviation(word) {
            found.extend(self.beginnings.get(word).into_iter().flatten());
        }
        found.extend(self.find_skeleton(word));
        found
    }

    /// Gives the columns whose short names without vowels stand for the word: `wt` for `weight`.
    pub(super) fn find_skeleton(&self, word: &str) -> BTreeSet<usize> {
        let letters: Vec<char> = word.chars().collect();
        let mut found = BTreeSet::new();
        if let (Some(first), Some(last)) = (letters.first(), letters.last()) {
            for (short, column) in self.skeletons.get(&(*first, *last)).into_iter().flatten() {
                if is_subsequence(short, &letters) {
                    found.insert(*column);
                }
            }
        }
        found
    }

    fn read_name(&mut self, place: usize, column: &ColumnMeaning) -> Entry {
        let words = terms(&column.name, MOST_NAME_WORDS);
        let telling = without_unit(&words);
        let unit = column.unit.clone().or_else(|| {
            let tail = words.get(telling.len()..).and_then(<[Token]>::first);
            tail.map(|token| token.lower.clone()).or_else(|| {
                let alone = words.first().filter(|_| words.len() == 1)?;
                lexicon::is_unit_sign(&alone.lower).then(|| alone.lower.clone())
            })
        });
        let by = NamedBy::Name;
        self.add_phrase(
            &words,
            Sense {
                column: place,
                level: None,
                by,
                rank: 0,
            },
        );
        // `customers` are the rows that `customer_id` names.
        let shortened = match column.value_type.is_name() && telling.len() < words.len() {
            true => NamedBy::Part,
            false => by,
        };
        self.add_phrase(
            telling,
            Sense {
                column: place,
                level: None,
                by: shortened,
                rank: 1,
            },
        );
        let joined: String = words.iter().map(|token| token.lower.as_str()).collect();
        self.add_phrase(
            &terms(&joined, 1),
            Sense {
                column: place,
                level: None,
                by,
                rank: 1,
            },
        );
        if let [only] = telling {
            self.add_short(only, place);
        }
        self.add_initials(telling, place);
        for token in telling.iter().filter(|token| !is_weak(token)) {
            self.add_part(
                token,
                Sense {
                    column: place,
                    level: None,
                    by,
                    rank: 0,
                },
            );
        }
        Entry {
            name: telling.iter().map(|token| token.root.clone()).collect(),
            forms: telling.iter().map(|token| token.lower.clone()).collect(),
            label: content(&terms(column.label.as_deref().unwrap_or_default(), MOST_LABEL_WORDS))
                .iter()
                .map(|token| token.root.clone())
                .collect(),
            is_time: column.value_type.is_time() || names_time(column, &words),
            is_graded: !column.value_type.is_name() && column.value_type != ValueType::Category,
            unit,
        }
    }

    /// Gives the one column that has one of the words in its name or label, or measures it.
    pub(super) fn find_quantity(&self, quantities: impl Iterator<Item = &'static str>) -> Option<usize> {
        let quantities: Vec<(&str, String)> = quantities.map(|word| (word, root(word))).collect();
        let fits = |entry: &Entry| {
            let unit = entry.unit.as_deref();
            entry.is_graded
                && quantities.iter().any(|(word, root)| {
                    entry.name.contains(root)
                        || entry.label.contains(root)
                        || unit.is_some_and(|unit| lexicon::measures(unit, word))
                })
        };
        only(
            (0..)
                .zip(&self.entries)
                .filter(|(_, entry)| fits(entry))
                .map(|(place, _)| place),
        )
    }

    fn find_time_column(&self, columns: &[ColumnMeaning]) -> Option<usize> {
        let by_type = columns
            .iter()
            .take(MOST_COLUMNS)
            .enumerate()
            .filter(|(_, column)| column.value_type.is_time());
        only(by_type.map(|(place, _)| place)).or_else(|| {
            only(
                (0..)
                    .zip(&self.entries)
                    .filter(|(_, entry)| entry.is_time)
                    .map(|(place, _)| place),
            )
        })
    }

    fn read_label(&mut self, place: usize, label: &str) {
        let words = content(&terms(label, MOST_LABEL_WORDS));
        let sense = Sense {
            column: place,
            level: None,
            by: NamedBy::Label,
            rank: 2,
        };
        self.add_phrase(&words, sense);
        let telling = without_unit(&words);
        if telling.len() < words.len() {
            self.add_phrase(telling, sense);
        }
        self.add_initials(&words, place);
        for token in words
            .iter()
            .filter(|token| !is_weak(token) && !lexicon::is_background(token))
        {
            self.add_part(
                token,
                Sense {
                    column: place,
                    level: None,
                    by: NamedBy::Label,
                    rank: 1,
                },
            );
        }
    }

    fn read_levels(&mut self, place: usize, column: &ColumnMeaning, most: usize) {
        let of_sex = column.levels.len() <= 6
            && lexicon::SEXES.iter().all(|(levels, _)| {
                column.levels.iter().any(|level| {
                    let texts = [Some(&level.code), level.label.as_ref()];
                    texts
                        .into_iter()
                        .flatten()
                        .any(|text| levels.split(' ').any(|known| known == text.to_lowercase()))
                })
            });
        for (number, level) in column.levels.iter().take(most).enumerate() {
            let sense = |rank| Sense {
                column: place,
                level: Some(number),
                by: NamedBy::Level,
                rank,
            };
            for text in [Some(&level.code), level.label.as_ref()].into_iter().flatten() {
                let words = content(&terms(text, MOST_NAME_WORDS));
                let telling = words.iter().any(|token| {
                    token.number().is_none()
                        && token.lower.chars().count() > 1
                        && !lexicon::is_generic_level(&token.lower)
                });
                let unspaced = words.iter().any(|token| token.glued);
                if telling || unspaced {
                    self.add_phrase(&words, sense(3));
                    if words.len() > 1 {
                        for token in words.iter().filter(|token| !is_weak(token)) {
                            self.add_part(token, sense(2));
                        }
                    }
                } else if words.is_empty() && text.chars().count() > 1 && text.chars().any(char::is_uppercase) {
                    add(self.exact.entry(text.clone()).or_default(), sense(3));
                }
                if of_sex {
                    for word in lexicon::words_of_sex(&text.to_lowercase()).into_iter().flatten() {
                        self.add_phrase(&terms(word, 1), sense(4));
                    }
                }
            }
        }
    }

    fn add_phrase(&mut self, words: &[Token], sense: Sense) {
        // `method_a` is not `method`.
        let keeps = |token: &&Token| !lexicon::is_stop(token) || (words.len() > 1 && token.lower.chars().count() == 1);
        let telling: Vec<&Token> = words.iter().filter(keeps).collect();
        if telling.is_empty() || telling.len() > MOST_PHRASE {
            return;
        }
        let stems = key(telling.iter().map(|token| token.stem.as_str()));
        add(self.phrases.entry(stems).or_default(), sense);
        let roots = key(telling.iter().map(|token| token.root.as_str()));
        let rank = sense.rank + 10;
        add(self.roots.entry(roots).or_default(), Sense { rank, ..sense });
    }

    fn add_part(&mut self, token: &Token, sense: Sense) {
        add(self.parts.entry(token.stem.clone()).or_default(), sense);
        add(self.parts.entry(format!("~{}", token.root)).or_default(), sense);
    }

    fn add_short(&mut self, token: &Token, column: usize) {
        let word = &token.lower;
        let letters: Vec<char> = word.chars().collect();
        add(self.short.entry(word.clone()).or_default(), column);
        for length in ABBREVIATION.filter(|length| length + 2 < letters.len()) {
            let beginning: String = letters.iter().take(length).collect();
            add(self.beginnings.entry(beginning).or_default(), column);
        }
        let bare = word.is_ascii() && !word.contains(['a', 'e', 'i', 'o', 'u']);
        if let (2..=5, true, Some(first), Some(last)) = (letters.len(), bare, letters.first(), letters.last()) {
            add(
                self.skeletons.entry((*first, *last)).or_default(),
                (word.clone(), column),
            );
        }
    }

    fn add_initials(&mut self, words: &[Token], column: usize) {
        if (2..=6).contains(&words.len()) {
            let initials: String = words.iter().filter_map(|token| token.lower.chars().next()).collect();
            add(self.initials.entry(initials).or_default(), column);
        }
    }
}

/// Returns true for a column of numbers that counts years, weeks or the like.
fn names_time(column: &ColumnMeaning, words: &[Token]) -> bool {
    let kind = matches!(
        column.value_type,
        ValueType::Number | ValueType::Count | ValueType::Ordered
    );
    let times = [
        "year", "yr", "date", "month", "week", "day", "time", "quarter", "wave", "season",
    ];
    kind && column.unit.is_none() && words.iter().any(|token| times.contains(&token.lower.as_str()))
}

fn only(mut places: impl Iterator<Item = usize>) -> Option<usize> {
    let first = places.next()?;
    places.next().is_none().then_some(first)
}

/// Gives the words that say something.
fn content(words: &[Token]) -> Vec<Token> {
    words.iter().filter(|token| !lexicon::is_stop(token)).cloned().collect()
}

/// Returns true for a word that is in many names and tells none.
fn is_weak(token: &Token) -> bool {
    lexicon::is_stop(token) || lexicon::is_statistic(token) || token.lower.chars().count() < 2
}

/// Cuts the unit at the end of a name.
fn without_unit(words: &[Token]) -> &[Token] {
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() && lexicon::is_unit_sign(&last.lower) => rest,
        _ => words,
    }
}

/// Returns true if the letters of the short word stand in the long one in their order.
fn is_subsequence(short: &str, long: &[char]) -> bool {
    let mut rest = long.iter();
    short.chars().count() < long.len() && short.chars().all(|letter| rest.any(|other| *other == letter))
}
