//! A page to look at the graph with.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    io::{self, Write},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{
    Ordered,
    sample::{Sample, sample_graph},
};
use crate::graph::{EdgeKind, Label, Node};
use crate::progress::printable;

const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = concat!(include_str!("page/layout.js"), include_str!("page/script.js"));

/// Letters of a title, and of a property.
const TITLE: usize = 160;
const TEXT: usize = 2000;
/// Of a list.
const ITEMS: usize = 30;

/// Properties that say what a node is, the best first.
const TITLES: [&str; 6] = ["name", "statement", "text", "title", "test", "template"];

pub(super) fn write_html(graph: &Ordered<'_>, out: &mut dyn Write) -> io::Result<()> {
    let sample = sample_graph(graph);
    // The hashes admit our own script and style and no other.
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'sha256-{}'; \
         style-src 'sha256-{}'; base-uri 'none'; form-action 'none'\">\n\
         <title>Kosmos: knowledge graph</title>\n<style>{STYLE}</style>\n</head>\n<body>\n",
        script_hash(SCRIPT),
        script_hash(STYLE)
    )?;
    out.write_all(include_bytes!("page/body.html"))?;
    write_summary(graph, &sample, out)?;
    write_table(graph, &sample, out)?;
    out.write_all(b"<script type=\"application/json\" id=\"data\">")?;
    write_data(graph, &sample, out)?;
    write!(out, "</script>\n<script>{SCRIPT}</script>\n</body>\n</html>\n")
}

fn script_hash(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text))
}

/// How much there is, and what of it is not in the page.
fn write_summary(graph: &Ordered<'_>, sample: &Sample, out: &mut dyn Write) -> io::Result<()> {
    let (nodes, edges) = (graph.nodes.len(), graph.edges.len());
    write!(
        out,
        "<p id=\"summary\">{} nodes, {} edges",
        group_thousands(nodes),
        group_thousands(edges)
    )?;
    if sample.nodes.len() < nodes || sample.edges.len() < edges {
        write!(
            out,
            ". <strong>Shown: {} nodes and {} edges</strong>, of each label those with most edges; the rest is left \
             out of this page and is in the other formats",
            group_thousands(sample.nodes.len()),
            group_thousands(sample.edges.len())
        )?;
    }
    out.write_all(b"</p>\n")
}

/// Thousands apart.
fn group_thousands(count: usize) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The same without a picture or a script.
fn write_table(graph: &Ordered<'_>, sample: &Sample, out: &mut dyn Write) -> io::Result<()> {
    let mut counts: Vec<BTreeMap<&str, usize>> = vec![BTreeMap::new(); sample.nodes.len()];
    for (at, ends) in &sample.edges {
        let kind = graph.edges.get(*at).map_or("", |edge| edge.kind.name());
        for end in ends {
            if let Some(of_node) = counts.get_mut(*end) {
                *of_node.entry(kind).or_default() += 1;
            }
        }
    }
    out.write_all(
        b"<details id=\"table\"><summary>The same as a table</summary>\n<div class=\"scroll\"><table>\n<thead><tr>\
          <th scope=\"col\">label</th><th scope=\"col\">node</th><th scope=\"col\">edges</th></tr></thead>\n<tbody>\n",
    )?;
    for ((place, node), counts) in sample.nodes.iter().enumerate().zip(&counts) {
        let Some(node) = graph.nodes.get(*node) else { continue };
        let edges: Vec<String> = counts.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        writeln!(
            out,
            "<tr><td>{}</td><td><button type=\"button\" data-node=\"{place}\"><bdi>{}</bdi></button></td><td>{}</td></tr>",
            node.label.name(),
            escape_html(&node_title(node)),
            edges.join(", ")
        )?;
    }
    out.write_all(b"</tbody>\n</table></div></details>\n</div>\n")
}

fn write_data(graph: &Ordered<'_>, sample: &Sample, out: &mut dyn Write) -> io::Result<()> {
    let labels = json!(Label::ALL.map(Label::name));
    let kinds = json!(EdgeKind::ALL.map(EdgeKind::name));
    write!(out, "{{\"labels\":{labels},\"kinds\":{kinds},\n\"nodes\":[")?;
    let nodes = sample.nodes.iter().filter_map(|&at| graph.nodes.get(at));
    let nodes = nodes.map(|node| {
        let label = Label::ALL.iter().position(|label| *label == node.label);
        json!([
            label,
            safe_text(&node.id, TEXT),
            node_title(node),
            shown_properties(&node.properties)
        ])
    });
    write_list(out, nodes)?;
    out.write_all(b"],\n\"edges\":[")?;
    let edges = sample
        .edges
        .iter()
        .filter_map(|(at, ends)| Some((graph.edges.get(*at)?, ends)));
    let edges = edges.map(|(edge, [from, to])| {
        let kind = EdgeKind::ALL.iter().position(|kind| *kind == edge.kind);
        json!([from, to, kind, shown_properties(&edge.properties)])
    });
    write_list(out, edges)?;
    out.write_all(b"]}")
}

