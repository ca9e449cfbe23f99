//! Which request fields an endpoint supports, learnt from its error answers and kept for the life of the process.

use std::sync::{Mutex, PoisonError};

use super::{LlmSettings, Structured};
use super::{endpoint::Habits, fault::ErrorAnswer};

/// Optional parts of a request as they are sent to an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) structured: Structured,
    /// Sends the cap on a reply's tokens as `max_completion_tokens` instead of `max_tokens`.
    pub(super) max_completion_tokens: bool,
    pub(super) temperature: bool,
    pub(super) stream: bool,
    pub(super) stream_options: bool,
}

/// The current form. It only ever drops parts, so it reaches a fixed point.
#[derive(Debug)]
pub(super) struct Dialect {
    form: Mutex<Form>,
    /// Whether the settings leave the structured-output mode to us.
    auto: bool,
}

impl Dialect {
    pub(super) fn new(settings: &LlmSettings, habits: Habits) -> Self {
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

    pub(super) fn current_form(&self) -> Form {
        *self.form.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns from an error answer to a request in form `used`. Returns true if the request should be repeated in the
    /// new form.
    pub(super) fn learn_from(&self, refusal: &ErrorAnswer, used: Form) -> bool {
        let Some((lacking, next)) = self.form_without(refusal, used) else {
            return false;
        };
        let mut form = self.form.lock().unwrap_or_else(PoisonError::into_inner);
        // Another call may have learnt the same in the meantime.
        if *form == used {
            tracing::info!(
                lacking,
                status = refusal.status,
                "the endpoint does not support a part of the request: it is left out from now on"
            );
            *form = next;
        }
        *form != used
    }

    /// Stops sending schemas to an endpoint that accepted one and ignored it.
    pub(super) fn stop_sending_schemas(&self, used: Structured) {
        let mut form = self.form.lock().unwrap_or_else(PoisonError::into_inner);
        if self.auto && form.structured == used && used != Structured::Plain {
            tracing::info!("the endpoint ignores schemas: the prompt states the form from now on");
            form.structured = Structured::Plain;
        }
    }

    fn form_without(&self, refusal: &ErrorAnswer, used: Form) -> Option<(&'static str, Form)> {
        // 501 and some 500s mean "not implemented".
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
        if let Some(structured) = structured.filter(|_| self.auto && refusal.mentions_any(&formats)) {
            return Some(("response_format", Form { structured, ..used }));
        }
        // The message of a server error may mention any field.
        if refusal.status == 500 {
            return None;
        }
        if refusal.mentions_any(&["max_completion_tokens"]) {
            let next = Form {
                max_completion_tokens: !used.max_completion_tokens,
                ..used
            };
            // An endpoint that asks for the new name rejected the old one: do not alternate between the two.
            let back = used.max_completion_tokens && refusal.mentions_any(&["'max_tokens'"]);
            return (!back).then_some(("the name of the cap on a reply's tokens", next));
        }
        if used.stream && used.stream_options && refusal.mentions_any(&["stream_options", "include_usage"]) {
            let next = Form {
                stream_options: false,
                ..used
            };
            return Some(("stream_options", next));
        }
        if used.temperature && refusal.mentions_any(&["temperature"]) {
            let next = Form {
                temperature: false,
                ..used
            };
            return Some(("temperature", next));
        }
        if used.stream && refusal.mentions_any(&["stream"]) && !refusal.mentions_any(&["upstream"]) {
            return Some(("stream", Form { stream: false, ..used }));
        }
        None
    }
}
