//! Replies in the form of a Rust type: its schema, the JSON in a reply, and the validation of one by the other.

mod extract;
mod strict;

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use schemars::{JsonSchema, generate::SchemaSettings};
use serde::de::DeserializeOwned;
use serde_json::Value;

use extract::json_candidates;

/// Limits on the description of a reply's faults: letters per fault, and number of faults.
const WORDS: usize = 240;
const FAULTS: usize = 5;

/// The form that a reply must have. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct ReplyShape(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    schema: Value,
    text: String,
    strict: Value,
    is_strict: bool,
    validator: jsonschema::Validator,
}

/// A schema that cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the form of the answer is not a JSON Schema: {0}")]
pub(super) struct NoSchema(String);

/// A reply that does not have the requested form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Misfit {
    /// The fault in a sentence, for the model and for a person.
    pub(super) reason: String,
    /// Whether the reply had no JSON at all.
    pub(super) no_json: bool,
}

/// Compiled once per type: compiling a schema takes longer than checking a reply.
static MADE: LazyLock<Mutex<HashMap<String, ReplyShape>>> = LazyLock::new(Mutex::default);

impl ReplyShape {
    /// The form of `T`.
    ///
    /// # Errors
    /// When its schema cannot be compiled, which is a mistake in the type.
    pub(super) fn for_type<T: JsonSchema>() -> Result<Self, NoSchema> {
        let id = format!("{} {}", T::schema_id(), std::any::type_name::<T>());
        if let Some(made) = MADE.lock().unwrap_or_else(PoisonError::into_inner).get(&id) {
            return Ok(made.clone());
        }
        let generator = SchemaSettings::draft2020_12()
            .with(|settings| {
                settings.inline_subschemas = true;
                settings.meta_schema = None;
            })
            .into_generator();
        let schema = generator.into_root_schema_for::<T>().to_value();
        let shape = Self::from_schema(&T::schema_name(), &schema)?;
        MADE.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, shape.clone());
        Ok(shape)
    }

    /// The form that a JSON Schema describes.
    ///
    /// # Errors
    /// When it is not a JSON Schema.
    pub(super) fn from_schema(called: &str, schema: &Value) -> Result<Self, NoSchema> {
        let validator = jsonschema::validator_for(schema).map_err(|error| NoSchema(error.to_string()))?;
        let (strict, is_strict) = strict::to_strict_schema(schema);
        Ok(Self(Arc::new(Inner {
            name: to_schema_name(called),
            text: schema.to_string(),
            schema: schema.clone(),
            strict,
            is_strict,
            validator,
        })))
    }

    pub(super) fn name(&self) -> &str {
        &self.0.name
    }

    pub(super) fn schema(&self) -> &Value {
        &self.0.schema
    }

    /// The schema as text, for a prompt.
    pub(super) fn schema_text(&self) -> &str {
        &self.0.text
    }

    /// The schema for endpoints that enforce it.
    pub(super) fn strict_schema(&self) -> &Value {
        &self.0.strict
    }

    /// Whether an endpoint can enforce the whole schema.
    pub(super) fn is_strict(&self) -> bool {
        self.0.is_strict
    }

    /// The JSON values in a reply that fit the schema, the most likely first.
    pub(super) fn find_fitting(&self, text: &str) -> Result<Vec<Value>, Misfit> {
        let (mut fitting, mut fault) = (Vec::new(), None);
        for candidate in json_candidates(text) {
            match self.describe_misfit(&candidate) {
                None => fitting.push(candidate),
                Some(reason) => {
                    fault.get_or_insert(reason);
                }
            }
        }
        match fitting.is_empty() {
            false => Ok(fitting),
            true => Err(Misfit {
                no_json: fault.is_none(),
                reason: fault.unwrap_or_else(|| extract::why_no_json(text)),
            }),
        }
    }

    /// Describes the first faults of a value that does not fit the schema; `None` if it fits.
    fn describe_misfit(&self, value: &Value) -> Option<String> {
        let faults: Vec<String> = self
            .0
            .validator
            .iter_errors(value)
            .take(FAULTS)
            .map(|error| {
                let place = error.instance_path().to_string();
                let place = if place.is_empty() {
                    "the answer".to_owned()
                } else {
                    place
                };
                shorten_fault(&format!("{place}: {error}"))
            })
            .collect();
        (!faults.is_empty()).then(|| faults.join("; "))
    }
}

/// A schema's name in the characters that endpoints allow.
fn to_schema_name(text: &str) -> String {
    let name: String = text
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() || letter == '_' {
                letter
            } else {
                '_'
            }
        })
        .take(64)
        .collect();
    if name.is_empty() { "answer".to_owned() } else { name }
}

/// The first of these values that deserialises as `T`: a schema is less strict than a type.
pub(super) fn parse_first<T: DeserializeOwned>(fitting: Vec<Value>) -> Result<T, Misfit> {
    let mut fault = None;
    for value in fitting {
        match serde_json::from_value(value) {
            Ok(value) => return Ok(value),
            Err(error) => {
                fault.get_or_insert_with(|| shorten_fault(&error.to_string()));
            }
        }
    }
    Err(Misfit {
        reason: fault.unwrap_or_default(),
        no_json: false,
    })
}

fn shorten_fault(text: &str) -> String {
    match text.char_indices().nth(WORDS) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize, JsonSchema)]
    struct Ideas {
        ideas: Vec<Idea>,
        note: Option<String>,
    }

    #[derive(Debug, PartialEq, Deserialize, JsonSchema)]
    struct Idea {
        x: String,
        #[schemars(range(min = 0, max = 1))]
        weight: f64,
    }

    fn read(text: &str) -> Result<Ideas, Misfit> {
        parse_first(ReplyShape::for_type::<Ideas>().unwrap().find_fitting(text)?)
    }

    #[test]
    fn finds_the_value_in_whatever_is_around_it() {
        let json = r#"{"ideas": [{"x": "a", "weight": 0.5}]}"#;
        let table = [
            json.to_owned(),
            format!("Sure! Here it is:\n```json\n{json}\n```\nAnything else?"),
            format!("<think>{{\"ideas\": 3}} no, so {{</think>{json}"),
            format!("I considered {{x}} and [1]. {json} Done."),
            format!("{{\"thought\": \"hm\"}}\n{json}"),
            format!("\u{feff}  {json}\n\n"),
        ];
        for text in table {
            let ideas = read(&text).unwrap_or_else(|misfit| panic!("{text}: {misfit:?}"));
            assert_eq!(ideas.ideas[0].x, "a");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        let table = [
            (r#"{"ideas": [{"x": "a"}]}"#, "weight", false),
            (r#"{"ideas": [{"x": "a", "weight": 7}]}"#, "/ideas/0/weight", false),
            (r#"{"ideas": "none"}"#, "/ideas", false),
            ("[]", "the answer", false),
            ("I will not.", "no JSON", true),
            ("", "empty", true),
            (r#"{"ideas": [{"x": "a""#, "no JSON", true),
        ];
        for (text, part, no_json) in table {
            let misfit = read(text).unwrap_err();
            assert!(misfit.reason.contains(part), "{text}: {misfit:?}");
            assert_eq!(misfit.no_json, no_json, "{text}");
        }
    }

    #[test]
    fn faults_are_told_in_few_words() {
        let many: Vec<String> = (0..50).map(|_| format!("{{\"x\": {}}}", "9".repeat(300))).collect();
        let misfit = read(&format!("{{\"ideas\": [{}]}}", many.join(","))).unwrap_err();
        assert!(misfit.reason.len() < FAULTS * (WORDS + 10), "{}", misfit.reason.len());
    }
}
