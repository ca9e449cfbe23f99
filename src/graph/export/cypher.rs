//! Statements that replay the graph into a server that speaks Cypher.

use std::io::{self, Write};

use serde_json::{Map, Value};

use super::{Ordered, Unnameable, invalid_data, label_of_end};
use crate::graph::{Label, Node};

/// After either of these a statement ends: a server compiles each one anew, and reads it whole.
const ROWS: usize = 200;
const BYTES: usize = 64 * 1024;

pub(super) fn write_cypher(graph: &Ordered<'_>, out: &mut dyn Write) -> io::Result<()> {
    for name in Label::ALL.map(Label::name) {
        let key = name.to_lowercase();
        writeln!(
            out,
            "CREATE CONSTRAINT kosmos_{key}_id IF NOT EXISTS FOR (n:{name}) REQUIRE n.id IS UNIQUE;"
        )?;
    }
    for label in Label::ALL {
        let nodes = graph.nodes.iter().filter(|node| node.label == label);
        let merge = format!("MERGE (n:{} {{id: row.id}}) SET n += row.properties", label.name());
        write_statements(out, &merge, nodes, |text, node| node_row(text, node))?;
    }
    let mut edges = Vec::with_capacity(graph.edges.len());
    for edge in &graph.edges {
        edges.push(((label_of_end(&edge.from)?, edge.kind, label_of_end(&edge.to)?), edge));
    }
    edges.sort_by_key(|(ends, _)| *ends);
    for group in edges.chunk_by(|(a, _), (b, _)| a == b) {
        let Some(((from, kind, to), _)) = group.first() else {
            continue;
        };
        let merge = format!(
            "MERGE (a:{} {{id: row.from}}) MERGE (b:{} {{id: row.to}}) MERGE (a)-[r:{}]->(b) SET r += row.properties",
            from.name(),
            to.name(),
            kind.name()
        );
        write_statements(out, &merge, group, |text, (_, edge)| {
            text.push_str("{from: ");
            push_string(text, &edge.from);
            text.push_str(", to: ");
            push_string(text, &edge.to);
            text.push_str(", properties: ");
            push_properties(text, &edge.from, &edge.properties)?;
            text.push('}');
            Ok(())
        })?;
    }
    Ok(())
}

/// A statement for each batch of rows.
fn write_statements<T>(
    out: &mut dyn Write,
    merge: &str,
    items: impl IntoIterator<Item = T>,
    row: impl Fn(&mut String, T) -> io::Result<()>,
) -> io::Result<()> {
    let mut text = String::new();
    let mut rows = 0;
    for item in items {
        if rows > 0 {
            text.push_str(", ");
        }
        row(&mut text, item)?;
        rows += 1;
        if rows == ROWS || text.len() >= BYTES {
            writeln!(out, "UNWIND [{text}] AS row {merge};")?;
            text.clear();
            rows = 0;
        }
    }
    if rows > 0 {
        writeln!(out, "UNWIND [{text}] AS row {merge};")?;
    }
    Ok(())
}

fn node_row(text: &mut String, node: &Node) -> io::Result<()> {
    text.push_str("{id: ");
    push_string(text, &node.id);
    text.push_str(", properties: ");
    push_properties(text, &node.id, &node.properties)?;
    text.push('}');
    Ok(())
}

fn push_properties(text: &mut String, id: &str, properties: &Map<String, Value>) -> io::Result<()> {
    text.push('{');
    for (at, (key, held)) in properties.iter().enumerate() {
        if at > 0 {
            text.push_str(", ");
        }
        push_name(text, key).ok_or_else(|| unnameable_property(id, key))?;
        text.push_str(": ");
        push_value(text, held);
    }
    text.push('}');
    Ok(())
}

fn unnameable_property(id: &str, name: &str) -> io::Error {
    invalid_data(Unnameable {
        id: id.to_owned(),
        name: name.to_owned(),
    })
}

/// A name between backticks, unless it cannot stand there: servers differ in what `\u` means in it.
fn push_name(text: &mut String, name: &str) -> Option<()> {
    if name.is_empty() || name.contains("\\u") || name.chars().any(breaks_line) {
        return None;
    }
    text.push('`');
    text.push_str(&name.replace('`', "``"));
    text.push('`');
    Some(())
}

