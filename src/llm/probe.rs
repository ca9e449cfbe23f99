//! Checks before a run that the endpoint answers, accepts the key and has the models.

use std::{sync::Arc, time::Duration};

use reqwest::{Method, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use super::{
    LlmError,
    endpoint::Endpoint,
    fault::{CallFault, ErrorAnswer, Meaning},
    mind::models_in_use,
    outcome::CallAttempts,
    reply::PartialReply,
    transport::{Backoff, http_client},
};
use kosmos_core::environment::Environment;

use super::LlmSettings;

/// A probe is answered at once, unless the server is loading a model.
const PATIENCE: Duration = Duration::from_secs(60);

/// Aggregators have long lists of models.
const LIST: usize = 16 << 20;

/// Attempts per request: a server that is just starting answers 503.
const TRIES: u32 = 3;

/// Names that are suggested when a model is missing.
const NEAREST: usize = 3;

/// A probed endpoint that can be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProbedEndpoint {
    /// The endpoint, by preset and address.
    pub endpoint: String,
    /// The models in use; the endpoint has all of them.
    pub models: Vec<String>,
    /// The environment variable that holds its key.
    pub key_variable: Option<String>,
    /// Whether its tokens are free.
    pub free: bool,
}

/// Probes the endpoint of the settings outside a run.
///
/// # Errors
/// [`LlmError::Rejected`] or [`LlmError::Outage`], with a remedy.
pub async fn probe_endpoint(settings: &LlmSettings, environment: &Environment) -> Result<ProbedEndpoint, LlmError> {
    let endpoint = Arc::new(Endpoint::from_settings(settings, environment)?);
    let http = http_client(settings, &endpoint)?;
    Prober::new(settings, endpoint, http, models_in_use(settings)?)
        .probe_models()
        .await
}

/// Probes one endpoint.
pub(super) struct Prober {
    endpoint: Arc<Endpoint>,
    http: reqwest::Client,
    models: Vec<String>,
    patience: Duration,
    backoff: Backoff,
}

impl Prober {
    pub(super) fn new(
        settings: &LlmSettings,
        endpoint: Arc<Endpoint>,
        http: reqwest::Client,
        models: Vec<String>,
    ) -> Self {
        Self {
            endpoint,
            http,
            models,
            patience: settings.timeout.get().min(PATIENCE),
            backoff: Backoff::new(settings),
        }
    }

    pub(super) async fn probe_models(&self) -> Result<ProbedEndpoint, LlmError> {
        let listed = self.list_models().await?;
        for model in &self.models {
            let known = listed.as_ref().is_some_and(|listed| is_listed(listed, model));
            if !known {
                self.try_model(model, listed.as_deref().unwrap_or_default()).await?;
            }
        }
        Ok(ProbedEndpoint {
            endpoint: self.endpoint.display_name(),
            models: self.models.clone(),
            key_variable: self.endpoint.key_variable.clone().filter(|_| self.endpoint.has_key),
            free: self.endpoint.is_free,
        })
    }

    /// Lists the endpoint's models; `None` if it has no list, as many endpoints do not.
    async fn list_models(&self) -> Result<Option<Vec<String>>, LlmError> {
        let began = Instant::now();
        match self.request_json(Method::GET, "/models", None).await {
            Ok(value) => Ok(read_model_names(&value)),
            Err((fault, attempts)) => match fault.meaning() {
                // A key may be valid for chats only.
                Meaning::Key if matches!(&fault, CallFault::Refused(refusal) if refusal.status == 403) => Ok(None),
                Meaning::Key | Meaning::Quota => Err(self
                    .attempts_at(self.first_model(), attempts, began)
                    .rejection_error(&fault)),
                Meaning::Passing if !matches!(fault, CallFault::Garbled(_)) => Err(self
                    .attempts_at(self.first_model(), attempts, began)
                    .outage_error(&fault)),
                _ => Ok(None),
            },
        }
    }

    /// Makes a call of one token, which says more than a list.
    async fn try_model(&self, model: &str, listed: &[String]) -> Result<(), LlmError> {
        let cap = match self.endpoint.habits.max_completion_tokens {
            // Reasoning models reject a smaller limit.
            true => json!({"max_completion_tokens": 16}),
            false => json!({"max_tokens": 1}),
        };
        let mut body = json!({
            "model": model,
            "messages": [{"role": "user", "content": "Say OK."}],
            "stream": false,
        });
        if let (Value::Object(body), Value::Object(cap)) = (&mut body, cap) {
            body.extend(cap);
        }
        let began = Instant::now();
        let (fault, attempts) = match self.request_json(Method::POST, "/chat/completions", Some(body)).await {
            Ok(value) => {
                let mut gathered = PartialReply::default();
                gathered.add_chunk(&value);
                match gathered.into_reply() {
                    // The text does not matter.
                    Ok(_) | Err(CallFault::Empty) => return Ok(()),
                    Err(fault) => (fault, 1),
                }
            }
            Err(failed) => failed,
        };
        let tried = self.attempts_at(model, attempts, began);
        match fault.meaning() {
            // The endpoint knows the model and rejects another part of the request; real calls adapt to that.
            Meaning::Request | Meaning::TooLong | Meaning::Declined => Ok(()),
            Meaning::NotThere => Err(LlmError::Rejected {
                what: format!(
                    "{} has no model `{model}`: {fault}{}",
                    self.endpoint.display_name(),
                    suggest_nearest(model, listed)
                ),
                remedy: tried.model_remedy(),
            }),
            Meaning::Key | Meaning::Quota => Err(tried.rejection_error(&fault)),
            Meaning::Passing | Meaning::Ours => Err(tried.outage_error(&fault)),
        }
    }

