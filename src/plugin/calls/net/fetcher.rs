//! Requests to permitted hosts: resolved, checked and connected to the checked addresses only.

use std::{io, net::SocketAddr, time::Duration};

use bytes::Bytes;
use futures::{FutureExt, future::LocalBoxFuture};
use http::{
    StatusCode,
    header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, HOST, HeaderValue, LOCATION, USER_AGENT},
};
use http_body_util::{BodyExt, Empty};
use reqwest::Url;
use serde_json::{Map, Value, json};

use super::{
    connection::{Exchange, send_request},
    headers::RequestHeaders,
};
use crate::plugin::{
    network::{AddressClass, Host, HostRule},
    wire::{RpcError, code},
};
use crate::prompt::{inline, shorten_to};

/// Maximum number of redirects.
const REDIRECTS: usize = 5;

/// Maximum length of an address in bytes.
const LONGEST_URL: usize = 8 << 10;

/// Letters of an error's causes that are kept.
const LONGEST_CAUSE: usize = 189;

/// Bytes that may come besides twice the limit of a body: heads, interim answers, encryption.
const AROUND_BODY: usize = 256 << 10;

/// Headers of an answer that the agent gets.
const KEPT: [&str; 3] = ["content-type", "retry-after", "date"];

/// Limits on one call.
#[derive(Debug, Clone, Copy)]
pub struct FetchLimits {
    /// Time for all of it: names, redirects and the whole body.
    pub time: Duration,
    /// Size of the body in bytes; a longer one is cut.
    pub body: usize,
}

/// Finds the addresses of a name.
pub type Lookup = dyn Fn(String, u16) -> LocalBoxFuture<'static, io::Result<Vec<SocketAddr>>>;

/// Asks the system for the addresses of a name.
pub fn system_lookup(name: String, port: u16) -> LocalBoxFuture<'static, io::Result<Vec<SocketAddr>>> {
    async move { Ok(tokio::net::lookup_host((name, port)).await?.collect()) }.boxed_local()
}

/// Why an address was not fetched, for the agent.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("no whole answer within {} s", .0.as_secs_f64())]
    TimedOut(Duration),
    #[error("`{name}` cannot be resolved: {cause}")]
    Unresolved { name: String, cause: String },
    /// A name that resolves to an address of this machine or a private network, or a reserved address.
    #[error("`{host}` has the address {address}, which is {class}; its agent.toml does not list that host as private")]
    RefusedAddress {
        host: String,
        address: SocketAddr,
        class: AddressClass,
    },
    /// The failure with its causes.
    #[error("no answer: {0}")]
    NoAnswer(String),
    #[error("its answer is compressed ({0}), although this was not asked for")]
    Compressed(String),
    #[error("it was redirected to an invalid address")]
    BadRedirect,
    #[error("it was redirected: {0}")]
    RefusedRedirect(String),
    #[error("it was redirected from https to http")]
    Downgraded,
    #[error("it was redirected more than {REDIRECTS} times")]
    TooManyRedirects,
}

impl FetchError {
    fn no_answer(error: &dyn std::error::Error) -> Self {
        let causes = std::iter::successors(Some(error), |cause| cause.source());
        let causes: Vec<String> = causes.map(ToString::to_string).collect();
        Self::NoAnswer(shorten_to(&inline(&causes.join(": ")), LONGEST_CAUSE))
    }

    /// The code with which the agent gets it.
    pub fn code(&self) -> i64 {
        match self {
            Self::RefusedAddress { .. } => code::NOT_PERMITTED,
            _ => code::FAILED,
        }
    }
}

/// Fetches from the hosts of one agent.
pub struct Fetcher<'a> {
    /// The hosts that the agent may fetch from.
    pub rules: &'a [HostRule],
    /// How names are resolved.
    pub lookup: &'a Lookup,
    /// The limits of a call.
    pub limits: FetchLimits,
}

