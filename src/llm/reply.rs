//! What endpoints send back, read leniently: what is usable is used, whatever else comes with it.

use serde_json::Value;

use super::{
    Tokens,
    fault::{Fault, as_text},
};

/// A whole reply.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Reply {
    /// The answer; where there is none, the reasoning, in which some servers leave it.
    pub(super) text: String,
    /// As the endpoint calls it; there are more values than the documented ones.
    pub(super) finish_reason: String,
    /// Why the model would not answer.
    pub(super) refusal: Option<String>,
    /// None where the endpoint did not count.
    pub(super) usage: Option<Tokens>,
    /// The model that answered, where it says so.
    pub(super) model: Option<String>,
}

/// A reply in the making.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    text: String,
    reasoning: String,
    refusal: String,
    finish_reason: Option<String>,
    usage: Option<Tokens>,
    model: Option<String>,
    /// Whether there was any choice at all.
    chosen: bool,
    /// Whether anything had the form of a completion.
    formed: bool,
}

impl Gathered {
    /// Takes in a chunk of a stream, or a whole reply. Gives the part of the answer in it.
    pub(super) fn add(&mut self, value: &Value) -> String {
        if let Some(usage) = value.get("usage").and_then(tokens) {
            self.usage = Some(usage);
        }
        if let Some(model) = value.get("model").and_then(Value::as_str) {
            self.model = Some(model.to_owned());
        }
        let Some(choices) = value.get("choices").and_then(Value::as_array) else {
            return String::new();
        };
        self.formed = true;
        let first = choices
            .iter()
            .find(|choice| choice.get("index").and_then(Value::as_u64).unwrap_or(0) == 0);
        let Some(choice) = first else { return String::new() };
        self.chosen = true;
        if let Some(reason) = choice.get("finish_reason").filter(|reason| !reason.is_null()) {
            self.finish_reason = Some(as_text(reason));
        }
        let message = choice.get("delta").or_else(|| choice.get("message"));
        // Old completions.
        let content = message
            .and_then(|message| message.get("content"))
            .or_else(|| choice.get("text"));
        let part = content.map(text_of).unwrap_or_default();
        self.text.push_str(&part);
        for key in ["reasoning_content", "reasoning"] {
            let reasoning = message
                .and_then(|message| message.get(key))
                .map(text_of)
                .unwrap_or_default();
            if !reasoning.is_empty() {
                self.reasoning.push_str(&reasoning);
                break;
            }
        }
        if let Some(refusal) = message
            .and_then(|message| message.get("refusal"))
            .and_then(Value::as_str)
        {
            self.refusal.push_str(refusal);
        }
        part
    }

    /// Letters gathered so far, for the cap on a reply's size.
    pub(super) fn len(&self) -> u64 {
        (self.text.len() + self.reasoning.len() + self.refusal.len()) as u64
    }

    /// Whether the model said that it is done.
    pub(super) fn is_finished(&self) -> bool {
        self.finish_reason.is_some()
    }

    /// The whole reply of a stream, which must have said that it is done: a cut stream looks whole otherwise.
    pub(super) fn finish_stream(self) -> Result<Reply, Fault> {
        if self.formed && self.finish_reason.is_none() {
            return Err(if self.chosen {
                Fault::Cut("the stream ended without a finish_reason".to_owned())
            } else {
                Fault::Empty
            });
        }
        self.finish()
    }

    /// The whole reply of a single body.
    pub(super) fn finish(self) -> Result<Reply, Fault> {
        if !self.formed {
            return Err(Fault::Garbled("it has no `choices`".to_owned()));
        }
        if !self.chosen {
            return Err(Fault::Empty);
        }
        let finish_reason = first(&self.finish_reason.unwrap_or_default(), WORD);
        let refusal = match (self.refusal.is_empty(), finish_reason.as_str()) {
            (false, _) => Some(first(&self.refusal, WORDS)),
            (true, "content_filter" | "refusal") => Some(format!("it ended with `{finish_reason}`")),
            (true, _) => None,
        };
        Ok(Reply {
            text: if self.text.trim().is_empty() {
                self.reasoning
            } else {
                self.text
            },
            finish_reason,
            refusal,
            usage: self.usage,
            model: self.model,
        })
    }
}

/// Letters of a finish reason and of a refusal that are kept: they go into errors and reports.
const WORD: usize = 64;
const WORDS: usize = 1000;

