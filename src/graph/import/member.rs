//! A node or an edge with properties, from its JSON.

use serde_json::{Map, Value};

use super::{ImportError, Key};
use crate::graph::{EdgeKind, Label, Node, SETS, export::iri};

/// A member of the document's graph.
pub enum Member {
    /// A node and where its edges go.
    Node(Node, Vec<(EdgeKind, String)>),
    /// An edge that has properties.
    Statement(EdgeStatement),
}

/// Properties of an edge.
pub struct EdgeStatement {
    /// Its IRI.
    pub id: String,
    pub key: Key,
    pub properties: Map<String, Value>,
}

pub fn read_member(mut member: Map<String, Value>) -> Result<Member, ImportError> {
    let Some(Value::String(id)) = member.remove("@id") else {
        return Err(ImportError::Id { id: String::new() });
    };
    if id.starts_with(iri::EDGE) {
        read_statement(id, member).map(Member::Statement)
    } else {
        read_node(&id, member)
    }
}

fn read_node(id: &str, mut member: Map<String, Value>) -> Result<Member, ImportError> {
    let wrong_id = || ImportError::Id { id: id.to_owned() };
    let own = iri::node_id_of_iri(id).ok_or_else(wrong_id)?;
    let types = member.remove("@type").unwrap_or_default();
    let mut labels = items_of(&types).filter_map(|each| each.as_str()?.strip_prefix("kosmos:"));
    let name = labels.next().ok_or_else(|| wrong_member(id, "@type"))?;
    let label = Label::ALL.into_iter().find(|label| label.name() == name);
    let label = label.ok_or_else(|| ImportError::Label {
        id: id.to_owned(),
        label: name.to_owned(),
    })?;
    if Label::of_node_id(&own).ok() != Some(label) || labels.next().is_some() {
        return Err(wrong_id());
    }
    let mut node = Node::new(label, &own);
    let mut edges = Vec::new();
    for (term, held) in member {
        if let Some(name) = term.strip_prefix("property:") {
            read_property(&mut node.properties, id, &term, name, held)?;
        } else if let Some(name) = term.strip_prefix("kosmos:") {
            let kind = read_relation(id, name)?;
            for object in items_of(&held) {
                let to = object_id(object).ok_or_else(|| wrong_member(id, &term))?;
                let ours = Label::of_node_id(&to).is_ok();
                edges.push((kind, ours.then_some(to).ok_or_else(|| wrong_member(id, &term))?));
            }
        } else if !(term.starts_with("prov:") || term == "@reverse") {
            // Those say again what the edges say.
            return Err(wrong_member(id, &term));
        }
    }
    Ok(Member::Node(node, edges))
}

fn read_statement(id: String, member: Map<String, Value>) -> Result<EdgeStatement, ImportError> {
    let mut properties = Map::new();
    let (mut from, mut kind, mut to) = (None, None, None);
    for (term, held) in member {
        match term.as_str() {
            "rdf:subject" => from = object_id(&held),
            "rdf:object" => to = object_id(&held),
            "rdf:predicate" => {
                let name = held.get("@id").and_then(Value::as_str).unwrap_or_default();
                let name = name.strip_prefix(iri::SCHEMA).ok_or_else(|| wrong_member(&id, &term))?;
                kind = Some(read_relation(&id, name)?);
            }
            "@type" if held == "rdf:Statement" => {}
            _ => match term.strip_prefix("property:") {
                Some(name) => read_property(&mut properties, &id, &term, name, held)?,
                None => return Err(wrong_member(&id, &term)),
            },
        }
    }
    match (from, kind, to) {
        (Some(from), Some(kind), Some(to)) if iri::edge_iri(&from, kind, &to) == id => Ok(EdgeStatement {
            id,
            key: (from, kind.name(), to),
            properties,
        }),
        _ => Err(ImportError::Id { id }),
    }
}

fn wrong_member(id: &str, member: &str) -> ImportError {
    ImportError::Member {
        id: id.to_owned(),
        member: member.to_owned(),
    }
}

fn read_relation(id: &str, name: &str) -> Result<EdgeKind, ImportError> {
    let found = EdgeKind::ALL.into_iter().find(|kind| kind.name() == name);
    found.ok_or_else(|| ImportError::Relation {
        id: id.to_owned(),
        relation: name.to_owned(),
    })
}

/// Gives the items of a list, or a single value as one item.
fn items_of(held: &Value) -> impl Iterator<Item = &Value> {
    match held {
        Value::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    }
    .iter()
}

/// The node that an object such as `{"@id": "urn:kosmos:node:..."}` means.
fn object_id(object: &Value) -> Option<String> {
    iri::node_id_of_iri(
        object
            .as_object()
            .filter(|object| object.len() == 1)?
            .get("@id")?
            .as_str()?,
    )
}

fn read_property(
    properties: &mut Map<String, Value>,
    id: &str,
    term: &str,
    name: &str,
    held: Value,
) -> Result<(), ImportError> {
    let name = iri::decode_iri_part(name).ok_or_else(|| wrong_member(id, term))?;
    let value = read_value(held).ok_or_else(|| wrong_member(id, term))?;
    let is_set_of_texts = || value.as_array().is_some_and(|items| items.iter().all(Value::is_string));
    // Stores need the first name for themselves, and unite the others.
    if name == "id" || (SETS.contains(&name.as_str()) && !is_set_of_texts()) {
        return Err(wrong_member(id, term));
    }
    match properties.insert(name, value) {
        None => Ok(()),
        Some(_) => Err(wrong_member(id, term)),
    }
}

fn read_value(held: Value) -> Option<Value> {
    match held {
        Value::Object(mut object) if object.len() == 1 => match object.remove("@list")? {
            Value::Array(items) => Some(Value::Array(items.into_iter().map(read_scalar).collect::<Option<_>>()?)),
            _ => None,
        },
        other => read_scalar(other),
    }
}

fn read_scalar(held: Value) -> Option<Value> {
    match held {
        Value::String(_) | Value::Bool(_) => Some(held),
        Value::Object(object) if object.len() == 2 => {
            let digits = object.get("@value")?.as_str()?;
            match object.get("@type")?.as_str()? {
                "xsd:integer" => digits.parse::<i64>().ok().map(Value::from),
                // Of these only numbers can be a value: not infinities.
                "xsd:double" => serde_json::Number::from_f64(digits.parse().ok()?).map(Value::Number),
                _ => None,
            }
        }
        _ => None,
    }
}
