//! Keys of edges.

use crate::graph::{EdgeKind, GraphError};

/// The key of an edge; a prefix of keys where `far` is empty.
pub(super) fn edge_key(near: &str, kind: EdgeKind, far: &str) -> Vec<u8> {
    let mut key = escape_separator(near);
    key.push(0);
    key.extend(kind.name().as_bytes());
    key.push(0);
    key.extend(escape_separator(far));
    key
}

/// The text without the byte that parts keys.
pub(super) fn escape_separator(text: &str) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            0 | 1 => escaped.extend([1, byte + 1]),
            byte => escaped.push(byte),
        }
    }
    escaped
}

pub(super) fn unescape_separator(escaped: &[u8]) -> Result<String, GraphError> {
    let mut bytes = escaped.iter().copied();
    let mut plain = Vec::with_capacity(escaped.len());
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            1 => bytes.next().map_or(1, |next| next.saturating_sub(1)),
            byte => byte,
        });
    }
    String::from_utf8(plain).map_err(|error| GraphError::Id { id: error.to_string() })
}

pub(super) fn split_key(key: &[u8]) -> Result<(String, EdgeKind, String), GraphError> {
    let mut parts = key.splitn(3, |byte| *byte == 0);
    let near = unescape_separator(parts.next().unwrap_or_default())?;
    let kind = parts
        .next()
        .and_then(|kind| EdgeKind::of(std::str::from_utf8(kind).ok()?));
    let kind = kind.ok_or_else(|| GraphError::Id { id: near.clone() })?;
    let far = unescape_separator(parts.next().unwrap_or_default())?;
    Ok((near, kind, far))
}
