//! JSON-LD with PROV-O; [`super::super::import()`] reads it.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::{Ordered, iri, label_of_end};
use crate::graph::{Edge, EdgeKind, Label, Node};

/// One member of `@graph` a line: a node with what goes out from it, then the edges of it that have properties.
pub(super) fn write_jsonld(graph: &Ordered<'_>, out: &mut dyn Write) -> io::Result<()> {
    let context = json!({
        "@version": 1.1,
        "kosmos": iri::SCHEMA,
        "property": iri::PROPERTY,
        "prov": "http://www.w3.org/ns/prov#",
        "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
    });
    write!(out, "{{\"@context\":{context},\n\"@graph\":[")?;
    let mut edges = graph.edges.as_slice();
    let mut separator = "\n";
    for node in &graph.nodes {
        let count = edges.iter().take_while(|edge| edge.from == node.id).count();
        let (outgoing, rest) = edges.split_at_checked(count).unwrap_or((edges, &[]));
        edges = rest;
        let mut member = |member: Value| {
            out.write_all(separator.as_bytes())?;
            separator = ",\n";
            serde_json::to_writer(&mut *out, &member).map_err(io::Error::from)
        };
        member(node_member(node, outgoing.iter().map(|edge| &**edge))?)?;
        for edge in outgoing.iter().filter(|edge| !edge.properties.is_empty()) {
            member(edge_statement(edge))?;
        }
    }
    out.write_all(b"\n]}\n")
}

fn node_member<'g>(node: &Node, outgoing: impl Iterator<Item = &'g Edge>) -> io::Result<Value> {
    let mut member = property_members(&node.properties);
    member.insert("@id".to_owned(), iri::node_iri(&node.id).into());
    let types = json!([format!("kosmos:{}", node.label.name()), prov_class(node.label)]);
    member.insert("@type".to_owned(), types);
    for edge in outgoing {
        let object = json!({ "@id": iri::node_iri(&edge.to) });
        match prov_relation(node.label, edge.kind, label_of_end(&edge.to)?) {
            Some(Prov::Forwards(term)) => push_object(&mut member, term, object.clone()),
            Some(Prov::Backwards(term)) => {
                let reverse = member.entry("@reverse").or_insert_with(|| json!({}));
                if let Some(reverse) = reverse.as_object_mut() {
                    push_object(reverse, term, object.clone());
                }
            }
            None => {}
        }
        push_object(&mut member, &format!("kosmos:{}", edge.kind.name()), object);
    }
    Ok(Value::Object(member))
}

fn push_object(member: &mut Map<String, Value>, term: &str, object: Value) {
    let objects = member.entry(term).or_insert_with(|| json!([]));
    if let Some(objects) = objects.as_array_mut() {
        objects.push(object);
    }
}

/// An edge as a thing that has properties.
fn edge_statement(edge: &Edge) -> Value {
    let mut member = property_members(&edge.properties);
    member.insert("@id".to_owned(), iri::edge_iri(&edge.from, edge.kind, &edge.to).into());
    member.insert("@type".to_owned(), "rdf:Statement".into());
    for (part, iri) in [
        ("rdf:subject", iri::node_iri(&edge.from)),
        ("rdf:predicate", iri::relation_iri(edge.kind)),
        ("rdf:object", iri::node_iri(&edge.to)),
    ] {
        member.insert(part.to_owned(), json!({ "@id": iri }));
    }
    Value::Object(member)
}

fn property_members(properties: &Map<String, Value>) -> Map<String, Value> {
    let pair =
        |(name, held): (&String, &Value)| (format!("property:{}", iri::encode_iri_part(name)), property_value(held));
    properties.iter().map(pair).collect()
}

/// Numbers by their digits: a JSON number would become a float of fifteen of them.
fn property_value(held: &Value) -> Value {
    match held {
        Value::Array(items) => json!({ "@list": items.iter().map(property_value).collect::<Vec<_>>() }),
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() => json!({ "@type": "xsd:double", "@value": format!("{float:?}") }),
            _ => json!({ "@type": "xsd:integer", "@value": number.to_string() }),
        },
        other => other.clone(),
    }
}

/// Gives the PROV-O class of a node.
fn prov_class(label: Label) -> &'static str {
    match label {
        Label::Run | Label::Experiment => "prov:Activity",
        Label::Agent => "prov:SoftwareAgent",
        _ => "prov:Entity",
    }
}

enum Prov {
    Forwards(&'static str),
    Backwards(&'static str),
}

/// Gives the PROV-O relation of an edge, if its ends allow one.
fn prov_relation(from: Label, kind: EdgeKind, to: Label) -> Option<Prov> {
    match (prov_class(from), kind, prov_class(to)) {
        ("prov:Activity", EdgeKind::Uses, "prov:Entity") => Some(Prov::Forwards("prov:used")),
        ("prov:Activity", EdgeKind::Produced, "prov:Entity") => Some(Prov::Backwards("prov:wasGeneratedBy")),
        ("prov:Entity", EdgeKind::DerivedFrom, "prov:Entity") => Some(Prov::Forwards("prov:wasDerivedFrom")),
        ("prov:Entity", EdgeKind::ProposedBy, "prov:SoftwareAgent") => Some(Prov::Forwards("prov:wasAttributedTo")),
        ("prov:Activity", EdgeKind::SpawnedBy, "prov:Activity") => Some(Prov::Forwards("prov:wasInformedBy")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_digits_and_lists_their_order() {
        let cases = [
            (json!(0.1), json!({ "@type": "xsd:double", "@value": "0.1" })),
            (json!(-0.0), json!({ "@type": "xsd:double", "@value": "-0.0" })),
            (json!(1.0), json!({ "@type": "xsd:double", "@value": "1.0" })),
            (
                json!(i64::MIN),
                json!({ "@type": "xsd:integer", "@value": "-9223372036854775808" }),
            ),
            (json!([]), json!({ "@list": [] })),
            (json!(["b", true]), json!({ "@list": ["b", true] })),
        ];
        for (held, expected) in cases {
            assert_eq!(property_value(&held), expected);
        }
    }

    #[test]
    fn provenance_is_claimed_only_between_ends_that_it_allows() {
        assert!(matches!(
            prov_relation(Label::Run, EdgeKind::Uses, Label::Dataset),
            Some(Prov::Forwards("prov:used"))
        ));
        assert!(matches!(
            prov_relation(Label::Experiment, EdgeKind::Produced, Label::Result),
            Some(Prov::Backwards("prov:wasGeneratedBy"))
        ));
        assert!(prov_relation(Label::Experiment, EdgeKind::DerivedFrom, Label::Run).is_none());
        assert!(prov_relation(Label::Hypothesis, EdgeKind::SpawnedBy, Label::Question).is_none());
        assert!(prov_relation(Label::Result, EdgeKind::Supports, Label::Hypothesis).is_none());
    }
}
