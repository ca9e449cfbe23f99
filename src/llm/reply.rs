//! Lenient reading of what endpoints send: usable parts are used, whatever else is there.

use serde_json::Value;

use super::{
    Tokens,
    fault::{CallFault, value_as_text},
};

/// A complete reply.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct WholeReply {
    /// The answer; if there is none, the reasoning, where some servers put it.
    pub(super) text: String,
    /// In the endpoint's words; there are more values than the documented ones.
    pub(super) finish_reason: String,
    /// The model's reason for declining.
    pub(super) refusal: Option<String>,
    /// `None` if the endpoint did not count.
    pub(super) usage: Option<Tokens>,
    /// The model that answered, if the endpoint says so.
    pub(super) model: Option<String>,
}

/// A reply that is being received.
#[derive(Debug, Default)]
pub(super) struct PartialReply {
    text: String,
    reasoning: String,
    refusal: String,
    finish_reason: Option<String>,
    usage: Option<Tokens>,
    model: Option<String>,
    /// Whether any choice has arrived.
    chosen: bool,
    /// Whether anything had the form of a completion.
    formed: bool,
}

impl PartialReply {
    /// Adds a chunk of a stream or a whole reply, and returns its part of the answer.
    pub(super) fn add_chunk(&mut self, value: &Value) -> String {
        if let Some(usage) = value.get("usage").and_then(read_usage) {
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
            self.finish_reason = Some(value_as_text(reason));
        }
        let message = choice.get("delta").or_else(|| choice.get("message"));
        // Legacy completions.
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

    /// Letters received so far, for the limit on a reply's size.
    pub(super) fn letters(&self) -> u64 {
        (self.text.len() + self.reasoning.len() + self.refusal.len()) as u64
    }

    /// Whether the model has signalled its end.
    pub(super) fn is_finished(&self) -> bool {
        self.finish_reason.is_some()
    }

    /// Completes a streamed reply. It must have signalled its end: a stream that is cut off looks complete otherwise.
    pub(super) fn into_streamed_reply(self) -> Result<WholeReply, CallFault> {
        if self.formed && self.finish_reason.is_none() {
            return Err(if self.chosen {
                CallFault::Cut("the stream ended without a finish_reason".to_owned())
            } else {
                CallFault::Empty
            });
        }
        self.into_reply()
    }

    /// Completes a reply from a single body.
    pub(super) fn into_reply(self) -> Result<WholeReply, CallFault> {
        if !self.formed {
            return Err(CallFault::Garbled("it has no `choices`".to_owned()));
        }
        if !self.chosen {
            return Err(CallFault::Empty);
        }
        let finish_reason = first_letters(&self.finish_reason.unwrap_or_default(), WORD);
        let refusal = match (self.refusal.is_empty(), finish_reason.as_str()) {
            (false, _) => Some(first_letters(&self.refusal, WORDS)),
            (true, "content_filter" | "refusal") => Some(format!("it ended with `{finish_reason}`")),
            (true, _) => None,
        };
        Ok(WholeReply {
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

/// Letters of a finish reason and of a refusal that are kept: both go into errors and reports.
const WORD: usize = 64;
const WORDS: usize = 1000;

fn first_letters(text: &str, letters: usize) -> String {
    text.chars().take(letters).collect()
}

/// The text of a content field: a string, null, or a list of parts.
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

/// Token counts under either name. Servers that do not count send zeros.
fn read_usage(usage: &Value) -> Option<Tokens> {
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

    fn whole(value: Value) -> Result<WholeReply, CallFault> {
        let mut gathered = PartialReply::default();
        gathered.add_chunk(&value);
        gathered.into_reply()
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
        assert_eq!(whole(json!({"choices": []})), Err(CallFault::Empty));
        assert!(matches!(whole(json!({"choices": null})), Err(CallFault::Garbled(_))));
        assert!(matches!(whole(json!([1])), Err(CallFault::Garbled(_))));
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
            assert_eq!(read_usage(&usage), expected, "{usage}");
        }
    }

    #[test]
    fn a_stream_has_to_say_that_it_is_done() {
        let mut gathered = PartialReply::default();
        assert_eq!(
            gathered.add_chunk(&json!({"choices": [{"delta": {"content": "he"}}]})),
            "he"
        );
        gathered.add_chunk(&json!({"choices": [{"index": 1, "delta": {"content": "other"}}]}));
        assert_eq!(
            gathered.add_chunk(&json!({"choices": [{"delta": {"content": "llo"}, "finish_reason": null}]})),
            "llo"
        );
        assert!(!gathered.is_finished());
        assert_eq!(gathered.letters(), 5);
        assert!(matches!(gathered.into_streamed_reply(), Err(CallFault::Cut(_))));

        let mut gathered = PartialReply::default();
        gathered.add_chunk(&json!({"choices": [{"delta": {"content": "hello"}, "finish_reason": "stop"}]}));
        gathered.add_chunk(&json!({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}));
        let reply = gathered.into_streamed_reply().unwrap();
        assert_eq!((reply.text.as_str(), reply.usage.unwrap().sum()), ("hello", 3));
    }
}
