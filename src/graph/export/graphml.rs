//! GraphML: typed properties for networkx, Gephi and others.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use serde_json::{Map, Value};

use super::Ordered;

/// The key of a node's label.
const NODE_LABEL: &str = "node-label";
/// The key of an edge's type.
const EDGE_LABEL: &str = "edge-label";

/// The types of GraphML that are used, by name.
type Kind = &'static str;

/// The ids of the keys of nodes, or of edges, by name and type.
#[derive(Default)]
struct Keys<'g>(BTreeMap<(&'g str, Kind, bool), usize>);

pub(super) fn write_graphml(graph: &Ordered<'_>, out: &mut dyn Write) -> io::Result<()> {
    let nodes = Keys::of(graph.nodes.iter().map(|node| &node.properties));
    let edges = Keys::of(graph.edges.iter().map(|edge| &edge.properties));
    out.write_all(
        b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\" \
          xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:schemaLocation=\"\
          http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd\">\n",
    )?;
    for (id, scope) in [(NODE_LABEL, "node"), (EDGE_LABEL, "edge")] {
        writeln!(
            out,
            "  <key id=\"{id}\" for=\"{scope}\" attr.name=\"label\" attr.type=\"string\"/>"
        )?;
    }
    nodes.write_declarations(out, "node")?;
    edges.write_declarations(out, "edge")?;
    out.write_all(b"  <graph id=\"kosmos\" edgedefault=\"directed\">\n")?;
    for node in &graph.nodes {
        let label = node.label.name();
        out.write_all(b"    <node id=\"")?;
        write_escaped(out, &node.id)?;
        write!(out, "\"><data key=\"{NODE_LABEL}\">{label}</data>")?;
        nodes.write_data(out, "node", &node.properties)?;
        out.write_all(b"</node>\n")?;
    }
    for (at, edge) in graph.edges.iter().enumerate() {
        // No node has such an id: theirs have a colon.
        write!(out, "    <edge id=\"edge-{at}\" source=\"")?;
        write_escaped(out, &edge.from)?;
        out.write_all(b"\" target=\"")?;
        write_escaped(out, &edge.to)?;
        write!(out, "\"><data key=\"{EDGE_LABEL}\">{}</data>", edge.kind.name())?;
        edges.write_data(out, "edge", &edge.properties)?;
        out.write_all(b"</edge>\n")?;
    }
    out.write_all(b"  </graph>\n</graphml>\n")
}

impl<'g> Keys<'g> {
    fn of(all: impl Iterator<Item = &'g Map<String, Value>>) -> Self {
        let mut keys = BTreeMap::new();
        for (name, value) in all.flatten() {
            keys.entry((name.as_str(), kind_of_value(value), value.is_array()))
                .or_insert(0);
        }
        for (at, id) in keys.values_mut().enumerate() {
            *id = at;
        }
        Self(keys)
    }

    fn write_declarations(&self, out: &mut dyn Write, scope: &str) -> io::Result<()> {
        for ((name, kind, list), id) in &self.0 {
            write!(out, "  <key id=\"{scope}-{id}\" for=\"{scope}\" attr.name=\"")?;
            write_escaped(out, name)?;
            out.write_all(property_suffix(name, *list).as_bytes())?;
            writeln!(out, "\" attr.type=\"{kind}\"/>")?;
        }
        Ok(())
    }

    fn write_data(&self, out: &mut dyn Write, scope: &str, properties: &Map<String, Value>) -> io::Result<()> {
        for (name, value) in properties {
            let key = (name.as_str(), kind_of_value(value), value.is_array());
            let Some(id) = self.0.get(&key) else { continue };
            write!(out, "<data key=\"{scope}-{id}\">")?;
            match (value, value.as_f64()) {
                (Value::String(text), _) => write_escaped(out, text)?,
                (Value::Number(number), Some(float)) if number.is_f64() => write!(out, "{float:?}")?,
                (other, _) => write_escaped(out, &other.to_string())?,
            }
            out.write_all(b"</data>")?;
        }
        Ok(())
    }
}

fn kind_of_value(value: &Value) -> Kind {
    match value {
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "double",
        Value::Number(_) => "long",
        _ => "string",
    }
}

/// Gives the suffix of a property's name, so that names are unique and differ from the label's.
fn property_suffix(name: &str, list: bool) -> &'static str {
    match name {
        _ if list => ".json",
        "label" => ".text",
        _ if name.ends_with(".json") || name.ends_with(".text") => ".text",
        _ => "",
    }
}

/// Text of an element or an attribute: what XML gives a meaning as its entities, what it cannot hold as `_xHHHH_`.
fn write_escaped(out: &mut dyn Write, text: &str) -> io::Result<()> {
    // What lies between two escapes is written at once.
    let mut from = 0;
    for (at, letter) in text.char_indices() {
        let escape = match letter {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' => "&quot;",
            // Readers would make blanks or other line ends of them.
            '\t' => "&#9;",
            '\n' => "&#10;",
            '\r' => "&#13;",
            '_' if begins_escape(text.get(at..).unwrap_or_default()) => "_x005F_",
            '\0'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => "",
            _ => continue,
        };
        out.write_all(text.get(from..at).unwrap_or_default().as_bytes())?;
        if escape.is_empty() {
            write!(out, "_x{:04X}_", u32::from(letter))?;
        } else {
            out.write_all(escape.as_bytes())?;
        }
        from = at + letter.len_utf8();
    }
    out.write_all(text.get(from..).unwrap_or_default().as_bytes())
}

/// Whether a text begins as `_xHHHH_`.
fn begins_escape(text: &str) -> bool {
    match text.as_bytes() {
        [b'_', b'x', a, b, c, d, b'_', ..] => [a, b, c, d].into_iter().all(u8::is_ascii_hexdigit),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn xml(text: &str) -> String {
        let mut out = Vec::new();
        write_escaped(&mut out, text).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_xml_cannot_hold_is_written_and_can_be_read_again() {
        let cases = [
            ("a<b>&\"]]>", "a&lt;b&gt;&amp;&quot;]]&gt;"),
            ("a\r\n\tb", "a&#13;&#10;&#9;b"),
            ("nul\0 \u{1b}[m \u{FFFF}", "nul_x0000_ _x001B_[m _xFFFF_"),
            ("_x0000_ _x00_ body_x1 _xG000_", "_x005F_x0000_ _x00_ body_x1 _xG000_"),
            ("__x0041_", "__x005F_x0041_"),
            ("\u{85}\u{2028}🐧é_", "\u{85}\u{2028}🐧é_"),
        ];
        for (text, expected) in cases {
            assert_eq!(xml(text), expected, "{text:?}");
        }
    }

    #[test]
    fn no_two_properties_are_called_alike() {
        let names = [
            "label",
            "a",
            "a.json",
            "a.text",
            "a.json.text",
            "label.text",
            "label.json",
            "a.text.json",
        ];
        let both = names.into_iter().flat_map(|name| [(name, true), (name, false)]);
        let written: Vec<_> = both
            .map(|(name, list)| format!("{name}{}", property_suffix(name, list)))
            .collect();
        assert_eq!(
            written.iter().collect::<HashSet<_>>().len(),
            written.len(),
            "{written:?}"
        );
        assert!(!written.contains(&"label".to_owned()));
    }
}