fn first(text: &str, letters: usize) -> String {
    text.chars().take(letters).collect()
}

/// Content: a text, nothing, or a list of parts.
fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts
            .iter()
            .filter_map(|part| part.as_str().or_else(|| part.get("text").and_then(Value::as_str)))
            .collect(),
        _ => String::new(),
    }
}

/// Counts under either name. All zeros is what servers send that do not count.
fn tokens(usage: &Value) -> Option<Tokens> {
    let count = |names: [&str; 2]| {
        names
            .iter()
            .filter_map(|name| usage.get(name))
            .find_map(|count| count.as_u64().or_else(|| count.as_f64().map(|count| count as u64)))
    };
    let tokens = Tokens {
        input: count(["prompt_tokens", "input_tokens"])?,
        output: count(["completion_tokens", "output_tokens"])?,
    };
    (tokens.sum() > 0).then_some(tokens)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn whole(value: Value) -> Result<Reply, Fault> {
        let mut gathered = Gathered::default();
        gathered.add(&value);
        gathered.finish()
    }

    #[test]
    fn reads_contents_of_every_form() {
        let table = [
            (json!({"content": "a"}), "a"),
            (json!({"content": null}), ""),
            (
                json!({"content": [{"type": "text", "text": "a"}, "b", {"type": "image"}]}),
                "ab",
            ),
            (json!({"content": "a", "reasoning_content": "r"}), "a"),
            (json!({"content": "", "reasoning": "r"}), "r"),
            (json!({"content": null, "tool_calls": [{}]}), ""),
            (json!({}), ""),
        ];
        for (message, text) in table {
            let reply = whole(json!({"choices": [{"message": message, "finish_reason": "eos"}]})).unwrap();
            assert_eq!(reply.text, text, "{message}");
            assert_eq!(reply.finish_reason, "eos");
        }
    }

    #[test]
    fn tells_refusals_from_empty_replies() {
        let filtered = whole(json!({"choices": [{"message": {"content": ""}, "finish_reason": "content_filter"}]}));
        assert!(filtered.unwrap().refusal.is_some());
        let refused = whole(json!({"choices": [{"message": {"refusal": "no"}, "finish_reason": "stop"}]}));
        assert_eq!(refused.unwrap().refusal.unwrap(), "no");
        assert_eq!(whole(json!({"choices": []})), Err(Fault::Empty));
        assert!(matches!(whole(json!({"choices": null})), Err(Fault::Garbled(_))));
        assert!(matches!(whole(json!([1])), Err(Fault::Garbled(_))));
    }

    #[test]
    fn usage_may_be_missing_or_odd() {
        let table = [
            (
                json!({"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}),
                Some((3, 4)),
            ),
            (json!({"input_tokens": 3.0, "output_tokens": 4}), Some((3, 4))),
            (json!({"prompt_tokens": 0, "completion_tokens": 0}), None),
            (json!({"prompt_tokens": "3"}), None),
            (json!({"prompt_tokens": -3, "completion_tokens": 4}), Some((0, 4))),
            (json!(null), None),
        ];
        for (usage, expected) in table {
            let expected = expected.map(|(input, output)| Tokens { input, output });
            assert_eq!(tokens(&usage), expected, "{usage}");
        }
    }

    #[test]
    fn a_stream_has_to_say_that_it_is_done() {
        let mut gathered = Gathered::default();
        assert_eq!(gathered.add(&json!({"choices": [{"delta": {"content": "he"}}]})), "he");
        gathered.add(&json!({"choices": [{"index": 1, "delta": {"content": "other"}}]}));
        assert_eq!(
            gathered.add(&json!({"choices": [{"delta": {"content": "llo"}, "finish_reason": null}]})),
            "llo"
        );
        assert!(!gathered.is_finished());
        assert_eq!(gathered.len(), 5);
        assert!(matches!(gathered.finish_stream(), Err(Fault::Cut(_))));

        let mut gathered = Gathered::default();
        gathered.add(&json!({"choices": [{"delta": {"content": "hello"}, "finish_reason": "stop"}]}));
        gathered.add(&json!({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}));
        let reply = gathered.finish_stream().unwrap();
        assert_eq!((reply.text.as_str(), reply.usage.unwrap().sum()), ("hello", 3));
    }
}
