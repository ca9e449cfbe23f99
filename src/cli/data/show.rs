//! Tables as text, in at most 80 columns: what is unsure first.

use serde_json::Value;

use crate::{
    lab::{DescribedTable, DescribedTables, JoinedProfile},
    progress::printable,
    science::{Column, Level, Profile, Role},
    study::{ColumnRole, RowsSetAside, StructurePart, ValueType},
};

/// Width of the narrowest terminal in use, in columns.
const WIDTH: usize = 80;

/// Where what is said of a table and of a column begins.
const INDENT: usize = 4;

/// A reading that is less sure than this is shown first.
const SURE: f64 = 0.85;

/// Levels of a column that are shown.
const MOST_LEVELS: usize = 8;

/// Warnings, and parts of the file that were set aside, that are shown of a table.
const MOST_NOTES: usize = 12;

/// The characters that histograms are drawn with, from none to all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marks {
    /// Blocks of Unicode.
    Blocks,
    /// Characters of ASCII.
    Ascii,
}

impl Marks {
    /// Blocks, unless the terminal or its language is known to lack them.
    pub(super) fn for_terminal(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let language = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
        let has_unicode = language.is_some_and(|language| {
            let language = language.to_lowercase();
            language.contains("utf-8") || language.contains("utf8")
        });
        match has_unicode && set("TERM").is_none_or(|term| term != "dumb") {
            true => Self::Blocks,
            false => Self::Ascii,
        }
    }

    fn steps(self) -> &'static [char] {
        match self {
            Self::Blocks => &['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
            Self::Ascii => &['.', ':', '-', '=', '+', '*', '#', '@'],
        }
    }

    /// One character for each count, as high as its share of the largest; `_` for none.
    fn draw(self, counts: &[u64]) -> String {
        let largest = counts.iter().copied().max().unwrap_or(0).max(1);
        let steps = self.steps();
        let draw = |count: &u64| match count {
            0 => '_',
            count => {
                let step = (count * steps.len() as u64).div_ceil(largest) as usize;
                steps.get(step.saturating_sub(1)).copied().unwrap_or('_')
            }
        };
        counts.iter().map(draw).collect()
    }
}

/// The tables, one after another.
pub(super) fn show_tables(described: &DescribedTables, marks: Marks) -> String {
    let mut out = String::new();
    for note in &described.notes {
        push_wrapped(&mut out, "note: ", 6, note);
        out.push('\n');
    }
    for (at, table) in described.tables.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        show_table(&mut out, table, marks);
    }
    if let Some(joined) = &described.joined {
        out.push('\n');
        show_joined(&mut out, joined, marks);
    }
    out
}

/// How the tables are joined, and the columns that are computed of several rows; the others are shown with their
/// tables.
fn show_joined(out: &mut String, JoinedProfile { name, profile }: &JoinedProfile, marks: Marks) {
    if let Some(problem) = &profile.problem {
        push_wrapped(out, "", INDENT, &format!("{name}: not joined"));
        push_fact(out, "because", &problem.message);
        return;
    }
    let columns = count_of(profile.columns.len() as u64, "column");
    let rows = count_of(profile.rows, "row");
    push_wrapped(out, "", INDENT, &format!("{name}: joined, {rows}, {columns}"));
    let joins = profile.source.get("joins").and_then(Value::as_array);
    for join in joins.into_iter().flatten() {
        let [left, right, evidence] =
            ["left", "right", "evidence"].map(|key| join.get(key).and_then(Value::as_str).unwrap_or_default());
        push_fact(out, "join", &format!("{left} and {right}: {evidence}"));
    }
    show_warnings(out, profile);
    let derived: Vec<&Column> = profile
        .columns
        .iter()
        .filter(|column| column.derived.is_some())
        .collect();
    if !derived.is_empty() {
        out.push_str("\n  of several rows\n");
        derived.iter().for_each(|column| show_column(out, column, marks));
    }
}

