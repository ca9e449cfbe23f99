//! The first inputs of each reader: parts of a run in `tests/golden`, and documents that this version writes.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read},
    path::Path,
};

use kosmos::graph::{Edge, EdgeKind, Facts, Format, Label, Node, export_graph};
use serde_json::json;

/// Inputs by the names of their readers; `repository` is its root.
///
/// # Errors
/// If the golden archive cannot be read.
pub fn seeds(repository: &Path) -> io::Result<BTreeMap<&'static str, Vec<Vec<u8>>>> {
    let archive = fs::read(repository.join("tests/golden/schema-1.tar"))?;
    let mut seeds: BTreeMap<&'static str, Vec<Vec<u8>>> = BTreeMap::new();
    for entry in tar::Archive::new(archive.as_slice()).entries()? {
        let mut entry = entry?;
        let name = entry
            .path()?
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content)?;
        match name.as_str() {
            "journal.jsonl" => seeds.entry("journal").or_default().extend(journal_parts(&content)),
            "result.json" => seeds.entry("result").or_default().push(content),
            "run.toml" => seeds.entry("settings").or_default().push(content),
            _ => {}
        }
    }
    seeds.insert("archive", vec![small_archive(&archive)?]);
    seeds.insert("graph_document", vec![graph()?]);
    let lines = [
        json!({ "jsonrpc": "2.0", "id": 1, "method": "sandbox.run", "params": { "script": "print(1)" } }),
        json!({ "jsonrpc": "2.0", "id": 1, "result": { "messages": [{ "type": "remark", "text": "a" }] } }),
        json!({ "jsonrpc": "2.0", "id": 1, "error": { "code": -32600, "message": "no" } }),
        json!({ "jsonrpc": "2.0", "method": "log", "params": { "level": "info", "text": "a" } }),
    ];
    seeds.insert(
        "plugin_wire",
        lines.iter().map(|line| line.to_string().into_bytes()).collect(),
    );
    Ok(seeds)
}

/// A few lines each, without their checksums, which no change would match.
fn journal_parts(content: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(content);
    let lines: Vec<String> = text
        .lines()
        .filter(|line| !line.contains("\"blob\":"))
        .enumerate()
        .filter_map(|(nth, line)| {
            let (_, rest) = line.split_once(',')?;
            let rest = rest
                .rsplit_once(",\"crc\":")
                .map_or(rest.to_owned(), |(rest, _)| format!("{rest}}}"));
            Some(format!("{{\"seq\":{},{rest}", nth % 4 + 1))
        })
        .collect();
    lines
        .chunks(4)
        .map(|lines| (lines.join("\n") + "\n").into_bytes())
        .collect()
}

/// The smallest files of the archive: a fuzzer is slow on large inputs.
fn small_archive(archive: &[u8]) -> io::Result<Vec<u8>> {
    let mut small = tar::Builder::new(Vec::new());
    for entry in tar::Archive::new(archive).entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content)?;
        if path.ends_with("journal.jsonl") {
            content.truncate(2000);
        }
        if content.len() < 4000 {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            small.append_data(&mut header, &path, content.as_slice())?;
        }
    }
    small.into_inner()
}

fn graph() -> io::Result<Vec<u8>> {
    let mut facts = Facts::default();
    let run = json!({ "name": "r", "n": 3, "p": 0.5, "replicated": true, "runs": ["r"], "levels": ["a", "b"] });
    facts.add_node(Node::new(Label::Run, "run:r").with_properties(run));
    facts.add_node(Node::new(Label::Dataset, "dataset:d").with_properties(json!({ "name": "d" })));
    facts.add_edge(Edge::new(EdgeKind::Uses, "run:r", "dataset:d").with_properties(json!({ "runs": ["r"] })));
    let mut document = Vec::new();
    export_graph(&facts, Format::Jsonld, &mut document)?;
    Ok(document)
}
