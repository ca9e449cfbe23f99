//! A node or an edge with properties, from its JSON.

use serde_json::{Map, Value};

use super::{ImportError, Key};
use crate::graph::{Label, Node, Relation, export::iri};

/// A member of the document's graph.
pub enum Member {
    /// A node and where its edges go.
    Node(Node, Vec<(Relation, String)>),
    /// An edge that has properties.
    Statement(Statement),
}

/// Properties of an edge.
pub struct Statement {
    /// Its IRI.
    pub id: String,
    pub key: Key,
    pub properties: Map<String, Value>,
}

pub fn read(mut member: Map<String, Value>) -> Result<Member, ImportError> {
    let Some(Value::String(id)) = member.remove("@id") else {
        return Err(ImportError::Id { id: String::new() });
    };
    if id.starts_with(iri::EDGE) {
        statement(id, member).map(Member::Statement)
    } else {
        node(&id, member)
    }
}

fn node(id: &str, mut member: Map<String, Value>) -> Result<Member, ImportError> {
    let wrong_id = || ImportError::Id { id: id.to_owned() };
    let own = iri::node_id(id).ok_or_else(wrong_id)?;
    let types = member.remove("@type").unwrap_or_default();
    let mut labels = list(&types).filter_map(|each| each.as_str()?.strip_prefix("kosmos:"));
    let name = labels.next().ok_or_else(|| wrong(id, "@type"))?;
    let label = Label::ALL.into_iter().find(|label| label.name() == name);
    let label = label.ok_or_else(|| ImportError::Label {
        id: id.to_owned(),
        label: name.to_owned(),
    })?;
    if Label::of(&own).ok() != Some(label) || labels.next().is_some() {
        return Err(wrong_id());
    }
    let mut node = Node::new(label, &own);
    let mut edges = Vec::new();
    for (term, held) in member {
        if let Some(name) = term.strip_prefix("property:") {
            property(&mut node.properties, id, &term, name, held)?;
        } else if let Some(name) = term.strip_prefix("kosmos:") {
            let kind = relation(id, name)?;
            for object in list(&held) {
                let to = object_id(object).ok_or_else(|| wrong(id, &term))?;
                let ours = Label::of(&to).is_ok();
                edges.push((kind, ours.then_some(to).ok_or_else(|| wrong(id, &term))?));
            }
        } else if !(term.starts_with("prov:") || term == "@reverse") {
            // Those say again what the edges say.
            return Err(wrong(id, &term));
        }
    }
    Ok(Member::Node(node, edges))
}

fn statement(id: String, member: Map<String, Value>) -> Result<Statement, ImportError> {
    let mut properties = Map::new();
    let (mut from, mut kind, mut to) = (None, None, None);
    for (term, held) in member {
        match term.as_str() {
            "rdf:subject" => from = object_id(&held),
            "rdf:object" => to = object_id(&held),
            "rdf:predicate" => {
                let name = held.get("@id").and_then(Value::as_str).unwrap_or_default();
                let name = name.strip_prefix(iri::SCHEMA).ok_or_else(|| wrong(&id, &term))?;
                kind = Some(relation(&id, name)?);
            }
            "@type" if held == "rdf:Statement" => {}
            _ => match term.strip_prefix("property:") {
                Some(name) => property(&mut properties, &id, &term, name, held)?,
                None => return Err(wrong(&id, &term)),
            },
        }
    }
    match (from, kind, to) {
        (Some(from), Some(kind), Some(to)) if iri::edge(&from, kind, &to) == id => Ok(Statement {
            id,
            key: (from, kind.name(), to),
            properties,
        }),
        _ => Err(ImportError::Id { id }),
    }
}

fn wrong(id: &str, member: &str) -> ImportError {
    ImportError::Member {
        id: id.to_owned(),
        member: member.to_owned(),
    }
}

fn relation(id: &str, name: &str) -> Result<Relation, ImportError> {
    let found = Relation::ALL.into_iter().find(|kind| kind.name() == name);
    found.ok_or_else(|| ImportError::Relation {
        id: id.to_owned(),
        relation: name.to_owned(),
    })
}

/// What stands in a list, or by itself.
fn list(held: &Value) -> impl Iterator<Item = &Value> {
    match held {
        Value::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    }
    .iter()
}

/// The node that an object such as `{"@id": "urn:kosmos:node:..."}` means.
fn object_id(object: &Value) -> Option<String> {
    iri::node_id(
        object
            .as_object()
            .filter(|object| object.len() == 1)?
            .get("@id")?
            .as_str()?,
    )
}

fn property(
    properties: &mut Map<String, Value>,
    id: &str,
    term: &str,
    name: &str,
    held: Value,
) -> Result<(), ImportError> {
    let name = iri::decoded(name).ok_or_else(|| wrong(id, term))?;
    let value = value(held).ok_or_else(|| wrong(id, term))?;
    match properties.insert(name, value) {
        None => Ok(()),
        Some(_) => Err(wrong(id, term)),
    }
}

fn value(held: Value) -> Option<Value> {
    match held {
        Value::Object(mut object) if object.len() == 1 => match object.remove("@list")? {
            Value::Array(items) => Some(Value::Array(items.into_iter().map(scalar).collect::<Option<_>>()?)),
            _ => None,
        },
        other => scalar(other),
    }
}

fn scalar(held: Value) -> Option<Value> {
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