impl Fetcher<'_> {
    /// Sends a GET request and follows its redirects.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn fetch(&self, url: Url, headers: RequestHeaders) -> Result<Value, FetchError> {
        let answer = tokio::time::timeout(self.limits.time, self.follow_redirects(url, headers)).await;
        answer.unwrap_or(Err(FetchError::TimedOut(self.limits.time)))
    }

    async fn follow_redirects(&self, mut url: Url, mut headers: RequestHeaders) -> Result<Value, FetchError> {
        for _ in 0..=REDIRECTS {
            let exchange = self.send(&url, &headers).await?;
            let (status, location) = (exchange.answer.status(), exchange.answer.headers().get(LOCATION));
            let Some(next) = next_hop(&url, status, location, self.rules)? else {
                return self.read_answer(exchange).await;
            };
            if next.origin() != url.origin() {
                headers.keep_harmless();
            }
            url = next;
        }
        Err(FetchError::TooManyRedirects)
    }

    /// Sends one request, to addresses that were checked.
    async fn send(&self, url: &Url, headers: &RequestHeaders) -> Result<Exchange, FetchError> {
        let addresses = self.find_addresses(url).await?;
        let request = build_request(url, headers).map_err(|error| FetchError::no_answer(&error))?;
        let most = 2 * self.limits.body + AROUND_BODY;
        let sent = send_request(url, &addresses, request, most).await;
        sent.map_err(|error| FetchError::no_answer(&error))
    }

    /// Resolves the host of an address. One address that is not permitted refuses all of them.
    async fn find_addresses(&self, url: &Url) -> Result<Vec<SocketAddr>, FetchError> {
        let port = url.port_or_known_default().unwrap_or_default();
        let shown = shorten_to(&inline(url.host_str().unwrap_or_default()), 80);
        let unresolved = |cause: String| FetchError::Unresolved {
            name: shown.clone(),
            cause: shorten_to(&inline(&cause), LONGEST_CAUSE),
        };
        let addresses = match Host::of(url) {
            Some(Host::Address(address)) => vec![SocketAddr::new(address, port)],
            Some(Host::Name(name)) => {
                let found = (self.lookup)(name, port).await;
                found.map_err(|error| unresolved(error.to_string()))?
            }
            None => Vec::new(),
        };
        if addresses.is_empty() {
            return Err(unresolved("it has no address".to_owned()));
        }
        for address in &addresses {
            let class = AddressClass::of(address.ip());
            let mut rules = self.rules.iter().filter(|rule| rule.covers(url));
            if !rules.any(|rule| rule.admits(class)) {
                return Err(FetchError::RefusedAddress {
                    host: shown,
                    address: *address,
                    class,
                });
            }
        }
        Ok(addresses)
    }

    async fn read_answer(&self, mut exchange: Exchange) -> Result<Value, FetchError> {
        let answer = &mut exchange.answer;
        let encoding = answer.headers().get(CONTENT_ENCODING);
        if let Some(encoding) = encoding.filter(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity")) {
            let encoding = String::from_utf8_lossy(encoding.as_bytes());
            return Err(FetchError::Compressed(shorten_to(&inline(&encoding), 40)));
        }
        let headers: Map<String, Value> = KEPT
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), answer.headers().get(name)?.to_str().ok()?.into())))
            .collect();
        let status = answer.status().as_u16();
        let mut body = Vec::new();
        let mut truncated = false;
        while let Some(frame) = answer.frame().await {
            let frame = frame.map_err(|error| FetchError::no_answer(&error))?;
            let Ok(piece) = frame.into_data() else { continue };
            let room = self.limits.body - body.len();
            truncated = piece.len() > room;
            body.extend_from_slice(piece.get(..room.min(piece.len())).unwrap_or_default());
            if truncated {
                break;
            }
        }
        // What is not UTF-8, and control characters, take several bytes of a line each.
        let mut text = String::from_utf8_lossy(&body).into_owned();
        let fitting = fitting_in_json(&text, self.limits.body + self.limits.body / 2);
        truncated |= fitting < text.len();
        text.truncate(fitting);
        Ok(json!({ "status": status, "headers": headers, "text": text, "truncated": truncated }))
    }
}

/// A GET request with the headers of the agent and those that it cannot set.
fn build_request(url: &Url, headers: &RequestHeaders) -> Result<http::Request<Empty<Bytes>>, http::Error> {
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let mut request = http::Request::get(format!("{}{query}", url.path())).body(Empty::new())?;
    let map = request.headers_mut();
    *map = headers.to_map();
    map.insert(HOST, HeaderValue::try_from(format!("{host}{port}"))?);
    map.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    for (name, value) in [
        (ACCEPT, "*/*"),
        (USER_AGENT, concat!("kosmos/", env!("CARGO_PKG_VERSION"))),
    ] {
        map.entry(name).or_insert(HeaderValue::from_static(value));
    }
    Ok(request)
}

/// The length of the beginning of a text that takes at most so many bytes as JSON.
fn fitting_in_json(text: &str, most: usize) -> usize {
    let mut taken = 0;
    let over = text.char_indices().find(|(_, letter)| {
        taken += match letter {
            '"' | '\\' | '\n' | '\r' | '\t' => 2,
            letter if letter.is_ascii_control() => 6,
            letter => letter.len_utf8(),
        };
        taken > most
    });
    over.map_or(text.len(), |(at, _)| at)
}

