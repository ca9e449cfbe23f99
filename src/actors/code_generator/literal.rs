//! A JSON value as a Python literal that people can read.

use serde_json::Value;

/// Lines longer than this many letters are broken.
const WIDTH: usize = 110;

/// `value` in Python's own notation, broken over lines where it is long. Strings are escaped so that any
/// text is data.
pub(super) fn python_literal(value: &Value) -> String {
    let mut text = String::new();
    write_literal(&mut text, value, 0);
    text
}

fn write_literal(text: &mut String, value: &Value, depth: usize) {
    if let Value::String(string) = value
        && string.trim_end().contains('\n')
    {
        write_lines(text, string, depth);
        return;
    }
    let flat = flat_literal(value);
    if !has_lines(value) && flat.chars().count() + 4 * depth <= WIDTH {
        text.push_str(&flat);
        return;
    }
    let indent = "    ".repeat(depth + 1);
    let close = "    ".repeat(depth);
    match value {
        Value::Array(items) => {
            text.push_str("[\n");
            for item in items {
                text.push_str(&indent);
                write_literal(text, item, depth + 1);
                text.push_str(",\n");
            }
            text.push_str(&close);
            text.push(']');
        }
        Value::Object(entries) => {
            text.push_str("{\n");
            for (key, item) in entries {
                text.push_str(&indent);
                text.push_str(&quote_string(key));
                text.push_str(": ");
                write_literal(text, item, depth + 1);
                text.push_str(",\n");
            }
            text.push_str(&close);
            text.push('}');
        }
        _ => text.push_str(&flat),
    }
}

/// A text of several lines as that many literals, which Python joins, so that code can be read as such.
fn write_lines(text: &mut String, string: &str, depth: usize) {
    text.push('(');
    for line in string.split_inclusive('\n') {
        text.push('\n');
        text.push_str(&"    ".repeat(depth + 1));
        text.push_str(&quote_string(line));
    }
    text.push('\n');
    text.push_str(&"    ".repeat(depth));
    text.push(')');
}

/// Whether any text in it has several lines.
fn has_lines(value: &Value) -> bool {
    match value {
        Value::String(string) => string.trim_end().contains('\n'),
        Value::Array(items) => items.iter().any(has_lines),
        Value::Object(entries) => entries.values().any(has_lines),
        _ => false,
    }
}

fn flat_literal(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(string) => quote_string(string),
        Value::Array(items) => format!("[{}]", items.iter().map(flat_literal).collect::<Vec<_>>().join(", ")),
        Value::Object(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, item)| format!("{}: {}", quote_string(key), flat_literal(item)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

/// A Python string literal: everything that is not a plain printable letter is escaped.
fn quote_string(string: &str) -> String {
    let mut text = String::from("\"");
    for letter in string.chars() {
        match letter {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            ' '..='~' => text.push(letter),
            _ if letter.is_alphanumeric() => text.push(letter),
            _ => text.push_str(&format!("\\U{:08x}", u32::from(letter))),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_written_as_python() {
        let value = json!({ "a": [1, 2.5, null, true, "x"], "b": {} });
        assert_eq!(
            python_literal(&value),
            "{\"a\": [1, 2.5, None, True, \"x\"], \"b\": {}}"
        );
    }

    #[test]
    fn hostile_names_stay_strings() {
        assert_eq!(
            quote_string("\"\"\"; import os\n\\N{BULLET}\u{202e}\u{0}é"),
            "\"\\\"\\\"\\\"; import os\\n\\\\N{BULLET}\\U0000202e\\U00000000é\""
        );
    }

    #[test]
    fn lines_of_a_text_stay_lines_and_stay_a_string() {
        let value = json!({ "code": "def f():\n    return '\"\"\"' # \\\n" });
        let expected = [
            "{",
            "    \"code\": (",
            "        \"def f():\\n\"",
            "        \"    return '\\\"\\\"\\\"' # \\\\\\n\"",
            "    ),",
            "}",
        ];
        assert_eq!(python_literal(&value), expected.join("\n"));
        // One line and its end are no lines; what was written before stays as it was.
        assert_eq!(python_literal(&json!({ "name": "a\n" })), "{\"name\": \"a\\n\"}");
    }

    #[test]
    fn long_values_are_broken_over_lines() {
        let value = json!({ "tests": [{ "id": "a".repeat(80), "x": 1 }, { "id": "b".repeat(80), "x": 2 }] });
        let text = python_literal(&value);
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH + 1), "{text}");
        assert!(text.starts_with("{\n    \"tests\": [\n        {\"id\": \"aaa"));
    }
}
