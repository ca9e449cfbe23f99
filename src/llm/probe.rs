//! Whether the endpoint is there, takes the key and has the models, before any work is done.

use std::{sync::Arc, time::Duration};

use reqwest::{Method, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use super::{
    LlmError,
    endpoint::Endpoint,
    fault::{Fault, Meaning, Refusal},
    mind::models,
    outcome::Tried,
    reply::Gathered,
    transport::{Backoff, http_client},
};
use crate::config::{self, Environment};

/// A probe answers in no time, or a model is being loaded.
const PATIENCE: Duration = Duration::from_secs(60);

/// Lists of models are long at aggregators.
const LIST: usize = 16 << 20;

/// Tries of one question: a server that is just starting says 503.
const TRIES: u32 = 3;

/// Names that are shown when the one asked for is not there.
const NEAREST: usize = 3;

/// What a probe found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Probed {
    /// The endpoint, by preset and address.
    pub endpoint: String,
    /// The models, all of them there.
    pub models: Vec<String>,
    /// The variable that its key came from.
    pub key_variable: Option<String>,
    /// Whether its tokens cost nothing.
    pub free: bool,
}

/// Probes the endpoint of the settings, for who has no run.
///
/// # Errors
/// [`LlmError::Rejected`] or [`LlmError::Outage`], with what to do.
pub async fn probe(settings: &config::LlmSettings, environment: &Environment) -> Result<Probed, LlmError> {
    let endpoint = Arc::new(Endpoint::resolve(settings, environment)?);
    let http = http_client(settings, &endpoint)?;
    Prober::new(settings, endpoint, http, models(settings)?).probe().await
}

/// Asks an endpoint about itself.
pub(super) struct Prober {
    endpoint: Arc<Endpoint>,
    http: reqwest::Client,
    models: Vec<String>,
    patience: Duration,
    backoff: Backoff,
}

