//! Failures of a single attempt at a call, and whether another attempt may help.

use std::time::Duration;

use serde_json::Value;

use super::Redactor;

/// The failure of one attempt.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(super) enum CallFault {
    /// The endpoint answered with an error.
    #[error("{}", .0.describe_status())]
    Refused(Box<ErrorAnswer>),
    /// Nothing answers at the address.
    #[error("no connection: {0}")]
    Connect(String),
    /// The connection or the stream ended before the reply was complete.
    #[error("the reply was cut off: {0}")]
    Cut(String),
    /// The reply was not complete within the deadline.
    #[error("no whole reply within {}", humantime::format_duration(*.0))]
    Late(Duration),
    /// The reply is not a chat completion.
    #[error("the reply is not a chat completion: {0}")]
    Garbled(String),
    /// The chat completion has no choices.
    #[error("the reply is empty: it has no choices")]
    Empty,
    /// The reply exceeds the size limit.
    #[error("the reply is larger than llm.max_reply allows ({0} bytes)")]
    TooLarge(u64),
    /// The next attempt does not fit into the budget.
    #[error("the budget `{budget}` is spent: {detail}")]
    BudgetSpent { budget: &'static str, detail: String },
    /// The circuit breaker is open for longer than the call can wait.
    #[error("it failed {failures} times in a row and is not called for now")]
    LeftAlone { failures: u32 },
}

/// An error answer; its status is always known.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ErrorAnswer {
    pub(super) status: u16,
    /// The endpoint's message, shortened and without secrets.
    pub(super) message: String,
    /// Its code and type as text.
    pub(super) code: String,
    pub(super) retry_after: Option<Duration>,
}

/// The meaning of a failure for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Transient: try again.
    Passing,
    /// The key is invalid or lacks a permission.
    Key,
    /// The account has no quota left.
    Quota,
    /// The model or the address does not exist.
    NotThere,
    /// The endpoint refuses to answer this question.
    Declined,
    /// The prompt exceeds the model's context.
    TooLong,
    /// The endpoint does not accept the form of the request.
    Request,
    /// Decided on our side, and final.
    Ours,
}

/// Messages are cut at this many letters: they may be a web page.
const WORDS: usize = 300;

impl CallFault {
    pub(super) fn meaning(&self) -> Meaning {
        match self {
            Self::Refused(refusal) => refusal.meaning(),
            Self::Connect(_) | Self::Cut(_) | Self::Late(_) | Self::Garbled(_) | Self::Empty => Meaning::Passing,
            Self::TooLarge(_) | Self::BudgetSpent { .. } | Self::LeftAlone { .. } => Meaning::Ours,
        }
    }

    /// Whether another attempt may succeed.
    pub(super) fn is_transient(&self) -> bool {
        self.meaning() == Meaning::Passing
    }

    /// Whether the fault lies with the endpoint and not with a single request or reply.
    pub(super) fn is_outage(&self) -> bool {
        self.is_transient() && !matches!(self, Self::Empty)
    }

    /// The wait that the endpoint asks for.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(refusal) => refusal.retry_after,
            _ => None,
        }
    }
}

impl ErrorAnswer {
    /// Reads the body of an error answer in any form.
    pub(super) fn from_body(status: u16, body: &[u8], retry_after: Option<Duration>, redactor: &Redactor) -> Self {
        let text = String::from_utf8_lossy(body);
        let value: Option<Value> = serde_json::from_slice(body).ok();
        let (message, code) = match &value {
            Some(value) => message_and_code(value),
            None => (strip_markup(&text), String::new()),
        };
        Self {
            status,
            message: shorten_message(&redactor.strike_secrets(&message)),
            code: shorten_message(&redactor.strike_secrets(&code)),
            retry_after,
        }
    }

    fn describe_status(&self) -> String {
        let reason = http::StatusCode::from_u16(self.status)
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or("no standard status");
        let mut text = format!("HTTP {} ({reason})", self.status);
        if !self.message.is_empty() {
            text.push_str(": ");
            text.push_str(&self.message);
        }
        text
    }