fn show_table(out: &mut String, table: &DescribedTable, marks: Marks) {
    let DescribedTable {
        path,
        codebook,
        profile,
    } = table;
    let columns = count_of(profile.columns.len() as u64, "column");
    let rows = count_of(profile.rows, "row");
    let title = format!("{}: {rows}, {columns}", codebook.name);
    push_wrapped(out, "", INDENT, &title);
    push_fact(out, "file", &path.display().to_string());
    push_fact(out, "read as", &describe_source(profile));
    for part in codebook.set_aside.iter().take(MOST_NOTES) {
        push_fact(out, "set aside", &describe_set_aside(part));
    }
    for (name, part) in codebook.structure.parts() {
        if let Some(part) = part {
            push_fact(out, name, &describe_part(part));
        }
    }
    if let Some(problem) = &profile.problem {
        push_fact(out, "problem", &problem.message);
    }
    show_warnings(out, profile);
    let (unsure, sure): (Vec<&Column>, Vec<&Column>) = profile.columns.iter().partition(|column| is_unsure(column));
    if !unsure.is_empty() {
        out.push_str("\n  to be checked\n");
        unsure.iter().for_each(|column| show_column(out, column, marks));
        out.push_str("\n  the others\n");
    } else {
        out.push('\n');
    }
    sure.iter().for_each(|column| show_column(out, column, marks));
}

/// The warnings that say something beyond what else is shown.
fn show_warnings(out: &mut String, profile: &Profile) {
    let warnings = profile.further_warnings();
    for warning in warnings.iter().take(MOST_NOTES) {
        push_fact(out, "note", warning);
    }
    if warnings.len() > MOST_NOTES {
        let more = warnings.len() - MOST_NOTES;
        push_fact(out, "note", &format!("{more} more, which --json lists"));
    }
}

/// Returns true for a column that a person should look at.
fn is_unsure(column: &Column) -> bool {
    column.unread.is_some() || column.sure.is_some_and(|sure| sure < SURE)
}

fn describe_source(profile: &Profile) -> String {
    let text = |key: &str| profile.source.get(key).and_then(Value::as_str);
    let mut parts = vec![text("format").unwrap_or("unknown").to_owned()];
    if let Some(delimiter) = text("delimiter") {
        let named = match delimiter {
            "\t" => "tabs".to_owned(),
            " " => "blanks".to_owned(),
            mark => format!("`{mark}`"),
        };
        parts.push(format!("cells divided by {named}"));
    }
    parts.extend(text("encoding").map(str::to_owned));
    parts.extend(text("sheet").map(|sheet| format!("sheet `{sheet}`")));
    parts.extend(text("member").map(|member| format!("member `{member}`")));
    let header = profile.source.get("header_row").and_then(Value::as_u64);
    parts.extend(header.map(|line| format!("names in line {line}")));
    parts.join(", ")
}

/// The columns and the evidence, as far as there are such.
fn describe_part(part: &StructurePart) -> String {
    let evidence = part.evidence.as_deref().unwrap_or_default();
    match (part.columns.is_empty(), evidence.is_empty()) {
        (true, _) => evidence.to_owned(),
        (false, true) => part.columns.join(", "),
        (false, false) => format!("{} ({evidence})", part.columns.join(", ")),
    }
}

fn describe_set_aside(part: &RowsSetAside) -> String {
    let place = part.first_row.map(|row| format!(", from {row} on")).unwrap_or_default();
    format!("{} ({}{place}): {}", part.what, count_of(part.rows, "row"), part.reason)
}

fn show_column(out: &mut String, column: &Column, marks: Marks) {
    let mark = if is_unsure(column) { "? " } else { "  " };
    let mut head = column.name.clone();
    head.push_str("  ");
    head.push_str(&describe_type(column));
    if let Some(sure) = column.sure.filter(|sure| *sure < 1.0) {
        head.push_str(&format!(", sure {sure}"));
    }
    if column.missing > 0 {
        head.push_str(&format!(", {} missing", column.missing));
    }
    push_wrapped(out, mark, INDENT + 2, &head);
    for told in [&column.label, &column.description].into_iter().flatten() {
        push_wrapped(out, "      ", 6, &format!("\"{told}\""));
    }
    if let Some(values) = describe_values(column, marks) {
        push_wrapped(out, "      ", 6, &values);
    }
    let read = column.read_as.iter().cloned();
    let excluded = column.excluded.iter().map(|why| format!("not tested: {why}"));
    let told: Vec<String> = read.chain(describe_missing(column)).chain(excluded).collect();
    if !told.is_empty() {
        push_wrapped(out, "      ", 6, &told.join("; "));
    }
}

