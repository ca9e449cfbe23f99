use std::{collections::BTreeMap, sync::OnceLock, time::Duration};

use reqwest::{Url, header::LOCATION};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Called, EventHandling, Outcome, code, read_params};
use crate::plugin::{ChosenAgent, wire::RpcError};
use crate::prompt::{inline, shorten_to};

/// Maximum size of a body in bytes: as JSON it has to fit into a line of the protocol.
const MOST: usize = 2 << 20;

/// Limit on the time of a request.
const PATIENCE: Duration = Duration::from_secs(30);

/// Letters of an error's causes that are kept.
const LONGEST_CAUSE: usize = 189;

/// Maximum number of redirects, all of them to permitted hosts.
const REDIRECTS: usize = 5;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fetch {
    url: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
}

/// Answers `net.fetch`.
pub(super) async fn fetch_url(handling: &mut EventHandling<'_>, params: &Value) -> Called {
    let asked: Fetch = match read_params(params) {
        Ok(asked) => asked,
        Err(error) => return Ok(Err(error)),
    };
    let hosts = permitted_hosts(handling.chosen);
    let url = match check_permitted(&asked.url, &hosts) {
        Ok(url) => url,
        Err(error) => return Ok(Err(error)),
    };
    let fetched = handling.call_once("net.fetch", params, || async move {
        Ok(
            match tokio::time::timeout(PATIENCE, get_following_redirects(url, &asked.headers, &hosts)).await {
                Ok(Ok(answer)) => Outcome::Result(answer),
                Ok(Err(error)) => Outcome::failed(error.to_string()),
                Err(_) => Outcome::failed(format!("no answer within {} s", PATIENCE.as_secs())),
            },
        )
    });
    Ok(fetched.await?.into_result())
}

/// The hosts that an agent may fetch from: those in its manifest, and those in its configuration where the manifest
/// names a key of it.
fn permitted_hosts(chosen: &ChosenAgent) -> Vec<String> {
    let mut hosts = Vec::new();
    for host in &chosen.manifest.permissions.network {
        match host.strip_prefix('$').map(|key| chosen.config.get(key)) {
            None => hosts.push(host.to_lowercase()),
            Some(Some(Value::String(configured))) => hosts.push(host_of(configured)),
            Some(Some(Value::Array(list))) => hosts.extend(list.iter().filter_map(Value::as_str).map(host_of)),
            Some(Some(Value::Object(map))) => hosts.extend(map.values().filter_map(Value::as_str).map(host_of)),
            Some(_) => {}
        }
    }
    hosts
}

/// The host of an address, with the port if the address has one.
fn host_of(text: &str) -> String {
    match Url::parse(text) {
        Ok(url) if url.has_host() => host_and_port(&url),
        _ => text.to_lowercase(),
    }
}

fn host_and_port(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default().to_lowercase();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host,
    }
}

fn check_permitted(url: &str, hosts: &[String]) -> Result<Url, RpcError> {
    let wrong = |what: &str| RpcError::new(code::WRONG_PARAMETERS, what);
    let url = Url::parse(url).map_err(|_| wrong("`url` is not a valid address"))?;
    if !matches!(url.scheme(), "https" | "http") || !url.has_host() {
        return Err(wrong("`url` must begin with https:// or http://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("`url` may not contain a user name or password"));
    }
    let place = host_and_port(&url);
    match hosts.contains(&place) {
        true => Ok(url),
        false => {
            let told = format!(
                "`{}` is not among the hosts that its agent.toml lists under `network`",
                shorten_to(&inline(&place), 80)
            );
            Err(RpcError::new(code::NOT_PERMITTED, told))
        }
    }
}

/// Why an address was not fetched, for the agent.
#[derive(Debug, Clone, thiserror::Error)]
enum FetchError {
    #[error("no HTTPS client: {0}")]
    NoClient(String),
    /// The causes without the address, which the agent knows.
    #[error("no answer: {0}")]
    NoAnswer(String),
    #[error("it was redirected to an invalid address")]
    BadRedirect,
    #[error("it was redirected: {0}")]
    RefusedRedirect(String),
    #[error("it was redirected more than {REDIRECTS} times")]
    TooManyRedirects,
}

impl FetchError {
    fn no_answer(error: &reqwest::Error) -> Self {
        let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
        let causes: Vec<String> = causes.map(ToString::to_string).collect();
        Self::NoAnswer(shorten_to(&inline(&causes.join(": ")), LONGEST_CAUSE))
    }
}

fn https_client() -> Result<&'static reqwest::Client, FetchError> {
    static CLIENT: OnceLock<Result<reqwest::Client, FetchError>> = OnceLock::new();
    let client = CLIENT.get_or_init(|| {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // If another thread was first, its provider is as good.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let builder = reqwest::Client::builder()
            .user_agent(concat!("kosmos/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            // Pooled connections belong to the thread that opened them, which may be gone at the next call.
            .pool_max_idle_per_host(0);
        builder.build().map_err(|error| FetchError::NoClient(error.to_string()))
    });
    client.as_ref().map_err(Clone::clone)
}

async fn get_following_redirects(
    mut url: Url,
    headers: &BTreeMap<String, String>,
    hosts: &[String],
) -> Result<Value, FetchError> {
    for _ in 0..=REDIRECTS {
        let mut request = https_client()?.get(url.clone());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let mut response = request.send().await.map_err(|error| FetchError::no_answer(&error))?;
        let moved = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
        if response.status().is_redirection()
            && let Some(to) = moved
        {
            let to = url.join(to).map_err(|_| FetchError::BadRedirect)?;
            url = check_permitted(to.as_str(), hosts).map_err(|error| FetchError::RefusedRedirect(error.message))?;
            continue;
        }
        let mut body = Vec::new();
        let mut truncated = false;
        while let Some(piece) = response.chunk().await.map_err(|error| FetchError::no_answer(&error))? {
            let room = MOST - body.len();
            truncated = piece.len() > room;
            body.extend_from_slice(piece.get(..room.min(piece.len())).unwrap_or_default());
            if truncated {
                break;
            }
        }
        let kept = ["content-type", "retry-after", "date"];
        let headers: BTreeMap<&str, &str> = kept
            .into_iter()
            .filter_map(|name| Some((name, response.headers().get(name)?.to_str().ok()?)))
            .collect();
        return Ok(json!({
            "status": response.status().as_u16(), "headers": headers, "text": String::from_utf8_lossy(&body),
            "truncated": truncated,
        }));
    }
    Err(FetchError::TooManyRedirects)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_listed_hosts_are_permitted() {
        let hosts = ["api.example.org".to_owned(), "127.0.0.1:8080".to_owned()];
        for good in [
            "https://api.example.org/x?y",
            "http://API.example.org/",
            "http://127.0.0.1:8080/a",
        ] {
            check_permitted(good, &hosts).unwrap();
        }
        for bad in [
            "https://example.org/",
            "https://api.example.org.evil.net/",
            "https://api.example.org:8443/",
            "http://127.0.0.1/",
            "http://user@api.example.org/",
            "https://api.example.org@evil.net/",
            "file:///etc/passwd",
            "ftp://api.example.org/",
            "nothing",
        ] {
            assert!(check_permitted(bad, &hosts).is_err(), "{bad}");
        }
        assert_eq!(host_of("http://127.0.0.1:8080/v1"), "127.0.0.1:8080");
        assert_eq!(host_of("https://export.arxiv.org/api"), "export.arxiv.org");
    }
}
