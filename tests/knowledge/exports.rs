//! The graph's exports, read by other programs.

use std::{collections::BTreeSet, process::Command, time::Duration};

use kosmos::graph::{EdgeKind, EmbeddedGraph, Facts, Format, GraphStore, Label, export_graph};
use serde_json::{Map, Value, json};

use super::samples::{hostile, penguins};
use kosmos_testing::service::find_service;

fn exported(facts: &Facts, format: Format) -> String {
    let mut out = Vec::new();
    export_graph(facts, format, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The same facts as a store gives them back.
async fn dump(facts: &Facts) -> Facts {
    let folder = tempfile::tempdir().unwrap();
    let store = EmbeddedGraph::open(folder.path()).unwrap();
    store.merge(facts.clone()).await.unwrap();
    store.dump().await.unwrap()
}

/// What a Python script of ours reads in a document; nothing, loudly, where its Python is missing.
fn read(script: &str, document: &str) -> Option<Value> {
    let python = find_service("KOSMOS_TEST_READERS", "Python with networkx and rdflib")?;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("document");
    std::fs::write(&path, document).unwrap();
    let scripts = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/knowledge/readers/");
    let output = Command::new(python)
        .args(["-I", "-W", "error::UserWarning"])
        .arg(format!("{scripts}{script}"))
        .arg(&path)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn the_order_of_facts_makes_no_difference() {
    let facts = penguins();
    let mut turned = facts.clone();
    turned.nodes.reverse();
    turned.edges.reverse();
    for format in Format::ALL {
        assert!(exported(&facts, format) == exported(&turned, format), "{format}");
    }
}

mod graphml {
    use super::*;

    #[tokio::test]
    async fn networkx_reads_a_run() {
        same(&penguins()).await;
    }

    #[tokio::test]
    async fn networkx_reads_hostile_texts() {
        same(&hostile()).await;
    }

    async fn same(facts: &Facts) {
        let Some(read) = read("graphml.py", &exported(facts, Format::Graphml)) else {
            return;
        };
        let dump = dump(facts).await;
        let nodes = read["nodes"].as_object().unwrap();
        assert_eq!(nodes.len(), dump.nodes.len());
        let nodes: Map<String, Value> = nodes.iter().map(|(id, data)| (held(id), data.clone())).collect();
        for node in &dump.nodes {
            assert_eq!(
                unescaped(&nodes[&node.id]),
                expected(node.label.name(), &node.properties),
                "{}",
                node.id
            );
        }
        let edges = read["edges"].as_array().unwrap();
        assert_eq!(edges.len(), dump.edges.len());
        let texts = |edge: &Value| {
            let [from, to] = [0, 1].map(|at| held(edge[at].as_str().unwrap()));
            (from, edge[3]["label"].as_str().unwrap().to_owned(), to)
        };
        let mut edges: Vec<_> = edges.iter().map(|edge| (texts(edge), unescaped(&edge[3]))).collect();
        edges.sort_by(|a, b| a.0.cmp(&b.0));
        for (edge, (key, data)) in dump.edges.iter().zip(edges) {
            assert_eq!(key, (edge.from.clone(), edge.kind.name().to_owned(), edge.to.clone()));
            assert_eq!(data, expected(edge.kind.name(), &edge.properties), "{key:?}");
        }
    }

    /// As the format's documentation says.
    fn expected(label: &str, properties: &Map<String, Value>) -> String {
        let mut all = Map::new();
        all.insert("label".to_owned(), label.into());
        for (name, value) in properties {
            let ours = name == "label" || name.ends_with(".json") || name.ends_with(".text");
            match value {
                Value::Array(_) => all.insert(format!("{name}.json"), value.clone()),
                _ if ours => all.insert(format!("{name}.text"), value.clone()),
                _ => all.insert(name.clone(), value.clone()),
            };
        }
        Value::Object(all).to_string()
    }

    /// What networkx read, lists as lists. As text, in which -0.0 is not 0.0, nor 3.0 the same as 3.
    fn unescaped(data: &Value) -> String {
        let pair = |(name, value): (&String, &Value)| {
            let name = held(name);
            let value = match value {
                Value::String(text) if name.ends_with(".json") => serde_json::from_str(&held(text)).unwrap(),
                Value::String(text) => held(text).into(),
                other => other.clone(),
            };
            (name, value)
        };
        let all: Map<String, Value> = data.as_object().unwrap().iter().map(pair).collect();
        Value::Object(all).to_string()
    }

    /// A text with its `_xHHHH_` undone.
    fn held(text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("_x") {
            let (before, sign) = rest.split_at(at);
            out.push_str(before);
            let digits = sign
                .get(2..6)
                .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
            match digits.filter(|_| sign.as_bytes().get(6) == Some(&b'_')) {
                Some(digits) => {
                    out.push(char::from_u32(u32::from_str_radix(digits, 16).unwrap()).unwrap());
                    rest = &sign[7..];
                }
                None => {
                    out.push('_');
                    rest = &sign[1..];
                }
            }
        }
        out + rest
    }
}

mod jsonld {
    use super::*;

    #[tokio::test]
    async fn rdflib_reads_a_run() {
        let provenance = same(&penguins()).await;
        let Some(provenance) = provenance else { return };
        // The three results, each from the experiment that left it.
        let said = |term: &str| provenance.iter().filter(|triple| triple.contains(term)).count();
        assert_eq!(said("prov#wasGeneratedBy"), 3);
        assert_eq!(said("prov#wasDerivedFrom"), 2);
        assert_eq!(said("prov#wasAttributedTo"), 3);
        assert_eq!(said("prov#wasInformedBy"), 3);
        assert_eq!(said("prov#used"), 4);
        let of_result = "[\"urn:kosmos:node:result:e-h-01:h-01\",\"http://www.w3.org/ns/prov#wasGeneratedBy\",\
                         {\"iri\":\"urn:kosmos:node:experiment:e-h-01\"}]";
        assert!(provenance.contains(of_result));
    }

    #[tokio::test]
    async fn rdflib_reads_hostile_texts() {
        same(&hostile()).await;
    }

    /// All triples but those of provenance must be as expected; those are given back.
    async fn same(facts: &Facts) -> Option<BTreeSet<String>> {
        let read = read("jsonld.py", &exported(facts, Format::Jsonld))?;
        let all: BTreeSet<String> = read.as_array().unwrap().iter().map(Value::to_string).collect();
        let (provenance, others) = all
            .into_iter()
            .partition(|triple| triple.contains(",\"http://www.w3.org/ns/prov#"));
        let expected = expected(&dump(facts).await);
        let missing: Vec<_> = expected.difference(&others).take(3).collect();
        let foreign: Vec<_> = others.difference(&expected).take(3).collect();
        assert!(
            missing.is_empty() && foreign.is_empty(),
            "missing {missing:?}, foreign {foreign:?}"
        );
        Some(provenance)
    }

    const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";

    fn expected(dump: &Facts) -> BTreeSet<String> {
        let mut triples = BTreeSet::new();
        let mut say = |subject: &str, predicate: &str, value: Value| {
            triples.insert(json!([subject, predicate, value]).to_string());
        };
        let schema = |name: &str| format!("urn:kosmos:schema:1:{name}");
        let iri = |iri: String| json!({ "iri": iri });
        let rdf = |name: &str| format!("{RDF}{name}");
        for node in &dump.nodes {
            let class = match node.label {
                Label::Run | Label::Experiment => "Activity",
                Label::Agent => "SoftwareAgent",
                _ => "Entity",
            };
            let subject = node_iri(&node.id);
            say(&subject, &rdf("type"), iri(schema(node.label.name())));
            say(
                &subject,
                &rdf("type"),
                iri(format!("http://www.w3.org/ns/prov#{class}")),
            );
            for (name, value) in &node.properties {
                say(&subject, &schema(&format!("property:{}", encoded(name))), plain(value));
            }
        }
        for edge in &dump.edges {
            let (from, relation, to) = (node_iri(&edge.from), schema(edge.kind.name()), node_iri(&edge.to));
            say(&from, &relation, iri(to.clone()));
            if edge.properties.is_empty() {
                continue;
            }
            let own = format!(
                "urn:kosmos:edge:{}/{}/{}",
                encoded(&edge.from),
                edge.kind.name(),
                encoded(&edge.to)
            );
            say(&own, &rdf("type"), iri(rdf("Statement")));
            say(&own, &rdf("subject"), iri(from));
            say(&own, &rdf("predicate"), iri(relation));
            say(&own, &rdf("object"), iri(to));
            for (name, value) in &edge.properties {
                say(&own, &schema(&format!("property:{}", encoded(name))), plain(value));
            }
        }
        triples
    }

    fn plain(value: &Value) -> Value {
        match value {
            Value::Array(items) => json!({ "list": items.iter().map(plain).collect::<Vec<_>>() }),
            Value::Bool(held) => json!({ "boolean": held.to_string() }),
            Value::Number(number) if number.is_f64() => {
                json!({ "double": number.as_f64().unwrap().to_bits().to_string() })
            }
            Value::Number(number) => json!({ "integer": number.to_string() }),
            other => json!({ "text": other }),
        }
    }

    fn node_iri(id: &str) -> String {
        format!("urn:kosmos:node:{}", encoded(id))
    }

    fn encoded(text: &str) -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte);
        let one = |byte: u8| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        };
        text.bytes().map(one).collect()
    }
}