fn describe_type(column: &Column) -> String {
    let of_role = match column.role {
        Role::Constant => Some("constant"),
        Role::Empty => Some("empty"),
        _ => None,
    };
    let kind = of_role.or(column.value_type.map(ValueType::name)).unwrap_or("unknown");
    let unit = column
        .unit
        .as_ref()
        .map(|unit| format!(" ({unit})"))
        .unwrap_or_default();
    let role = column.declared_role.map(describe_role).unwrap_or_default();
    format!("{kind}{unit}{role}")
}

fn describe_role(role: ColumnRole) -> String {
    let kept = if role.is_used() {
        ""
    } else {
        ", which is kept for the record"
    };
    format!(", declared {}{kept}", role.name())
}

/// The histogram with the ends and the mean, or the levels.
fn describe_values(column: &Column, marks: Marks) -> Option<String> {
    let histogram = column.histogram.as_ref().map(|counts| marks.draw(counts));
    if let Some(levels) = &column.levels {
        return Some(describe_levels(column, levels, marks));
    }
    if column.level_order.is_some() {
        // The reading tells the order.
        return histogram;
    }
    // What tests see of dates are numbers; the reading says from when to when they are.
    let ends = match (column.min, column.max, column.mean) {
        (Some(min), Some(max), Some(mean)) if !column.is_moment() => {
            let [min, max, mean] = [min, max, mean].map(short_number);
            Some(format!("{min} to {max}, mean {mean}"))
        }
        _ => None,
    };
    match (histogram, ends) {
        (Some(histogram), Some(ends)) => Some(format!("{histogram}  {ends}")),
        (histogram, ends) => histogram.or(ends),
    }
}

fn describe_levels(column: &Column, levels: &[Level], marks: Marks) -> String {
    let counts: Vec<u64> = levels.iter().map(|level| level.n).collect();
    let bars = marks.draw(&counts);
    let shown = levels.iter().zip(bars.chars()).take(MOST_LEVELS).map(|(level, bar)| {
        let code = column
            .codes
            .iter()
            .find(|code| code.label.as_ref() == Some(&level.level));
        let code = code.map(|code| format!("{} = ", code.code)).unwrap_or_default();
        format!("{bar} {code}{} {}", level.level, level.n)
    });
    let mut shown: Vec<String> = shown.collect();
    if levels.len() > MOST_LEVELS {
        shown.push(format!("{} more", levels.len() - MOST_LEVELS));
    }
    shown.join(", ")
}

/// The codes for a missing value that the reading does not tell.
fn describe_missing(column: &Column) -> Option<String> {
    let read = column.read_as.as_deref().unwrap_or_default();
    let untold = column.missing_codes.iter().filter(|code| !read.contains(&code.code));
    let codes: Vec<String> = untold
        .take(MOST_LEVELS)
        .map(|code| format!("`{}` {}", code.code, code.rows))
        .collect();
    (!codes.is_empty()).then(|| format!("missing codes: {}", codes.join(", ")))
}

fn count_of(count: u64, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}