    /// Whether the message or the code contains one of these words.
    pub(super) fn mentions_any(&self, words: &[&str]) -> bool {
        let (message, code) = (self.message.to_lowercase(), self.code.to_lowercase());
        words.iter().any(|word| message.contains(word) || code.contains(word))
    }

    fn meaning(&self) -> Meaning {
        const QUOTA: [&str; 7] = [
            "insufficient_quota",
            "exceeded your current quota",
            "billing_hard_limit",
            "billing_not_active",
            "insufficient credits",
            "insufficient_credits",
            "credit balance is too low",
        ];
        const TOO_LONG: [&str; 6] = [
            "context_length_exceeded",
            "maximum context length",
            "context size",
            "context window",
            "prompt is too long",
            "exceed_context",
        ];
        const DECLINED: [&str; 4] = [
            "content_filter",
            "content_policy",
            "responsibleai",
            "content management policy",
        ];
        match self.status {
            402 => Meaning::Quota,
            400 | 403 | 429 if self.mentions_any(&QUOTA) => Meaning::Quota,
            400 | 403 if self.mentions_any(&DECLINED) => Meaning::Declined,
            401 | 403 | 407 => Meaning::Key,
            404 | 405 | 410 | 300..=399 => Meaning::NotThere,
            400 if self.mentions_any(&["model_not_found", "invalid model", "model not found"]) => Meaning::NotThere,
            413 => Meaning::TooLong,
            400 | 422 | 500 if self.mentions_any(&TOO_LONG) => Meaning::TooLong,
            408 | 409 | 425 | 429 => Meaning::Passing,
            501 | 505 => Meaning::Request,
            status if status >= 500 => Meaning::Passing,
            _ => Meaning::Request,
        }
    }
}

/// Message and code from the JSON of an error: `{"error": {...}}`, `{"error": "..."}`, `{"detail": ...}`,
/// `{"message": ...}`. Codes may be numbers.
fn message_and_code(value: &Value) -> (String, String) {
    let error = value.get("error").unwrap_or(value);
    let message = [
        error.get("message"),
        value.get("message"),
        value.get("detail"),
        Some(error),
    ]
    .into_iter()
    .flatten()
    .find(|found| !found.is_null())
    .map(value_as_text)
    .unwrap_or_default();
    let code: Vec<String> = ["code", "type"]
        .iter()
        .filter_map(|key| error.get(key))
        .filter(|found| !found.is_null())
        .map(value_as_text)
        .collect();
    (strip_markup(&message), code.join(" "))
}