mod server {
    use super::*;
    use crate::lab::open_store;
    use kosmos_testing::bolt_server::BoltServer;

    #[tokio::test]
    async fn statements_replay_a_run() {
        replay("statements_replay_a_run", &penguins()).await;
    }

    #[tokio::test]
    async fn statements_replay_hostile_texts() {
        replay("statements_replay_hostile_texts", &hostile()).await;
    }

    async fn replay(test: &str, facts: &Facts) {
        let Some(server) = BoltServer::with_database(test) else {
            return;
        };
        let store = open_store(&server).await;
        assert_eq!(
            store.dump().await.unwrap(),
            Facts::default(),
            "the tests' database must be empty"
        );
        let mut config = neo4rs::ConfigBuilder::default()
            .uri(&server.uri)
            .user(&server.user)
            .password(&server.password)
            // The largest statements take half a minute on a busy machine.
            .connection_timeout(Duration::from_secs(300));
        if let Some(database) = &server.database {
            config = config.db(database.as_str());
        }
        let graph = neo4rs::Graph::connect(config.build().unwrap()).unwrap();
        let statements = exported(facts, Format::Cypher);
        // Twice: what is there already stays as it is.
        for statement in statements.lines().chain(statements.lines()) {
            let statement = statement.strip_suffix(';').unwrap();
            if let Err(error) = graph.run(neo4rs::Query::new(statement.to_owned())).await {
                let start: String = statement.chars().take(2000).collect();
                panic!("{error}: {start}");
            }
        }
        let (found, expected) = (store.dump().await.unwrap(), dump(facts).await);
        store.clear().await.unwrap();
        assert_eq!(found.nodes.len(), expected.nodes.len());
        for (found, expected) in found.nodes.iter().zip(&expected.nodes) {
            assert_eq!(json!(found).to_string(), json!(expected).to_string());
        }
        assert_eq!(found.edges.len(), expected.edges.len());
        for (found, expected) in found.edges.iter().zip(&expected.edges) {
            assert_eq!(json!(found).to_string(), json!(expected).to_string());
        }
    }
}

#[test]
fn relations_that_the_samples_use_are_all_there_is_to_provenance() {
    // So that the counts above speak of each of them.
    let kinds: BTreeSet<EdgeKind> = penguins().edges.iter().map(|edge| edge.kind).collect();
    for kind in [
        EdgeKind::Uses,
        EdgeKind::Produced,
        EdgeKind::DerivedFrom,
        EdgeKind::ProposedBy,
        EdgeKind::SpawnedBy,
    ] {
        assert!(kinds.contains(&kind), "{}", kind.name());
    }
}