impl Prober {
    pub(super) fn new(
        settings: &config::LlmSettings,
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

    pub(super) async fn probe(&self) -> Result<Probed, LlmError> {
        let listed = self.list().await?;
        for model in &self.models {
            let known = listed.as_ref().is_some_and(|listed| is_in(listed, model));
            if !known {
                self.say_a_word(model, listed.as_deref().unwrap_or_default()).await?;
            }
        }
        Ok(Probed {
            endpoint: self.endpoint.name(),
            models: self.models.clone(),
            key_variable: self.endpoint.key_variable.clone().filter(|_| self.endpoint.has_key),
            free: self.endpoint.is_free,
        })
    }

    /// The endpoint's models; none where it has no list, which many have not.
    async fn list(&self) -> Result<Option<Vec<String>>, LlmError> {
        let began = Instant::now();
        match self.ask(Method::GET, "/models", None).await {
            Ok(value) => Ok(names(&value)),
            Err((fault, attempts)) => match fault.meaning() {
                // A key may be good for chats alone.
                Meaning::Key if matches!(&fault, Fault::Refused(refusal) if refusal.status == 403) => Ok(None),
                Meaning::Key | Meaning::Quota => Err(self.tried(self.first(), attempts, began).rejection(&fault)),
                Meaning::Passing if !matches!(fault, Fault::Garbled(_)) => {
                    Err(self.tried(self.first(), attempts, began).outage(&fault))
                }
                _ => Ok(None),
            },
        }
    }

    /// A call of one token, which says more than any list.
    async fn say_a_word(&self, model: &str, listed: &[String]) -> Result<(), LlmError> {
        let cap = match self.endpoint.habits.max_completion_tokens {
            // Models that think first refuse to begin with less.
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
        let (fault, attempts) = match self.ask(Method::POST, "/chat/completions", Some(body)).await {
            Ok(value) => {
                let mut gathered = Gathered::default();
                gathered.add(&value);
                match gathered.finish() {
                    // Whatever it says.
                    Ok(_) | Err(Fault::Empty) => return Ok(()),
                    Err(fault) => (fault, 1),
                }
            }
            Err(failed) => failed,
        };
        let tried = self.tried(model, attempts, began);
        match fault.meaning() {
            // It knows the model, and did not like the rest; real calls learn what it likes.
            Meaning::Request | Meaning::TooLong | Meaning::Declined => Ok(()),
            Meaning::NotThere => Err(LlmError::Rejected {
                what: format!(
                    "{} has no model `{model}`: {fault}{}",
                    self.endpoint.name(),
                    nearest(model, listed)
                ),
                remedy: tried.get_model(),
            }),
            Meaning::Key | Meaning::Quota => Err(tried.rejection(&fault)),
            Meaning::Passing | Meaning::Ours => Err(tried.outage(&fault)),
        }
    }

    fn first(&self) -> &str {
        self.models.first().map(String::as_str).unwrap_or_default()
    }

    fn tried<'a>(&'a self, model: &'a str, attempts: u64, began: Instant) -> Tried<'a> {
        Tried {
            endpoint: &self.endpoint,
            model,
            attempts,
            time: began.elapsed(),
            answered: false,
        }
    }

    /// The JSON that a request gives, in a few tries; else the last fault and the number of tries.
    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, (Fault, u64)> {
        let mut tries = 0;
        loop {
            let fault = match timeout(self.patience, self.ask_once(method.clone(), path, body.as_ref())).await {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(fault)) => fault,
                Err(_) => Fault::Late(self.patience),
            };
            tries += 1;
            // What is not there is said at once.
            let hopeless = !fault.passes() || matches!(fault, Fault::Connect(_) | Fault::Late(_));
            if hopeless || tries >= TRIES {
                return Err((fault, tries.into()));
            }
            let wait = self
                .backoff
                .wait(tries, fault.retry_after(), 0.5 + fastrand::f64() / 2.0);
            sleep(wait.min(self.patience)).await;
        }
    }

    async fn ask_once(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Fault> {
        let strike = |text: String| self.endpoint.redactor.strike(&text).into_owned();
        let words = |error: &reqwest::Error| strike(super::transport::causes(error));
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
            true => Fault::Connect(words(&error)),
            false => Fault::Cut(words(&error)),
        })?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(bytes) = response.chunk().await.map_err(|error| Fault::Cut(words(&error)))? {
            body.extend_from_slice(&bytes);
            if body.len() > LIST {
                return Err(Fault::TooLarge(LIST as u64));
            }
        }
        if status != StatusCode::OK {
            let refusal = Refusal::read(status.as_u16(), &body, None, &self.endpoint.redactor);
            return Err(Fault::Refused(Box::new(refusal)));
        }
        serde_json::from_slice(&body).map_err(|error| Fault::Garbled(format!("no JSON ({error})")))
    }
}

/// The names in a list of models, whatever its form.
fn names(value: &Value) -> Option<Vec<String>> {
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

/// Whether a model is in a list; Ollama's tag `latest` goes without saying.
fn is_in(listed: &[String], model: &str) -> bool {
    let latest = format!("{model}:latest");
    listed.iter().any(|name| name == model || *name == latest)
}

fn nearest(model: &str, listed: &[String]) -> String {
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
            assert_eq!(names(&value), expected, "{value}");
        }
    }

    #[test]
    fn names_the_nearest() {
        let listed: Vec<String> = ["llama3.1:8b", "qwen2.5-coder:7b", "qwen2.5-coder:latest", "zzz"]
            .map(ToOwned::to_owned)
            .into();
        assert!(is_in(&listed, "qwen2.5-coder") && is_in(&listed, "llama3.1:8b") && !is_in(&listed, "llama3.1"));
        let near = nearest("qwen2.5-code:7b", &listed);
        assert!(
            near.starts_with(" (it has `qwen2.5-coder:7b`") && !near.contains("zzz"),
            "{near}"
        );
        assert_eq!(nearest("qwen", &[]), "");
    }
}
