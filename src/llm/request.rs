//! A question in full, and its form as a request body.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Structured;
use super::{Tokens, dialect::Form, structured::ReplyShape, tokens::estimate_tokens};
use crate::science::sha256_hex;

/// One turn of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Turn {
    pub(super) role: &'static str,
    pub(super) content: String,
}

/// A question in full. Its hash depends only on the question and the model: not on the agent, the time or the form of
/// the request.
#[derive(Debug, Clone)]
pub(super) struct ChatRequest {
    pub(super) model: String,
    pub(super) turns: Vec<Turn>,
    pub(super) shape: ReplyShape,
    pub(super) temperature: Option<f64>,
    pub(super) max_tokens: u32,
}

#[derive(Serialize)]
struct Named<'a> {
    model: &'a str,
    turns: &'a [Turn],
    schema: &'a Value,
    temperature: Option<f64>,
    max_tokens: u32,
}

impl ChatRequest {
    /// SHA-256 of the question, under which its receipt is kept.
    pub(super) fn sha256(&self) -> String {
        let named = Named {
            model: &self.model,
            turns: &self.turns,
            schema: self.shape.schema(),
            temperature: self.temperature,
            max_tokens: self.max_tokens,
        };
        sha256_hex(serde_json::to_vec(&named).unwrap_or_default())
    }

    /// An upper estimate of its tokens. The schema costs tokens in whichever way it is sent.
    pub(super) fn estimate_tokens(&self) -> Tokens {
        // Tokens that chat templates add around each turn.
        const AROUND: u64 = 16;
        let turns: u64 = self
            .turns
            .iter()
            .map(|turn| estimate_tokens(&turn.content) + AROUND)
            .sum();
        Tokens {
            input: turns + estimate_tokens(self.shape.schema_text()) + AROUND,
            output: u64::from(self.max_tokens),
        }
    }

    /// The request body in this form.
    pub(super) fn to_body(&self, form: Form) -> Value {
        let mut messages: Vec<Value> = self.turns.iter().map(|turn| json!(turn)).collect();
        let mut body = Map::new();
        let mut set = |key: &str, value: Value| body.insert(key.to_owned(), value);
        set("model", json!(self.model));
        set("stream", json!(form.stream));
        match form.structured {
            Structured::Auto | Structured::JsonSchema => {
                let schema = json!({
                    "name": self.shape.name(),
                    "strict": self.shape.is_strict(),
                    "schema": self.shape.strict_schema(),
                });
                set(
                    "response_format",
                    json!({ "type": "json_schema", "json_schema": schema }),
                );
            }
            Structured::JsonObject => {
                set("response_format", json!({ "type": "json_object" }));
                self.state_shape(&mut messages);
            }
            Structured::Plain => self.state_shape(&mut messages),
        }
        set("messages", Value::Array(messages));
        let cap = if form.max_completion_tokens {
            "max_completion_tokens"
        } else {
            "max_tokens"
        };
        set(cap, json!(self.max_tokens));
        if let Some(temperature) = self.temperature.filter(|_| form.temperature) {
            set("temperature", json!(temperature));
        }
        if form.stream && form.stream_options {
            set("stream_options", json!({ "include_usage": true }));
        }
        Value::Object(body)
    }

    /// States the schema in the system prompt, for endpoints that do not enforce it.
    fn state_shape(&self, messages: &mut Vec<Value>) {
        let shape = format!(
            "Answer with one JSON object that fits this JSON schema, and with nothing else:\n{}",
            self.shape.schema_text()
        );
        let system = messages
            .first_mut()
            .filter(|message| message.get("role") == Some(&json!("system")))
            .and_then(|message| message.get_mut("content"));
        match system {
            Some(Value::String(content)) => {
                content.push_str("\n\n");
                content.push_str(&shape);
            }
            _ => messages.insert(0, json!({ "role": "system", "content": shape })),
        }
    }
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Word {
        word: String,
    }

    fn request() -> ChatRequest {
        let turn = |role, content: &str| Turn {
            role,
            content: content.to_owned(),
        };
        ChatRequest {
            model: "m".to_owned(),
            turns: vec![turn("system", "Be brief."), turn("user", "Say a word.")],
            shape: ReplyShape::for_type::<Word>().unwrap(),
            temperature: Some(0.5),
            max_tokens: 100,
        }
    }

    fn form(structured: Structured) -> Form {
        Form {
            structured,
            max_completion_tokens: false,
            temperature: true,
            stream: true,
            stream_options: true,
        }
    }

    #[test]
    fn each_level_has_its_body() {
        let request = request();
        let strict = request.to_body(form(Structured::JsonSchema));
        assert_eq!(strict["response_format"]["json_schema"]["strict"], json!(true));
        assert_eq!(strict["messages"][0]["content"], "Be brief.");
        assert_eq!(strict["stream_options"]["include_usage"], json!(true));
        assert_eq!(
            (&strict["max_tokens"], &strict["temperature"]),
            (&json!(100), &json!(0.5))
        );
        let object = request.to_body(form(Structured::JsonObject));
        assert_eq!(object["response_format"], json!({"type": "json_object"}));
        let plain = request.to_body(form(Structured::Plain));
        assert!(plain.get("response_format").is_none());
        for body in [object, plain] {
            let system = body["messages"][0]["content"].as_str().unwrap();
            assert!(
                system.starts_with("Be brief.\n\nAnswer with one JSON") && system.contains("\"word\""),
                "{system}"
            );
            assert_eq!(body["messages"].as_array().unwrap().len(), 2);
        }
    }

    #[test]
    fn what_an_endpoint_lacks_is_left_out() {
        let body = request().to_body(Form {
            max_completion_tokens: true,
            temperature: false,
            stream: false,
            ..form(Structured::Plain)
        });
        assert_eq!(
            (&body["max_completion_tokens"], &body["stream"]),
            (&json!(100), &json!(false))
        );
        for absent in ["max_tokens", "temperature", "stream_options"] {
            assert!(body.get(absent).is_none(), "{absent}");
        }
    }

    #[test]
    fn the_name_is_of_what_is_asked() {
        let name = request().sha256();
        assert_eq!(name, request().sha256());
        let mut other = request();
        other.model = "n".to_owned();
        let mut warmer = request();
        warmer.temperature = None;
        let mut asked_on = request();
        asked_on.turns.push(asked_on.turns[1].clone());
        for changed in [other, warmer, asked_on] {
            assert_ne!(changed.sha256(), name);
        }
    }

    #[test]
    fn the_estimate_holds_prompt_schema_and_reply() {
        let tokens = request().estimate_tokens();
        assert_eq!(tokens.output, 100);
        assert!((60..200).contains(&tokens.input), "{tokens:?}");
    }
}
