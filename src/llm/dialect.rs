//! What an endpoint understands: learnt from its refusals, and remembered for the process.

use std::sync::{Mutex, PoisonError};

use super::{endpoint::Habits, fault::Refusal};
use crate::config::{self, Structured};

/// The form of the requests of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) structured: Structured,
    /// The cap on a reply's tokens is `max_completion_tokens`, not `max_tokens`.
    pub(super) max_completion_tokens: bool,
    pub(super) temperature: bool,
    pub(super) stream: bool,
    pub(super) stream_options: bool,
}

/// The form in force. It only ever steps down, so it comes to rest.
#[derive(Debug)]
pub(super) struct Dialect {
    form: Mutex<Form>,
    /// Whether the way of holding replies to their form is ours to choose.
    auto: bool,
}

impl Dialect {
    pub(super) fn new(settings: &config::LlmSettings, habits: Habits) -> Self {
        Self {
            form: Mutex::new(Form {
                structured: habits.structured,
                max_completion_tokens: habits.max_completion_tokens,
                temperature: true,
                stream: settings.stream,
                stream_options: true,
            }),
            auto: settings.structured == Structured::Auto,
        }
    }

    pub(super) fn form(&self) -> Form {
        *self.form.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns from a refusal of a request in `used`. True where the same question is worth another try in another form.
    pub(super) fn learn(&self, refusal: &Refusal, used: Form) -> bool {
        let Some((lacking, next)) = self.without(refusal, used) else {
            return false;
        };
        let mut form = self.form.lock().unwrap_or_else(PoisonError::into_inner);
        // Another call may have learnt it meanwhile.
        if *form == used {
            tracing::info!(
                lacking,
                status = refusal.status,
                "the endpoint lacks something that we asked for: left out from now on"
            );
            *form = next;
        }
        *form != used
    }

    /// Learns that the endpoint took a schema and passed over it.
    pub(super) fn passed_over(&self, used: Structured) {
        let mut form = self.form.lock().unwrap_or_else(PoisonError::into_inner);
        if self.auto && form.structured == used && used != Structured::Plain {
            tracing::info!("the endpoint does not hold replies to a form: it is asked for in the prompt from now on");
            form.structured = Structured::Plain;
        }
    }

    fn without(&self, refusal: &Refusal, used: Form) -> Option<(&'static str, Form)> {
        // 501 and some 500s stand for "not implemented".
        if !matches!(refusal.status, 400 | 404 | 415 | 422 | 500 | 501) {
            return None;
        }
        let structured = match used.structured {
            Structured::Auto | Structured::JsonSchema => Some(Structured::JsonObject),
            Structured::JsonObject => Some(Structured::Plain),
            Structured::Plain => None,
        };
        let formats = [
            "response_format",
            "json_schema",
            "json_object",
            "json mode",
            "json schema",
            "structured output",
            "grammar",
        ];
        if let Some(structured) = structured.filter(|_| self.auto && refusal.mentions(&formats)) {
            return Some(("response_format", Form { structured, ..used }));
        }
        // A server's fault may mention anything.
        if refusal.status == 500 {
            return None;
        }
        if refusal.mentions(&["max_completion_tokens"]) {
            let next = Form {
                max_completion_tokens: !used.max_completion_tokens,
                ..used
            };
            // Who asks for the new name refused the old one: not back and forth.
            let back = used.max_completion_tokens && refusal.mentions(&["'max_tokens'"]);
            return (!back).then_some(("the name of the cap on a reply's tokens", next));
        }
        if used.stream && used.stream_options && refusal.mentions(&["stream_options", "include_usage"]) {
            let next = Form {
                stream_options: false,
                ..used
            };
            return Some(("stream_options", next));
        }
        if used.temperature && refusal.mentions(&["temperature"]) {
            let next = Form {
                temperature: false,
                ..used
            };
            return Some(("temperature", next));
        }
        if used.stream && refusal.mentions(&["stream"]) && !refusal.mentions(&["upstream"]) {
            return Some(("stream", Form { stream: false, ..used }));
        }
        None
    }
}