/// A number with five digits that count.
fn short_number(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let digits = 4 - value.abs().log10().floor() as i32;
    match digits {
        digits if digits > 9 || value.abs() >= 1e12 => format!("{value:.4e}"),
        digits if digits <= 0 => format!("{value:.0}"),
        digits => {
            let text = format!("{value:.*}", digits as usize);
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
    }
}

fn push_fact(out: &mut String, name: &str, text: &str) {
    push_wrapped(out, &format!("  {name:<10} "), 13, text);
}

/// Adds `text` on lines of at most [`WIDTH`] columns, the first after `head`, the others after `indent` blanks.
fn push_wrapped(out: &mut String, head: &str, indent: usize, text: &str) {
    let text = printable(text);
    let mut line = head.to_owned();
    let mut filled = false;
    for word in text.split(' ').flat_map(cut_word) {
        let length = line.chars().count();
        if filled && length + 1 + word.chars().count() > WIDTH {
            out.push_str(line.trim_end());
            out.push('\n');
            line = " ".repeat(indent);
            filled = false;
        }
        if filled {
            line.push(' ');
        }
        line.push_str(&word);
        filled = true;
    }
    out.push_str(line.trim_end());
    out.push('\n');
}

/// A word in pieces that fit on a line.
fn cut_word(word: &str) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    match letters.len() {
        0 => vec![String::new()],
        _ => letters.chunks(WIDTH - 16).map(|piece| piece.iter().collect()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_terminal_without_unicode_gets_ascii() {
        let of = |set: &[(&str, &str)]| {
            Marks::for_terminal(|name| {
                set.iter()
                    .find(|(known, _)| *known == name)
                    .map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(of(&[("LANG", "en_GB.UTF-8"), ("TERM", "xterm")]), Marks::Blocks);
        assert_eq!(of(&[("LC_ALL", ""), ("LANG", "C.utf8")]), Marks::Blocks);
        assert_eq!(of(&[("LC_ALL", "C"), ("LANG", "en_GB.UTF-8")]), Marks::Ascii);
        assert_eq!(of(&[("LANG", "en_GB.UTF-8"), ("TERM", "dumb")]), Marks::Ascii);
        assert_eq!(of(&[]), Marks::Ascii);
    }

    #[test]
    fn histograms_show_shares_of_the_largest() {
        assert_eq!(Marks::Blocks.draw(&[0, 1, 8, 4, 64]), "_▁▁▁█");
        assert_eq!(Marks::Ascii.draw(&[1, 2, 3, 4, 8]), ".:-=@");
        assert_eq!(Marks::Ascii.draw(&[0, 0]), "__");
        assert_eq!(Marks::Ascii.draw(&[]), "");
    }

    #[test]
    fn numbers_are_short() {
        let table = [
            (0.0, "0"),
            (43.921_929_8, "43.922"),
            (-0.5, "-0.5"),
            (1_234_567.8, "1234568"),
            (1e-9, "1.0000e-9"),
            (3.5e20, "3.5000e20"),
            (100.0, "100"),
            (0.000_123_456, "0.00012346"),
        ];
        for (value, text) in table {
            assert_eq!(short_number(value), text, "{value}");
        }
    }

    #[test]
    fn lines_are_no_wider_than_a_terminal_and_hold_nothing_that_it_obeys() {
        let long = "x".repeat(300);
        let mut out = String::new();
        push_wrapped(
            &mut out,
            "  note       ",
            13,
            &format!("a\u{1b}[2J {long} b\nc {}", "word ".repeat(60)),
        );
        assert!(out.lines().all(|line| line.chars().count() <= WIDTH), "{out}");
        assert!(!out.contains('\u{1b}') && out.contains('\u{fffd}'));
        assert_eq!(out.matches('x').count(), 300);
    }

    #[test]
    fn what_is_unsure_comes_first() {
        let column = |name: &str, sure: f64| {
            json!({"name": name, "role": "numeric", "usable": true, "missing": 1, "distinct": 9, "min": 1.0, "max": 2.0,
                "mean": 1.5, "type": "number", "sure": sure, "histogram": [1, 2], "read_as": "numbers as they stand"})
        };
        let profile: Profile = serde_json::from_value(json!({
            "problem": null, "rows": 1, "columns": [column("a", 1.0), column("b", 0.5)],
            "source": {"format": "csv", "delimiter": "\t", "encoding": "utf-8", "header_row": 1, "set_aside": []},
        }))
        .unwrap();
        let table = DescribedTable {
            path: "t.csv".into(),
            codebook: profile.to_codebook("t", "t.csv", "00"),
            profile,
        };
        let described = DescribedTables {
            tables: vec![table],
            joined: None,
            notes: vec!["l.csv is a list of codes".to_owned()],
        };
        insta::assert_snapshot!(show_tables(&described, Marks::Ascii), @"
        note: l.csv is a list of codes

        t: 1 row, 2 columns
          file       t.csv
          read as    csv, cells divided by tabs, utf-8, names in line 1

          to be checked
        ? b  number, sure 0.5, 1 missing
              =@  1 to 2, mean 1.5
              numbers as they stand

          the others
          a  number, 1 missing
              =@  1 to 2, mean 1.5
              numbers as they stand
        ");
    }
}
