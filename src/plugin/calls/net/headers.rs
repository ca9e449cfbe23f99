//! The headers that an agent gives to its request.

use std::collections::BTreeMap;

use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::plugin::wire::{RpcError, code};
use crate::prompt::{inline, shorten_to};

/// Maximum number of headers.
const MOST: usize = 32;

/// Maximum length of all names and values together, in bytes.
const LONGEST: usize = 16 << 10;

/// Headers that decide where a request goes, how it is framed, what method it has or whom it seems to come from.
/// Kosmos sets those of them that a request needs.
const REFUSED: [&str; 31] = [
    "accept-encoding",
    "cf-connecting-ip",
    "client-ip",
    "connection",
    "content-encoding",
    "content-length",
    "expect",
    "fastly-client-ip",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "max-forwards",
    "te",
    "trailer",
    "trailers",
    "transfer-encoding",
    "true-client-ip",
    "upgrade",
    "via",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-host",
    "x-http-host-override",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-real-ip",
    "x-rewrite-url",
    "x-forwarded",
];

/// The beginnings of further such headers.
const REFUSED_PREFIXES: [&str; 4] = ["proxy-", "x-forwarded-", "x-original-", "sec-"];

/// Headers that go on to another host when a request is redirected. Any other may hold a credential.
const HARMLESS: [&str; 3] = ["accept", "accept-language", "user-agent"];

/// Why headers are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    #[error(
        "the header `{0}` cannot be set by an agent: it belongs to the connection, or changes whom the request reaches"
    )]
    Refused(String),
    #[error("`{0}` is not the name of a header")]
    Name(String),
    #[error("the value of the header `{0}` must consist of printable ASCII letters, without line breaks")]
    Value(String),
    #[error("the header `{0}` is given twice")]
    Twice(String),
    #[error("`headers` has more than {MOST} headers or {LONGEST} bytes")]
    TooLarge,
}

impl From<HeaderError> for RpcError {
    fn from(error: HeaderError) -> Self {
        let code = match error {
            HeaderError::Refused(_) => code::NOT_PERMITTED,
            _ => code::WRONG_PARAMETERS,
        };
        Self::new(code, error.to_string())
    }
}

/// The headers of a request, checked.
#[derive(Debug, Clone, Default)]
pub struct RequestHeaders(HeaderMap);

impl RequestHeaders {
    /// Checks the headers that an agent gives.
    ///
    /// # Errors
    /// [`HeaderError`], with the name of the header.
    pub fn check(given: &BTreeMap<String, String>) -> Result<Self, HeaderError> {
        let size: usize = given.iter().map(|(name, value)| name.len() + value.len()).sum();
        if given.len() > MOST || size > LONGEST {
            return Err(HeaderError::TooLarge);
        }
        let mut headers = HeaderMap::new();
        for (given_name, value) in given {
            let shown = || shorten_to(&inline(given_name), 80);
            let name = HeaderName::from_bytes(given_name.as_bytes()).map_err(|_| HeaderError::Name(shown()))?;
            if is_refused(name.as_str()) {
                return Err(HeaderError::Refused(shown()));
            }
            let printable = value
                .chars()
                .all(|letter| letter.is_ascii() && !letter.is_ascii_control());
            let value = HeaderValue::from_str(value).ok().filter(|_| printable);
            let value = value.ok_or_else(|| HeaderError::Value(shown()))?;
            if headers.insert(name, value).is_some() {
                return Err(HeaderError::Twice(shown()));
            }
        }
        Ok(Self(headers))
    }

    /// Drops every header that may hold a credential: the request goes on to another host.
    pub fn keep_harmless(&mut self) {
        let kept = self.0.iter().filter(|(name, _)| HARMLESS.contains(&name.as_str()));
        self.0 = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
    }

    /// The headers to send.
    pub fn to_map(&self) -> HeaderMap {
        self.0.clone()
    }
}

/// Whether an agent may not set the header of this name, in lower case. Servers that pass headers on as variables take
/// `_` for `-`.
fn is_refused(name: &str) -> bool {
    let name = name.replace('_', "-");
    REFUSED.contains(&name.as_str()) || REFUSED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(&str, &str)]) -> Result<RequestHeaders, HeaderError> {
        let given = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        RequestHeaders::check(&given.collect())
    }

    #[test]
    fn headers_of_the_connection_are_refused_by_name_in_any_case() {
        let named = [
            "Host",
            "Connection",
            "Keep-Alive",
            "Proxy-Authorization",
            "Proxy-Connection",
            "Proxy-Anything",
            "Content-Length",
            "Transfer-Encoding",
            "Upgrade",
            "HTTP2-Settings",
            "TE",
            "Trailer",
            "Expect",
            "Via",
            "Forwarded",
            "X-Forwarded-For",
            "X-Forwarded-Host",
            "X-Forwarded-Proto",
            "X_Forwarded_For",
            "X-Real-IP",
            "X-Original-URL",
            "X-HTTP-Method-Override",
            "Accept-Encoding",
            "Sec-Fetch-Site",
        ];
        for name in named.into_iter().chain(REFUSED) {
            for written in [name.to_owned(), name.to_lowercase(), name.to_uppercase()] {
                let error = check(&[("Accept", "text/html"), (&written, "x")]).unwrap_err();
                assert_eq!(error, HeaderError::Refused(written.clone()));
                let told = RpcError::from(error);
                assert_eq!(told.code, code::NOT_PERMITTED);
                assert!(told.message.contains(&format!("`{written}`")), "{}", told.message);
            }
        }
    }

    #[test]
    fn names_and_values_cannot_break_the_request() {
        for name in ["", "X A", "X:A", "X\r\nHost", "Høst", ":authority", "X-A\0", "Host "] {
            let error = check(&[(name, "x")]).unwrap_err();
            assert!(matches!(error, HeaderError::Name(_)), "{name:?}: {error}");
            assert!(!error.to_string().contains(['\r', '\n', '\0']), "{name:?}");
        }
        for value in [
            "a\r\nHost: b",
            "a\nb",
            "a\rb",
            "a\0",
            "a\tb",
            "\u{1b}[2J",
            "a\u{7f}",
            "b\u{fc}cher",
            "\u{2028}",
        ] {
            assert_eq!(
                check(&[("X-A", value)]).unwrap_err(),
                HeaderError::Value("X-A".to_owned()),
                "{value:?}"
            );
        }
        assert_eq!(
            check(&[("X-A", "1"), ("x-a", "2")]).unwrap_err(),
            HeaderError::Twice("x-a".to_owned())
        );
        let many: Vec<String> = (0..=MOST).map(|at| format!("x-{at}")).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "")).collect();
        assert_eq!(check(&many).unwrap_err(), HeaderError::TooLarge);
        assert_eq!(
            check(&[("x-a", &"a".repeat(LONGEST))]).unwrap_err(),
            HeaderError::TooLarge
        );
    }

    #[test]
    fn credentials_do_not_go_on_to_another_host() {
        let mut headers = check(&[
            ("Accept", "application/json"),
            ("Accept-Language", "en"),
            ("Authorization", "Bearer secret"),
            ("Cookie", "a=secret"),
            ("User-Agent", "agent/1"),
            ("X-Api-Key", "secret"),
        ])
        .unwrap();
        assert_eq!(headers.to_map().len(), 6);
        headers.keep_harmless();
        let map = headers.to_map();
        let mut kept: Vec<&str> = map.keys().map(HeaderName::as_str).collect();
        kept.sort_unstable();
        assert_eq!(kept, ["accept", "accept-language", "user-agent"]);
    }
}