fn push_value(text: &mut String, held: &Value) {
    match held {
        Value::String(words) => push_string(text, words),
        Value::Array(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    text.push_str(", ");
                }
                push_value(text, item);
            }
            text.push(']');
        }
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            // Its digits without the sign are too many for some parsers.
            (Some(i64::MIN), _) => text.push_str("(-9223372036854775807 - 1)"),
            (Some(whole), _) => text.push_str(&whole.to_string()),
            // The sign of nothing is lost where it is taken for a subtraction.
            (None, Some(float)) if float == 0.0 && float.is_sign_negative() => text.push_str("toFloat('-0.0')"),
            // The shortest digits that are this float again.
            (None, Some(float)) => text.push_str(&format!("{float:?}")),
            (None, None) => text.push_str("null"),
        },
        other => text.push_str(&other.to_string()),
    }
}

/// A literal without line ends and other control characters.
///
/// Some parsers replace `\uHHHH` before they look for anything else, even after a backslash that is itself escaped. So
/// no quote is written in that way, and a `u` after a backslash always is.
fn push_string(text: &mut String, words: &str) {
    text.push('\'');
    let mut after_backslash = false;
    for letter in words.chars() {
        match letter {
            '\\' => text.push_str("\\\\"),
            '\'' => text.push_str("\\'"),
            'u' if after_backslash => text.push_str("\\u0075"),
            letter if breaks_line(letter) => text.push_str(&format!("\\u{:04X}", u32::from(letter))),
            letter => text.push(letter),
        }
        after_backslash = letter == '\\';
    }
    text.push('\'');
}

/// Control characters, and what some programs take for the end of a line.
fn breaks_line(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Edge, EdgeKind, Facts};
    use serde_json::json;

    fn literal(held: Value) -> String {
        let mut text = String::new();
        push_value(&mut text, &held);
        text
    }

    #[test]
    fn values_are_literals() {
        let cases = [
            (json!("it's"), r"'it\'s'"),
            (json!("a\\"), r"'a\\'"),
            (json!("\\u0027"), r"'\\\u00750027'"),
            (json!("a\nb\0c\u{85}"), r"'a\u000Ab\u0000c\u0085'"),
            (json!("\"`🐧"), "'\"`🐧'"),
            (json!(3), "3"),
            (json!(3.0), "3.0"),
            (json!(-0.0), "toFloat('-0.0')"),
            (json!(i64::MIN), "(-9223372036854775807 - 1)"),
            (json!(5e-324), "5e-324"),
            (json!(f64::MAX), "1.7976931348623157e308"),
            (json!([]), "[]"),
            (json!([1, 2.5, "x", true]), "[1, 2.5, 'x', true]"),
        ];
        for (held, expected) in cases {
            assert_eq!(literal(held.clone()), expected, "{held}");
        }
    }

    #[test]
    fn names_stay_between_their_backticks() {
        let mut text = String::new();
        push_name(&mut text, "a` :``b\\").unwrap();
        assert_eq!(text, "`a`` :````b\\`");
        for refused in ["", "a\0", "a\nb", "\\u0060"] {
            assert!(push_name(&mut String::new(), refused).is_none(), "{refused:?}");
        }
    }

    #[test]
    fn each_line_is_a_statement_of_moderate_size() {
        let mut facts = Facts::default();
        for n in 0..450 {
            let id = format!("result:{n}");
            facts.add_node(Node::new(Label::Result, &id).with_properties(json!({ "text": "; \n" })));
            facts.add_edge(Edge::new(EdgeKind::Produced, "experiment:1", &id));
        }
        facts.add_node(Node::new(Label::Result, "result:long").with_properties(json!({ "text": "x".repeat(BYTES) })));
        let mut out = Vec::new();
        super::super::export_graph(&facts, super::super::Format::Cypher, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.lines().all(|line| line.ends_with(';')));
        let unwinds = text.lines().filter(|line| line.starts_with("UNWIND")).count();
        assert_eq!(unwinds, 1 + 3 + 3, "one experiment, results and edges in three each");
        assert!(text.lines().all(|line| line.len() < 3 * BYTES));
    }
}
