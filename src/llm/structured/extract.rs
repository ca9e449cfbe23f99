//! Extracts JSON from a reply: from prose, from code fences or after the reasoning.

use serde_json::Value;

/// Maximum number of positions that are tried as the start of JSON: a hostile reply can hold millions.
const TRIES: usize = 200;

/// JSON values in a reply, the most likely first: the whole reply, then what follows the reasoning, then objects and
/// arrays in order, objects first.
pub(super) fn json_candidates(text: &str) -> Vec<Value> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        // A string that contains JSON, as some models send it.
        if let Value::String(inner) = &value
            && let Ok(unwrapped @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(inner)
        {
            return vec![unwrapped, value];
        }
        return vec![value];
    }
    let answer = after_reasoning(text);
    let mut found = json_pieces(answer);
    if found.is_empty() && answer.len() < text.len() {
        found = json_pieces(text);
    }
    // A stable sort keeps the order among objects and among arrays.
    found.sort_by_key(|value| !value.is_object());
    found
}

/// The reason why a reply has no JSON.
pub(super) fn why_no_json(text: &str) -> String {
    if text.trim().is_empty() {
        "the answer is empty".to_owned()
    } else if text.contains('{') {
        "no JSON object in the answer is whole".to_owned()
    } else {
        "there is no JSON in the answer".to_owned()
    }
}

fn after_reasoning(text: &str) -> &str {
    ["</think>", "</thinking>", "</reasoning>", "<|message|>"]
        .iter()
        .filter_map(|end| Some(text.rfind(end)? + end.len()))
        .max()
        .and_then(|at| text.get(at..))
        .unwrap_or(text)
}

fn json_pieces(text: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let (mut from, mut tries) = (0, 0);
    while let Some(rest) = text.get(from..)
        && let Some(start) = rest.find(['{', '['])
        && tries < TRIES
    {
        tries += 1;
        let Some(piece) = rest.get(start..) else { break };
        let mut values = serde_json::Deserializer::from_str(piece).into_iter::<Value>();
        match values.next() {
            Some(Ok(value)) => {
                from += start + values.byte_offset().max(1);
                found.push(value);
            }
            _ => from += start + 1,
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn finds_pieces_in_prose() {
        let table = [
            ("{\"a\": 1}", vec![json!({"a": 1})]),
            ("\"{\\\"a\\\": 1}\"", vec![json!({"a": 1}), json!("{\"a\": 1}")]),
            (
                "see [1] and {\"a\": {\"b\": 2}} or {\"c\": 3}",
                vec![json!({"a": {"b": 2}}), json!({"c": 3}), json!([1])],
            ),
            ("```json\n{\"a\": \"}\"}\n```", vec![json!({"a": "}"})]),
            ("{broken {\"a\": 1}", vec![json!({"a": 1})]),
            ("<think>{\"a\": 0}</think>{\"a\": 1}", vec![json!({"a": 1})]),
            ("<think>{\"a\": 0}</think>", vec![json!({"a": 0})]),
            ("nothing", vec![]),
            ("größer {\"ä\": \"ö\"}", vec![json!({"ä": "ö"})]),
        ];
        for (text, expected) in table {
            assert_eq!(json_candidates(text), expected, "{text}");
        }
    }

    #[test]
    fn hostile_texts_are_not_searched_for_long() {
        let start = std::time::Instant::now();
        for text in [
            "{".repeat(4 << 20),
            "[".repeat(4 << 20),
            "{\"a\":".repeat(1 << 20),
            "[\"aaaa".repeat(1 << 19),
        ] {
            assert!(json_candidates(&text).is_empty());
        }
        assert!(
            start.elapsed() < std::time::Duration::from_secs(20),
            "{:?}",
            start.elapsed()
        );
    }
}
