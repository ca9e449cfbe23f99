//! A list of codes: a small table with the columns `column, code, meaning`, which describes another.

use std::collections::BTreeMap;

use super::{CodebookColumn, CodebookLevel};

/// The names that each of the three columns may have, in small letters.
const NAMES: [&[&str]; 3] = [
    &["column", "variable", "field", "var"],
    &["code", "value"],
    &["meaning", "label", "description", "value label", "value_label"],
];

/// Marks that may stand between the cells.
const DELIMITERS: [char; 4] = [',', ';', '\t', '|'];

/// Meanings that say that there is no value, in small letters.
const MISSING: [&str; 10] = [
    "missing",
    "missing value",
    "no answer",
    "no response",
    "not available",
    "not answered",
    "not recorded",
    "refused",
    "n/a",
    "na",
];

/// The most rows of a list of codes.
const MOST_ROWS: usize = 100_000;

/// Returns true if a text begins as a list of codes does.
pub fn begins_code_table(text: &str) -> bool {
    find_header(text).is_some()
}

/// Reads a list of codes: the columns that it describes, each with its first line; none if the text is no such list. A
/// row without a code labels its column.
pub fn read_code_table(text: &str) -> Option<(Vec<CodebookColumn>, Vec<u64>)> {
    let (delimiter, places) = find_header(text)?;
    let rows = split_rows(text.trim_start_matches('\u{feff}'), delimiter);
    let rows = rows.skip_while(|(_, cells)| is_blank(cells)).skip(1);
    let mut columns: Vec<CodebookColumn> = Vec::new();
    let mut lines = Vec::new();
    let mut at: BTreeMap<String, usize> = BTreeMap::new();
    for (line, cells) in rows.take(MOST_ROWS).filter(|(_, cells)| !is_blank(cells)) {
        let [name, code, meaning] = places.map(|place| cells.get(place).map_or("", |cell| cell.trim()).to_owned());
        // As in sheets, where a name stands in the first of its rows alone.
        let place = match (name.is_empty(), columns.len().checked_sub(1)) {
            (true, None) => return None,
            (true, Some(last)) => last,
            (false, _) => *at.entry(name.clone()).or_insert_with(|| {
                columns.push(CodebookColumn {
                    name,
                    ..CodebookColumn::default()
                });
                lines.push(line);
                columns.len() - 1
            }),
        };
        let column = columns.get_mut(place)?;
        if code.is_empty() {
            column.label.get_or_insert(meaning);
        } else if !column.levels.iter().any(|level| level.code == code) {
            let missing = MISSING.contains(&meaning.to_lowercase().as_str());
            column.levels.push(CodebookLevel {
                code,
                label: Some(meaning).filter(|meaning| !meaning.is_empty()),
                missing,
            });
        }
    }
    (!columns.is_empty()).then_some((columns, lines))
}

/// The mark between the cells of a list of codes, and the places of its columns.
fn find_header(text: &str) -> Option<(char, [usize; 3])> {
    let mut lines = text.trim_start_matches('\u{feff}').lines();
    let header = lines.find(|line| !line.trim().is_empty())?;
    DELIMITERS
        .iter()
        .find_map(|mark| Some((*mark, find_places(header, *mark)?)))
}

/// The places of column, code and meaning in a header; none if it has others too, or lacks one.
fn find_places(header: &str, delimiter: char) -> Option<[usize; 3]> {
    let (_, cells) = split_rows(header, delimiter).next()?;
    let cells: Vec<String> = cells.iter().map(|cell| cell.trim().to_lowercase()).collect();
    if cells.len() != NAMES.len() {
        return None;
    }
    let place = |names: &[&str]| cells.iter().position(|cell| names.contains(&cell.as_str()));
    Some([place(NAMES.first()?)?, place(NAMES.get(1)?)?, place(NAMES.get(2)?)?])
}

fn is_blank(cells: &[String]) -> bool {
    cells.iter().all(|cell| cell.trim().is_empty())
}

/// The rows of a text whose cells may stand in quotes, each with its line.
fn split_rows(text: &str, delimiter: char) -> impl Iterator<Item = (u64, Vec<String>)> {
    let mut letters = text.chars().peekable();
    let mut line = 1;
    std::iter::from_fn(move || {
        letters.peek()?;
        let first = line;
        let (mut cells, mut quoted) = (vec![String::new()], false);
        while let Some(letter) = letters.next() {
            let cell = cells.last_mut()?;
            match letter {
                '"' if quoted && letters.peek() == Some(&'"') => {
                    letters.next();
                    cell.push('"');
                }
                '"' if quoted || cell.trim().is_empty() => quoted = !quoted,
                '\n' if !quoted => {
                    line += 1;
                    break;
                }
                '\r' if !quoted => {}
                letter if letter == delimiter && !quoted => cells.push(String::new()),
                letter => {
                    line += u64::from(letter == '\n');
                    cell.push(letter);
                }
            }
        }
        Some((first, cells))
    })
}
