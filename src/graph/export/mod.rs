//! The graph as a document for other programs and for people: each file writes one format.
//!
//! All formats write the same thing, the graph as a store would give it back: nodes in order of id, edges in order of
//! beginning, type and end, what is given twice merged, and the end of an edge that is no node made one. So the same
//! facts give the same bytes.

mod cypher;
mod graphml;
mod html;
pub(super) mod iri;
mod jsonld;
mod ordered;
mod sample;

use std::{
    fmt,
    io::{self, BufWriter, Write},
    str::FromStr,
};

use super::{Facts, Label};
pub(super) use ordered::Ordered;

/// The formats of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Statements for Neo4j and other servers that speak Cypher, each on a line of its own that ends with `;`. No text
    /// breaks a line, so a program may split the document at its newlines.
    ///
    /// Constraints come first, then nodes and edges, merged by id as the lab itself does it, so that a replay adds to
    /// what is there. Floats come back as the same floats, integers as integers, lists as lists, and every text as it
    /// was. Content that no such server can hold is an error: a property without a name, or whose name has a control
    /// character or
    /// `\u`; and a node's property `id`, because the node's own id has that name there. Neo4j itself, unlike the lab,
    /// refuses lists that mix types, and makes floats of the integers in a list that has both.
    Cypher,
    /// GraphML for networkx, Gephi, yEd and others, with every property typed: `string`, `boolean`, `long` or `double`.
    ///
    /// `label` holds a node's label and an edge's type. A list is JSON text in a string property named `NAME.json`; a
    /// property that is called `label`, or whose own name ends in `.json` or `.text`, is named `NAME.text`. What XML
    /// cannot hold (control characters other than tab and line ends, U+FFFE, U+FFFF) is written as `_xHHHH_`, its
    /// number in hexadecimal, and a `_` that would begin such a sign as `_x005F_`.
    Graphml,
    /// JSON-LD 1.1 that keeps everything and can be imported again; provenance in the words of W3C's PROV-O.
    ///
    /// Nodes are `urn:kosmos:node:` and the percent-encoded id, types and relations `urn:kosmos:schema:1:` and the
    /// name, properties `urn:kosmos:schema:1:property:` and the percent-encoded name. An edge is a triple; one with
    /// properties is also an `rdf:Statement` with an IRI of its own, which carries them. Integers and floats are
    /// typed values with their exact digits, lists are `@list`. Control characters are JSON's `\u00HH`.
    Jsonld,
    /// A page for people, with everything in it, to look at and search the graph without a network.
    ///
    /// It shows at most two thousand nodes, those that say most first, and long texts and lists shortened; it says
    /// what it leaves out. Control characters and marks that turn the direction of text are shown as U+FFFD.
    Html,
}

/// A format that there is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{asked}` is no format of the graph: it can be cypher, graphml, jsonld or html")]
pub struct UnknownFormat {
    /// The requested name.
    pub asked: String,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Cypher, Self::Graphml, Self::Jsonld, Self::Html];

    /// As it is asked for.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cypher => "cypher",
            Self::Graphml => "graphml",
            Self::Jsonld => "jsonld",
            Self::Html => "html",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(asked: &str) -> Result<Self, UnknownFormat> {
        let found = Self::ALL.into_iter().find(|format| format.name() == asked);
        found.ok_or_else(|| UnknownFormat {
            asked: asked.to_owned(),
        })
    }
}

/// Why facts cannot be written in a format that they are asked for in.
#[derive(Debug, thiserror::Error)]
#[error("the property `{name}` of `{id}` has a name that Cypher cannot keep; export as jsonld instead")]
struct Unnameable {
    id: String,
    name: String,
}

/// Writes the graph as it goes: it takes little memory besides the facts.
///
/// # Errors
/// Errors of `out`; [`io::ErrorKind::InvalidInput`] with a [`super::GraphError`] for facts that no store keeps
/// ([`Facts::check_storable`]), and for names that [`Format::Cypher`] cannot keep.
pub fn export_graph(facts: &Facts, format: Format, out: &mut dyn Write) -> io::Result<()> {
    facts.check_storable().map_err(invalid_data)?;
    let ordered = Ordered::from_facts(facts).map_err(invalid_data)?;
    let mut out = BufWriter::with_capacity(64 * 1024, out);
    match format {
        Format::Cypher => cypher::write_cypher(&ordered, &mut out)?,
        Format::Graphml => graphml::write_graphml(&ordered, &mut out)?,
        Format::Jsonld => jsonld::write_jsonld(&ordered, &mut out)?,
        Format::Html => html::write_html(&ordered, &mut out)?,
    }
    out.flush()
}

fn invalid_data(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
}

/// The label of an edge's end, which [`Facts::check_storable`] has found to have one.
fn label_of_end(id: &str) -> io::Result<Label> {
    Label::of_node_id(id).map_err(invalid_data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Node;
    use serde_json::json;

    #[test]
    fn formats_are_asked_for_by_name() {
        for format in Format::ALL {
            assert_eq!(format.name().parse(), Ok(format));
        }
        let error = "gexf".parse::<Format>().unwrap_err().to_string();
        for format in Format::ALL {
            assert!(error.contains(format.name()), "{error}");
        }
    }

    #[test]
    fn what_no_store_keeps_is_not_written() {
        let mut facts = Facts::default();
        facts.add_node(Node::new(Label::Run, "run:1").with_properties(json!({ "deep": [[1]] })));
        for format in Format::ALL {
            let mut out = Vec::new();
            let error = export_graph(&facts, format, &mut out).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(error.to_string().contains("`deep` of `run:1`"), "{error}");
            assert!(out.is_empty());
        }
    }
}
