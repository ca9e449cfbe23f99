//! Answers as text, in at most 80 columns.

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::Value;

use crate::progress::printable;

/// Width of the narrowest terminal in use, in columns.
const WIDTH: u16 = 80;

/// Longest text in a table, in characters.
const LONGEST: usize = 96;

/// Maximum number of columns of a table; more are shown as records.
const MOST: usize = 6;

/// Digits of a hash that are shown in a table.
const DIGITS: usize = 12;

/// Renders rows as a table, or as records if there are too many columns for a table.
pub(super) fn render_rows(columns: &[&str], rows: &[Vec<Value>]) -> String {
    match columns.len() > MOST {
        true => render_records(columns, rows),
        false => render_table(columns, rows),
    }
}

fn render_table(columns: &[&str], rows: &[Vec<Value>]) -> String {
    let mut table = Table::new();
    table
        .load_preset(presets::ASCII_BORDERS_ONLY_CONDENSED)
        .force_no_tty()
        .set_width(WIDTH);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(columns.iter().map(|column| printable(column).replace('_', " ")));
    for row in rows {
        table.add_row(row.iter().map(render_cell));
    }
    format!("{table}\n")
}

fn render_records(columns: &[&str], rows: &[Vec<Value>]) -> String {
    let width = columns.iter().map(|column| column.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (at, row) in rows.iter().enumerate() {
        if at > 0 {
            text.push('\n');
        }
        for (column, value) in columns.iter().zip(row).filter(|(_, value)| !value.is_null()) {
            text.push_str(&format!("{:width$}  {}\n", printable(column), render_value(value)));
        }
    }
    text
}

/// A value, shortened to fit a cell.
fn render_cell(value: &Value) -> String {
    let text = match value {
        Value::Number(number) if number.is_f64() => format_number(number.as_f64().unwrap_or(f64::NAN)),
        other => render_value(other),
    };
    let keep = if is_hash(&text) { DIGITS } else { LONGEST };
    match text.char_indices().nth(keep) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// A value in full.
fn render_value(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => printable(text).into_owned(),
        Value::Array(items) => items.iter().map(render_value).collect::<Vec<_>>().join(", "),
        other => printable(&other.to_string()).into_owned(),
    }
}

/// Three significant digits.
fn format_number(number: f64) -> String {
    let size = number.abs();
    match size {
        0.0 => "0".to_owned(),
        _ if !(1e-3..1e6).contains(&size) => format!("{number:.2e}"),
        _ => {
            let decimals = (2 - size.log10().floor() as i32).max(0) as usize;
            format!("{number:.decimals$}")
        }
    }
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_have_three_digits() {
        let table = [
            (0.0, "0"),
            (1.0, "1.00"),
            (-0.123_456, "-0.123"),
            (123.456, "123"),
            (999_999.0, "999999"),
            (4.2e-11, "4.20e-11"),
            (-3.0e9, "-3.00e9"),
        ];
        for (number, expected) in table {
            assert_eq!(format_number(number), expected);
        }
    }

    #[test]
    fn no_line_is_wider_than_a_terminal_and_no_text_moves_its_cursor() {
        let hostile = "a\u{1b}[2J\nb \u{202e}c ".repeat(40);
        let row = vec![
            json!(hostile),
            json!(["r1", "r2"]),
            json!("f".repeat(64)),
            json!(0.5),
            json!(null),
        ];
        let text = render_rows(&["statement", "runs", "dataset", "p", "effect"], &[row]);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
        assert!(text.contains("ffff"), "{text}");
        assert!(!text.contains(&"f".repeat(13)), "{text}");
    }
}