fn write_list(out: &mut dyn Write, members: impl Iterator<Item = Value>) -> io::Result<()> {
    for (at, member) in members.enumerate() {
        out.write_all(if at > 0 { b",\n" } else { b"\n" })?;
        // A `<` can only be in a text, where this says the same and ends no script.
        out.write_all(member.to_string().replace('<', "\\u003c").as_bytes())?;
    }
    Ok(())
}

/// Gives a node's title.
fn node_title(node: &Node) -> String {
    let mut said = TITLES.iter().filter_map(|name| node.properties.get(*name)?.as_str());
    let content = || node.id.split_once(':').map_or(&*node.id, |(_, content)| content);
    let text = said.find(|text| !text.trim().is_empty()).unwrap_or_else(content);
    safe_text(text, TITLE).into_owned()
}

fn shown_properties(properties: &Map<String, Value>) -> Value {
    let pair = |(name, held): (&String, &Value)| (safe_text(name, TITLE).into_owned(), shown_value(held));
    properties.iter().map(pair).collect::<Map<_, _>>().into()
}

fn shown_value(held: &Value) -> Value {
    match held {
        Value::String(text) => Value::from(safe_text(text, TEXT)),
        Value::Array(items) => {
            let mut out: Vec<Value> = items.iter().take(ITEMS).map(shown_value).collect();
            if items.len() > ITEMS {
                out.push(format!("… and {} more", items.len() - ITEMS).into());
            }
            out.into()
        }
        // A script would take them for one kind, and round long ones.
        Value::Number(number) => json!({ "n": number.to_string() }),
        other => other.clone(),
    }
}

/// As much of a text as can be read, without what would act on it.
fn safe_text(text: &str, letters: usize) -> Cow<'_, str> {
    match text.char_indices().nth(letters) {
        None => printable(text),
        Some((end, _)) => {
            let start = printable(text.get(..end).unwrap_or_default());
            Cow::Owned(format!(
                "{start}… ({} letters in all)",
                group_thousands(text.chars().count())
            ))
        }
    }
}

fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Edge, Facts, Format, export_graph};

    fn page(facts: &Facts) -> String {
        let mut out = Vec::new();
        export_graph(facts, Format::Html, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn no_text_gets_out_of_its_place() {
        let mut facts = Facts::default();
        let hostile = "</script><!--<script>alert(1)</script>\u{0}\u{202E}";
        facts.add_node(
            Node::new(Label::Concept, &format!("concept:{hostile}"))
                .with_properties(json!({ "name": hostile, hostile: [hostile] })),
        );
        let page = page(&facts);
        assert_eq!(page.matches("<script").count(), 2, "the data and ours");
        assert_eq!(page.matches("</script").count(), 2);
        assert!(!page.contains("<!--") && !page.contains('\0') && !page.contains('\u{202E}'));
        let data = page
            .split("id=\"data\">")
            .nth(1)
            .unwrap()
            .split("</script>")
            .next()
            .unwrap();
        let data: Value = serde_json::from_str(data).unwrap();
        let read = "</script><!--<script>alert(1)</script>\u{FFFD}\u{FFFD}";
        assert_eq!(data["nodes"][0][2], read);
        assert_eq!(data["nodes"][0][3][read][0], read);
    }

    #[test]
    fn it_needs_nothing_from_elsewhere_and_admits_only_its_own_script() {
        let page = page(&Facts::default());
        for foreign in [
            "http:",
            "https:",
            "src=",
            "@import",
            "url(",
            "'unsafe-inline'",
            " style=",
            " onclick=",
        ] {
            assert!(!page.contains(foreign), "{foreign}");
        }
        let script = page
            .split("<script>")
            .nth(1)
            .unwrap()
            .split("</script>")
            .next()
            .unwrap();
        assert!(page.contains(&format!("script-src 'sha256-{}';", script_hash(script))));
        let style = page.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
        assert!(page.contains(&format!("style-src 'sha256-{}';", script_hash(style))));
    }

    #[test]
    fn what_is_left_out_is_said() {
        let mut facts = Facts::default();
        for n in 0..2500 {
            facts.add_edge(Edge::new(EdgeKind::Produced, "experiment:1", &format!("result:{n}")));
        }
        let page = page(&facts);
        assert!(page.contains("2,501 nodes, 2,500 edges"));
        assert!(page.contains("Shown: 2,000 nodes and 1,999 edges"));
        let small = Facts {
            nodes: Vec::new(),
            edges: facts.edges.split_off(2490),
        };
        assert!(!super::tests::page(&small).contains("Shown:"));
    }

    #[test]
    fn long_texts_and_lists_are_shortened_and_say_so() {
        let long = "x".repeat(1_000_000);
        assert_eq!(safe_text(&long, 3), "xxx… (1,000,000 letters in all)");
        let items: Vec<usize> = (0..40).collect();
        assert_eq!(shown_value(&json!(items))[ITEMS], "… and 10 more");
        assert_eq!(shown_value(&json!(9_007_199_254_740_993_i64))["n"], "9007199254740993");
    }
}
