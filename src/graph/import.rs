//! Reads an exported JSON-LD document back.

mod error;
mod member;

use std::{
    collections::BTreeMap,
    fmt,
    io::{BufReader, Read},
};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::{
    Edge, EdgeKind, Facts, Node,
    export::iri::{self, SCHEMAS, VERSION},
};
pub use error::ImportError;
use member::EdgeStatement;

/// Reads what [`super::export_graph`] has written as [`super::Format::Jsonld`]: the same facts, in the order of a dump.
///
/// It reads this form of JSON-LD and no other: members may be in another order, and white space elsewhere.
///
/// # Errors
/// [`ImportError`] for whatever is of another form; nothing is guessed and nothing left out.
pub fn import_jsonld(document: &mut dyn Read) -> Result<Facts, ImportError> {
    let mut reader = Reader::default();
    let mut json = serde_json::Deserializer::from_reader(BufReader::new(document));
    let read = Document(&mut reader).deserialize(&mut json).and_then(|()| json.end());
    // What was found to be wrong passed through the parser, which knows no more of it than that.
    if let Some(refused) = reader.refused {
        return Err(refused);
    }
    read.map_err(|error| match error.classify() {
        serde_json::error::Category::Io => ImportError::Read(error.into()),
        serde_json::error::Category::Data => ImportError::Foreign("it is not one object with @context and @graph"),
        _ => ImportError::Json(error),
    })?;
    reader.into_facts()
}

/// An edge's beginning, type and end, as a dump sorts them.
type Key = (String, &'static str, String);

#[derive(Default)]
struct Reader {
    ours: bool,
    complete: bool,
    nodes: BTreeMap<String, Node>,
    edges: BTreeMap<Key, Edge>,
    statements: Vec<EdgeStatement>,
    refused: Option<ImportError>,
}

impl Reader {
    /// Whether the document is ours, which its context says.
    fn check_context(&mut self, context: &Value) -> Result<(), ImportError> {
        let schema = context.get("kosmos").and_then(Value::as_str).unwrap_or_default();
        let version = schema.strip_prefix(SCHEMAS).and_then(|rest| rest.strip_suffix(':'));
        match version.and_then(|version| version.parse::<u64>().ok()) {
            None => Err(ImportError::Foreign("its @context names no schema of Kosmos")),
            Some(found) if found > VERSION => Err(ImportError::Newer { found, known: VERSION }),
            Some(found) if found < VERSION => Err(ImportError::Foreign("there is no such version of the schema")),
            Some(_) if context.get("property").and_then(Value::as_str) != Some(iri::PROPERTY) => {
                Err(ImportError::Foreign("its @context gives properties another name"))
            }
            Some(_) => {
                self.ours = true;
                Ok(())
            }
        }
    }

    fn read_member(&mut self, member: Map<String, Value>) -> Result<(), ImportError> {
        match member::read_member(member)? {
            member::Member::Node(node, edges) => {
                for (kind, to) in edges {
                    self.read_edge(&node.id, kind, to)?;
                }
                if let Some(twice) = self.nodes.insert(node.id.clone(), node) {
                    return Err(ImportError::Twice {
                        id: iri::node_iri(&twice.id),
                    });
                }
            }
            member::Member::Statement(statement) => self.statements.push(statement),
        }
        Ok(())
    }

    fn read_edge(&mut self, from: &str, kind: EdgeKind, to: String) -> Result<(), ImportError> {
        let edge = Edge::new(kind, from, &to);
        match self.edges.insert((from.to_owned(), kind.name(), to), edge) {
            None => Ok(()),
            Some(twice) => Err(ImportError::Twice {
                id: iri::edge_iri(&twice.from, twice.kind, &twice.to),
            }),
        }
    }

    fn into_facts(mut self) -> Result<Facts, ImportError> {
        if !(self.ours && self.complete) {
            return Err(ImportError::Foreign("it has no @context and @graph"));
        }
        for EdgeStatement { id, key, properties } in self.statements {
            match self.edges.get_mut(&key) {
                None => return Err(ImportError::NoEdge { id }),
                Some(edge) if !edge.properties.is_empty() => return Err(ImportError::Twice { id }),
                Some(edge) => edge.properties = properties,
            }
        }
        for edge in self.edges.values() {
            let id = || iri::edge_iri(&edge.from, edge.kind, &edge.to);
            if edge.from == edge.to {
                return Err(ImportError::Loop { id: id() });
            }
            if !self.nodes.contains_key(&edge.to) {
                let node = iri::node_iri(&edge.to);
                return Err(ImportError::NoEnd { id: id(), node });
            }
        }
        Ok(Facts {
            nodes: self.nodes.into_values().collect(),
            edges: self.edges.into_values().collect(),
        })
    }

    /// Stops the parser where something is refused.
    fn stop_on_refusal<E: Error>(&mut self, read: Result<(), ImportError>) -> Result<(), E> {
        read.map_err(|refused| {
            self.refused = Some(refused);
            E::custom("refused")
        })
    }
}

/// The document, of which one member at a time is in memory.
struct Document<'r>(&'r mut Reader);

impl<'de> DeserializeSeed<'de> for Document<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with @context and @graph")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "@context" => {
                    let read = self.0.check_context(&map.next_value()?);
                    self.0.stop_on_refusal(read)?;
                }
                "@graph" if self.0.ours => map.next_value_seed(Members(self.0))?,
                "@graph" => self
                    .0
                    .stop_on_refusal(Err(ImportError::Foreign("its @context does not come first")))?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    self.0
                        .stop_on_refusal(Err(ImportError::Foreign("it has more than @context and @graph")))?;
                }
            }
        }
        Ok(())
    }
}

struct Members<'r>(&'r mut Reader);

impl<'de> DeserializeSeed<'de> for Members<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of nodes and edges")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(member) = members.next_element::<Map<String, Value>>()? {
            let read = self.0.read_member(member);
            self.0.stop_on_refusal(read)?;
        }
        self.0.complete = true;
        Ok(())
    }
}
