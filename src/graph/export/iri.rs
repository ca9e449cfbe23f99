//! The names of nodes, edges, relations and properties on the web of data.

use crate::graph::EdgeKind;

/// The version of what the labels and relations mean, part of their IRIs.
pub(in crate::graph) const VERSION: u64 = 1;
/// Before the version of the schema.
pub(in crate::graph) const SCHEMAS: &str = "urn:kosmos:schema:";
/// Before a label's or a relation's name.
pub(in crate::graph) const SCHEMA: &str = "urn:kosmos:schema:1:";
/// Before a property's encoded name.
pub(in crate::graph) const PROPERTY: &str = "urn:kosmos:schema:1:property:";
/// Before a node's encoded id.
pub(in crate::graph) const NODE: &str = "urn:kosmos:node:";
/// Before the encoded ends and the type of an edge.
pub(in crate::graph) const EDGE: &str = "urn:kosmos:edge:";

/// The IRI of the node of that id.
pub(in crate::graph) fn node_iri(id: &str) -> String {
    format!("{NODE}{}", encode_iri_part(id))
}

/// The id of the node of that IRI.
pub(in crate::graph) fn node_id_of_iri(iri: &str) -> Option<String> {
    decode_iri_part(iri.strip_prefix(NODE)?)
}

/// The IRI of a relation.
pub(in crate::graph) fn relation_iri(kind: EdgeKind) -> String {
    format!("{SCHEMA}{}", kind.name())
}

/// The IRI of an edge; there is one of each type between two nodes.
pub(in crate::graph) fn edge_iri(from: &str, kind: EdgeKind, to: &str) -> String {
    format!(
        "{EDGE}{}/{}/{}",
        encode_iri_part(from),
        kind.name(),
        encode_iri_part(to)
    )
}

/// A text as part of an IRI: letters, digits and `-._~:` as they are, all else by the bytes of its UTF-8 (RFC 3986,
/// 2.1).
pub(in crate::graph) fn encode_iri_part(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// The text that was encoded, if it was.
pub(in crate::graph) fn decode_iri_part(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                let digits = std::str::from_utf8(&digits).ok()?;
                let plain = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
                plain.then(|| u8::from_str_radix(digits, 16).ok())??
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_encoded_and_decoded() {
        let cases = [
            ("finding:h-0:00", "finding:h-0:00"),
            ("a b/c%2F", "a%20b%2Fc%252F"),
            ("é🐧\0\n", "%C3%A9%F0%9F%90%A7%00%0A"),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(encode_iri_part(text), expected);
            assert_eq!(decode_iri_part(expected).as_deref(), Some(text));
        }
        for wrong in ["%", "%4", "%zz", "%+1", "%FF", "a%C3"] {
            assert_eq!(decode_iri_part(wrong), None, "{wrong}");
        }
        assert_eq!(PROPERTY, format!("{SCHEMA}property:"));
        assert_eq!(SCHEMA, format!("{SCHEMAS}{VERSION}:"));
    }

    #[test]
    fn no_id_can_pass_for_another_edges() {
        let a = edge_iri("run:1/USES/dataset:1", EdgeKind::Uses, "dataset:2");
        let b = edge_iri("run:1", EdgeKind::Uses, "dataset:1/USES/dataset:2");
        assert_ne!(a, b);
    }
}