pub(super) fn value_as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Puts a text on one line and removes tags and control characters; of a web page little more than its title remains.
fn strip_markup(text: &str) -> String {
    let mut plain = String::new();
    let mut inside = false;
    for letter in text.chars().take(20 * WORDS) {
        match letter {
            '<' => inside = true,
            '>' if inside => {
                inside = false;
                plain.push(' ');
            }
            _ if inside => {}
            _ if letter.is_control() => plain.push(' '),
            _ => plain.push(letter),
        }
    }
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Shortens a message and drops keys that the endpoint has masked itself (`sk-ab****yz`).
fn shorten_message(text: &str) -> String {
    let words: Vec<&str> = text
        .split(' ')
        .map(|word| if word.contains("***") { "[masked]" } else { word })
        .collect();
    let text = words.join(" ");
    match text.char_indices().nth(WORDS) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// The error inside a reply whose status is 2xx, as some proxies send it.
pub(super) fn error_in_reply(value: &Value, redactor: &Redactor) -> Option<CallFault> {
    let named = value.get("error").filter(|error| !error.is_null());
    let itself = Some(value).filter(|value| value.get("object").is_some_and(|object| object == "error"));
    let error = named.or(itself)?;
    let status = ["code", "status"]
        .iter()
        .filter_map(|key| error.get(key))
        .find_map(|code| code.as_u64().or_else(|| code.as_str()?.parse().ok()))
        .and_then(|code| u16::try_from(code).ok())
        .filter(|code| (400..=599).contains(code))
        .unwrap_or(500);
    Some(CallFault::Refused(Box::new(ErrorAnswer::from_body(
        status,
        value.to_string().as_bytes(),
        None,
        redactor,
    ))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, body: &str) -> ErrorAnswer {
        ErrorAnswer::from_body(status, body.as_bytes(), None, &Redactor::default())
    }

    #[test]
    fn says_what_an_error_means() {
        use Meaning::*;
        let table = [
            (
                401,
                r#"{"error": {"message": "Incorrect API key", "code": "invalid_api_key"}}"#,
                Key,
            ),
            (402, "", Quota),
            (403, "<html>no</html>", Key),
            (
                404,
                r#"{"error": {"message": "no such model", "code": "model_not_found"}}"#,
                NotThere,
            ),
            (301, "", NotThere),
            (429, r#"{"error": {"message": "slow down", "code": 429}}"#, Passing),
            (
                429,
                r#"{"error": {"message": "quota", "type": "insufficient_quota"}}"#,
                Quota,
            ),
            (
                400,
                r#"{"error": {"message": "x", "code": "context_length_exceeded"}}"#,
                TooLong,
            ),
            (
                400,
                r#"{"error": {"message": "x", "code": "content_filter"}}"#,
                Declined,
            ),
            (400, r#"{"detail": [{"loc": ["body"]}]}"#, Request),
            (422, "{}", Request),
            (500, "", Passing),
            (503, "<html><body>Service Unavailable</body></html>", Passing),
            (501, "", Request),
            (529, "overloaded", Passing),
        ];
        for (status, body, meaning) in table {
            assert_eq!(
                CallFault::Refused(Box::new(refusal(status, body))).meaning(),
                meaning,
                "{status} {body}"
            );
        }
    }

    #[test]
    fn reads_errors_of_every_form() {
        let table = [
            (r#"{"error": {"message": "a", "code": 17, "type": "b"}}"#, "a", "17 b"),
            (r#"{"error": "a"}"#, "a", ""),
            (r#"{"detail": "a"}"#, "a", ""),
            (r#"{"object": "error", "message": "a", "code": 40303}"#, "a", "40303"),
            (
                r#"{"error": {"message": null, "code": null}}"#,
                r#"{"code":null,"message":null}"#,
                "",
            ),
            (
                "<html><head><title>Bad\ngateway</title></head></html>",
                "Bad gateway",
                "",
            ),
            ("", "", ""),
        ];
        for (body, message, code) in table {
            let read = refusal(500, body);
            assert_eq!((read.message.as_str(), read.code.as_str()), (message, code), "{body}");
        }
    }

    #[test]
    fn words_are_short_and_hold_no_key() {
        let redactor = Redactor::new([super::super::Secret::new("sk-0123456789")]);
        let body = format!("bad key sk-0123456789 or sk-01***89 {}", "x".repeat(1000));
        let read = ErrorAnswer::from_body(401, body.as_bytes(), None, &redactor);
        assert!(
            read.message.starts_with("bad key [secret] or [masked] xxx"),
            "{}",
            read.message
        );
        assert!(read.message.len() <= WORDS + 3);
    }

    #[test]
    fn errors_inside_good_answers_are_errors() {
        let value = serde_json::json!({"error": {"code": 429, "message": "m"}});
        let Some(CallFault::Refused(refusal)) = error_in_reply(&value, &Redactor::default()) else {
            panic!()
        };
        assert_eq!((refusal.status, refusal.message.as_str()), (429, "m"));
        let flat = serde_json::json!({"object": "error", "message": "m", "code": 400});
        assert!(
            matches!(error_in_reply(&flat, &Redactor::default()), Some(CallFault::Refused(refusal)) if refusal.status == 400)
        );
        assert!(error_in_reply(&serde_json::json!({"error": null}), &Redactor::default()).is_none());
    }
}
