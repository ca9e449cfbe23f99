//! A schema for endpoints that enforce it: they support only a part of JSON Schema. The rest is checked after the
//! reply has arrived.

use serde_json::{Map, Value, json};

/// Keywords that strict endpoints support. Some of them reject others.
const KNOWN: [&str; 10] = [
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "enum",
    "const",
    "anyOf",
    "description",
    "$ref",
];

/// The schema to send, and whether it can be enforced completely: a map with free keys cannot, nor can a root that is
/// not an object.
pub(super) fn to_strict_schema(schema: &Value) -> (Value, bool) {
    let mut faithful = true;
    let mut strict = narrow_schema(schema, &mut faithful);
    let object = strict.get("type") == Some(&json!("object"));
    if let (Some(definitions), Some(root)) = (schema.get("$defs").and_then(Value::as_object), strict.as_object_mut()) {
        let narrowed = definitions
            .iter()
            .map(|(name, definition)| (name.clone(), narrow_schema(definition, &mut faithful)))
            .collect();
        root.insert("$defs".to_owned(), Value::Object(narrowed));
    }
    (strict, faithful && object)
}

fn narrow_schema(schema: &Value, faithful: &mut bool) -> Value {
    let Some(schema) = schema.as_object() else {
        // `true` accepts any value.
        *faithful = false;
        return json!({});
    };
    let mut narrowed = Map::new();
    for (keyword, value) in schema {
        match keyword.as_str() {
            "properties" => {
                let properties: Map<String, Value> = value
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(name, property)| (name.clone(), narrow_schema(property, faithful)))
                    .collect();
                narrowed.insert("properties".to_owned(), Value::Object(properties));
            }
            "items" => {
                narrowed.insert("items".to_owned(), narrow_schema(value, faithful));
            }
            "anyOf" | "oneOf" => {
                narrowed.extend(narrow_choice(value, faithful));
            }
            "allOf" => match value.as_array().map(Vec::as_slice) {
                Some([only]) => {
                    if let Value::Object(only) = narrow_schema(only, faithful) {
                        narrowed.extend(only);
                    }
                }
                _ => *faithful = false,
            },
            "additionalProperties" if value.is_object() => {
                *faithful = false;
                narrowed.insert(keyword.clone(), narrow_schema(value, faithful));
            }
            "prefixItems" | "patternProperties" | "not" | "if" | "dependentSchemas" => *faithful = false,
            known if KNOWN.contains(&known) => {
                narrowed.insert(keyword.clone(), value.clone());
            }
            _ => {}
        }
    }
    close_object(&mut narrowed);
    Value::Object(narrowed)
}

/// Makes every property required and allows no others. An optional property already has `null` among its types.
fn close_object(schema: &mut Map<String, Value>) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return;
    };
    let names: Vec<Value> = properties.keys().map(|name| json!(name)).collect();
    schema.insert("required".to_owned(), Value::Array(names));
    schema.insert("additionalProperties".to_owned(), json!(false));
}

/// A choice between alternatives. If all are constants, as in a documented enumeration, it becomes an `enum`.
fn narrow_choice(value: &Value, faithful: &mut bool) -> Map<String, Value> {
    let options = value.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut constants = Vec::new();
    for option in options {
        match (option.get("const"), option.get("enum").and_then(Value::as_array)) {
            (Some(constant), _) => constants.push(constant.clone()),
            (None, Some(several)) => constants.extend(several.iter().cloned()),
            (None, None) => {
                let narrowed = options.iter().map(|option| narrow_schema(option, faithful)).collect();
                return Map::from_iter([("anyOf".to_owned(), Value::Array(narrowed))]);
            }
        }
    }
    let mut choice = Map::new();
    if constants.iter().all(Value::is_string) {
        choice.insert("type".to_owned(), json!("string"));
    }
    choice.insert("enum".to_owned(), Value::Array(constants));
    choice
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    use super::super::ReplyShape;
    use super::*;

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Whole {
        /// How many.
        count: u32,
        maybe: Option<String>,
        kind: Kind,
        parts: Vec<Part>,
        #[serde(default)]
        tags: Vec<String>,
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    enum Kind {
        /// This.
        One,
        /// That.
        Two,
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Part {
        #[schemars(length(min = 1, max = 5), regex(pattern = "^a"))]
        name: String,
        other: Option<Box<Leaf>>,
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Leaf {
        #[schemars(range(min = 0, max = 1))]
        weight: f64,
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Free {
        map: BTreeMap<String, u32>,
    }

    /// Checks that only supported keywords are used.
    fn check(schema: &Value) {
        let Some(schema) = schema.as_object() else {
            panic!("{schema}")
        };
        for keyword in schema.keys() {
            assert!(KNOWN.contains(&keyword.as_str()), "{keyword}");
        }
        if let Some(properties) = schema.get("properties") {
            assert_eq!(schema["additionalProperties"], json!(false));
            let names: Vec<&String> = properties.as_object().unwrap().keys().collect();
            assert_eq!(schema["required"], json!(names));
            properties.as_object().unwrap().values().for_each(check);
        }
        schema.get("items").into_iter().for_each(check);
        schema
            .get("anyOf")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .for_each(check);
    }

    #[test]
    fn a_schema_becomes_strict() {
        let shape = ReplyShape::for_type::<Whole>().unwrap();
        assert!(shape.is_strict());
        check(shape.strict_schema());
        let properties = &shape.strict_schema()["properties"];
        assert_eq!(properties["kind"]["enum"], json!(["One", "Two"]));
        assert_eq!(properties["maybe"]["type"], json!(["string", "null"]));
        assert_eq!(
            properties["count"],
            json!({"type": "integer", "description": "How many."})
        );
    }

    #[test]
    fn what_cannot_be_enforced_is_not_called_strict() {
        assert!(!ReplyShape::for_type::<Free>().unwrap().is_strict());
        assert!(!ReplyShape::for_type::<Vec<Leaf>>().unwrap().is_strict());
        assert!(!ReplyShape::for_type::<Value>().unwrap().is_strict());
    }
}