/// Parses an address and checks that its host is permitted.
///
/// # Errors
/// An error that says what is wrong with the address.
pub fn check_permitted(url: &str, rules: &[HostRule]) -> Result<Url, RpcError> {
    let wrong = |what: &str| RpcError::new(code::WRONG_PARAMETERS, what);
    if url.len() > LONGEST_URL {
        return Err(wrong(&format!("`url` is longer than {LONGEST_URL} bytes")));
    }
    let url = Url::parse(url).map_err(|_| wrong("`url` is not a valid address"))?;
    if !matches!(url.scheme(), "https" | "http") || !url.has_host() {
        return Err(wrong("`url` must begin with https:// or http://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("`url` may not contain a user name or password"));
    }
    match rules.iter().any(|rule| rule.covers(&url)) {
        true => Ok(url),
        false => {
            let host = url.host_str().unwrap_or_default();
            let place = url.port().map_or(host.to_owned(), |port| format!("{host}:{port}"));
            let told = format!(
                "`{}` is not among the hosts that its agent.toml lists under `network`",
                shorten_to(&inline(&place), 80)
            );
            Err(RpcError::new(code::NOT_PERMITTED, told))
        }
    }
}

/// The address to which an answer redirects, checked like the first one; `None` for an answer that is no redirect.
fn next_hop(
    from: &Url,
    status: StatusCode,
    location: Option<&HeaderValue>,
    rules: &[HostRule],
) -> Result<Option<Url>, FetchError> {
    let (301 | 302 | 303 | 307 | 308, Some(location)) = (status.as_u16(), location) else {
        return Ok(None);
    };
    let location = location.to_str().map_err(|_| FetchError::BadRedirect)?;
    let next = from.join(location).map_err(|_| FetchError::BadRedirect)?;
    let next = check_permitted(next.as_str(), rules).map_err(|error| FetchError::RefusedRedirect(error.message))?;
    match (from.scheme(), next.scheme()) {
        ("https", "http") => Err(FetchError::Downgraded),
        _ => Ok(Some(next)),
    }
}

#[cfg(test)]
mod redirect_tests {
    use super::*;

    fn hop(from: &str, status: u16, to: &str) -> Result<Option<Url>, FetchError> {
        let rules = ["api.example.org", "cdn.example.org:8443", "127.0.0.1:8080"];
        let rules: Vec<HostRule> = rules.into_iter().map(|rule| HostRule::parse(rule).unwrap()).collect();
        let location = HeaderValue::from_bytes(to.as_bytes()).unwrap();
        let status = StatusCode::from_u16(status).unwrap();
        next_hop(&Url::parse(from).unwrap(), status, Some(&location), &rules)
    }

    #[test]
    fn each_hop_is_checked_like_the_first_request() {
        for (to, expected) in [
            ("/b?c", "https://api.example.org/b?c"),
            ("b", "https://api.example.org/b"),
            ("//cdn.example.org:8443/x", "https://cdn.example.org:8443/x"),
            ("https://API.EXAMPLE.ORG/x", "https://api.example.org/x"),
        ] {
            for status in [301, 302, 303, 307, 308] {
                let next = hop("https://api.example.org/a", status, to).unwrap();
                assert_eq!(next.unwrap().as_str(), expected);
            }
        }
        for to in [
            "https://example.org/",
            "https://api.example.org:8443/",
            "https://user@api.example.org/",
            "https://127.0.0.1:22/",
            "http://169.254.169.254/latest/meta-data/",
            "file:///etc/passwd",
            "gopher://api.example.org/",
            "ftp://api.example.org/",
            "data:text/plain,x",
            "javascript:0",
        ] {
            let error = hop("https://api.example.org/a", 302, to).unwrap_err();
            assert!(matches!(error, FetchError::RefusedRedirect(_)), "{to}: {error}");
        }
        for to in ["http://[", "https://", "http://\u{e9}.example/"] {
            let error = hop("http://api.example.org/a", 302, to).unwrap_err();
            assert!(matches!(error, FetchError::BadRedirect), "{to}: {error}");
        }
    }

    #[test]
    fn https_does_not_become_http() {
        let error = hop("https://api.example.org/a", 302, "http://api.example.org/a").unwrap_err();
        assert!(matches!(error, FetchError::Downgraded), "{error}");
        let error = hop("https://api.example.org/a", 302, "http://127.0.0.1:8080/").unwrap_err();
        assert!(matches!(error, FetchError::Downgraded), "{error}");
        hop("http://api.example.org/a", 302, "https://api.example.org/a").unwrap();
    }

    #[test]
    fn other_answers_are_no_redirects() {
        for status in [200, 201, 300, 304, 305, 404] {
            assert_eq!(
                hop("https://api.example.org/a", status, "/b").unwrap(),
                None,
                "{status}"
            );
        }
    }
}
