//! Events in version 1 of the protocol, made of those of the newest one.
//!
//! Version 1 has neither `analysis`, `tier` nor `relation`, and a hypothesis's `analysis` is what the newest version
//! calls `custom`. Its kinds are those of Kosmos 0.1; of any other it is told as [`OTHER`].

use serde_json::Value;

use crate::science::kind;

/// The kinds of version 1.
pub(super) const KINDS: [&str; 12] = [
    kind::NUMERIC_NUMERIC,
    kind::GROUP_NUMERIC,
    kind::CATEGORICAL_CATEGORICAL,
    kind::NUMERIC_BINARY,
    kind::PAIRED,
    kind::SURVIVAL,
    kind::ADJUSTED,
    kind::STRATIFIED,
    kind::INTERACTION,
    kind::DOSE_RESPONSE,
    kind::SPREAD,
    kind::CUSTOM,
];

/// The kind of everything that has none of them.
pub(super) const OTHER: &str = "other";

/// Where an event's body has tests: one, or a list of them.
const TESTS: [&str; 4] = ["/tests", "/findings", "/open", "/finding"];

/// Where an event's body has hypotheses: one, or a list of them.
const HYPOTHESES: [&str; 2] = ["/hypotheses", "/hypothesis"];

/// Translates an event's body.
pub(super) fn translate_event(mut body: Value) -> Value {
    for place in TESTS {
        each_record(body.pointer_mut(place), &|test| {
            test.remove("analysis");
            strip_record(test);
        });
    }
    for place in HYPOTHESES {
        each_record(body.pointer_mut(place), &translate_hypothesis);
    }
    each_record(body.pointer_mut("/known"), &|test| {
        each_record(test.get_mut("hypothesis"), &translate_hypothesis);
    });
    body
}

type Record = serde_json::Map<String, Value>;

/// Calls `translate` for the object, or for each object of a list; numbers, such as a count of tests, stay.
fn each_record(place: Option<&mut Value>, translate: &dyn Fn(&mut Record)) {
    match place {
        Some(Value::Object(record)) => translate(record),
        Some(Value::Array(records)) => {
            for record in records {
                each_record(Some(record), translate);
            }
        }
        _ => {}
    }
}

fn translate_hypothesis(hypothesis: &mut Record) {
    hypothesis.remove("analysis");
    if let Some(custom) = hypothesis.remove("custom") {
        hypothesis.insert("analysis".to_owned(), custom);
    }
    strip_record(hypothesis);
}

fn strip_record(record: &mut Record) {
    for key in ["tier", "relation"] {
        record.remove(key);
    }
    if let Some(kind) = record.get_mut("kind")
        && !KINDS.iter().any(|known| kind == known)
    {
        *kind = OTHER.into();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_has_the_kinds_of_version_1_and_no_key_of_version_2() {
        let test = |kind: &str| {
            json!({
                "id": "h-1", "kind": kind, "x": "a", "tier": "survey", "relation": "r-1",
                "analysis": { "family": kind },
            })
        };
        let plain = |kind: &str| json!({ "id": "h-1", "kind": kind, "x": "a" });
        let hypothesis = |kind: &str, custom: Value| {
            let mut told = test(kind);
            if !custom.is_null() {
                told["custom"] = custom;
            }
            told
        };
        let custom = json!({ "columns": ["a"], "method": "m" });
        let mut written = plain("custom");
        written["analysis"] = custom.clone();
        for (told, expected) in [
            (
                json!({ "cycle": 1, "tests": [test("survival"), test("spread"), test("counts")] }),
                json!({ "cycle": 1, "tests": [plain("survival"), plain("spread"), plain("other")] }),
            ),
            (
                json!({ "findings": [test("curve")], "open": [test("adjusted")], "tests": 7 }),
                json!({ "findings": [plain("other")], "open": [plain("adjusted")], "tests": 7 }),
            ),
            (
                json!({ "finding": test("designed"), "hypothesis": hypothesis("designed", Value::Null) }),
                json!({ "finding": plain("other"), "hypothesis": plain("other") }),
            ),
            (
                json!({ "hypotheses": [hypothesis("custom", custom.clone()), hypothesis("paired", Value::Null)] }),
                json!({ "hypotheses": [written.clone(), plain("paired")] }),
            ),
            (
                json!({ "known": [{ "hypothesis": hypothesis("custom", custom), "explore": { "n": 9 } }] }),
                json!({ "known": [{ "hypothesis": written, "explore": { "n": 9 } }] }),
            ),
            (
                json!({ "question": "q", "datasets": [{ "name": "d" }] }),
                json!({ "question": "q", "datasets": [{ "name": "d" }] }),
            ),
        ] {
            assert_eq!(translate_event(told), expected);
        }
    }
}