    fn first_model(&self) -> &str {
        self.models.first().map(String::as_str).unwrap_or_default()
    }

    fn attempts_at<'a>(&'a self, model: &'a str, attempts: u64, began: Instant) -> CallAttempts<'a> {
        CallAttempts {
            endpoint: &self.endpoint,
            model,
            attempts,
            time: began.elapsed(),
            answered: false,
        }
    }

    /// Sends a request until it returns JSON, in a few attempts; otherwise returns the last fault and the number of
    /// attempts.
    async fn request_json(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, (CallFault, u64)> {
        let mut tries = 0;
        loop {
            let fault = match timeout(
                self.patience,
                self.request_json_once(method.clone(), path, body.as_ref()),
            )
            .await
            {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(fault)) => fault,
                Err(_) => CallFault::Late(self.patience),
            };
            tries += 1;
            // Report at once that nothing answers.
            let hopeless = !fault.is_transient() || matches!(fault, CallFault::Connect(_) | CallFault::Late(_));
            if hopeless || tries >= TRIES {
                return Err((fault, tries.into()));
            }
            let wait = self
                .backoff
                .wait_before_retry(tries, fault.retry_after(), 0.5 + fastrand::f64() / 2.0);
            sleep(wait.min(self.patience)).await;
        }
    }

    async fn request_json_once(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, CallFault> {
        let strike = |text: String| self.endpoint.redactor.strike_secrets(&text).into_owned();
        let words = |error: &reqwest::Error| strike(super::transport::describe_causes(error));
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.endpoint.base_url))
            .headers(self.endpoint.headers.clone());
        if let Some(body) = body {
            request = request
                .header(reqwest::header::CONTENT_TYPE, "application/json")
                .body(body.to_string());
        }
        let mut response = request.send().await.map_err(|error| match error.is_connect() {
            true => CallFault::Connect(words(&error)),
            false => CallFault::Cut(words(&error)),
        })?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(bytes) = response.chunk().await.map_err(|error| CallFault::Cut(words(&error)))? {
            body.extend_from_slice(&bytes);
            if body.len() > LIST {
                return Err(CallFault::TooLarge(LIST as u64));
            }
        }
        if status != StatusCode::OK {
            let refusal = ErrorAnswer::from_body(status.as_u16(), &body, None, &self.endpoint.redactor);
            return Err(CallFault::Refused(Box::new(refusal)));
        }
        serde_json::from_slice(&body).map_err(|error| CallFault::Garbled(format!("not JSON ({error})")))
    }
}

/// Model names from a list in any form.
fn read_model_names(value: &Value) -> Option<Vec<String>> {
    let list = [Some(value), value.get("data"), value.get("models")]
        .into_iter()
        .flatten()
        .find_map(Value::as_array)?;
    let names: Vec<String> = list
        .iter()
        .filter_map(|model| {
            let named = model.get("id").or_else(|| model.get("name")).unwrap_or(model);
            named.as_str().map(ToOwned::to_owned)
        })
        .collect();
    Some(names)
}

/// Whether the list has a model; Ollama's tag `latest` may be omitted.
fn is_listed(listed: &[String], model: &str) -> bool {
    let latest = format!("{model}:latest");
    listed.iter().any(|name| name == model || *name == latest)
}

fn suggest_nearest(model: &str, listed: &[String]) -> String {
    let mut names: Vec<(f64, &String)> = listed
        .iter()
        .map(|name| (strsim::jaro_winkler(&model.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness > 0.6)
        .collect();
    names.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    let names: Vec<String> = names
        .iter()
        .take(NEAREST)
        .map(|(_, name)| format!("`{}`", crate::progress::printable(name)))
        .collect();
    match names.is_empty() {
        true => String::new(),
        false => format!(" (it has {})", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_lists_of_every_form() {
        let table = [
            (
                json!({"object": "list", "data": [{"id": "a"}, {"id": "b"}]}),
                Some(vec!["a", "b"]),
            ),
            (json!({"models": [{"name": "a"}]}), Some(vec!["a"])),
            (json!(["a"]), Some(vec!["a"])),
            (json!({"data": []}), Some(vec![])),
            (json!({"data": null}), None),
            (json!("x"), None),
        ];
        for (value, expected) in table {
            let expected = expected.map(|names| names.into_iter().map(ToOwned::to_owned).collect::<Vec<_>>());
            assert_eq!(read_model_names(&value), expected, "{value}");
        }
    }

    #[test]
    fn names_the_nearest() {
        let listed: Vec<String> = ["llama3.1:8b", "qwen2.5-coder:7b", "qwen2.5-coder:latest", "zzz"]
            .map(ToOwned::to_owned)
            .into();
        assert!(
            is_listed(&listed, "qwen2.5-coder") && is_listed(&listed, "llama3.1:8b") && !is_listed(&listed, "llama3.1")
        );
        let near = suggest_nearest("qwen2.5-code:7b", &listed);
        assert!(
            near.starts_with(" (it has `qwen2.5-coder:7b`") && !near.contains("zzz"),
            "{near}"
        );
        assert_eq!(suggest_nearest("qwen", &[]), "");
    }
}
