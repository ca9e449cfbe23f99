//! Checks of the settings of a model's endpoint, which must not hold a key.

use reqwest::Url;
use reqwest::header::{HeaderName, HeaderValue};

/// Shown in place of a value that may be a key.
pub(super) const UNSHOWN: &str = "[not shown: it may be a key]";

/// Words in the name of a header whose value is a secret.
const SECRET: [&str; 6] = ["authorization", "cookie", "key", "password", "secret", "token"];

/// Checks an endpoint's address; the error is the reason why it is invalid.
pub(super) fn check_address(text: &str) -> Result<(), &'static str> {
    let Ok(url) = Url::parse(text) else {
        return Err("it must be an address such as \"http://localhost:11434/v1\"");
    };
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err("it must be an address such as \"http://localhost:11434/v1\"");
    }
    if url.path().trim_end_matches('/').ends_with("/chat/completions") {
        return Err("it is the address up to and without /chat/completions");
    }
    Ok(())
}

/// Returns true if an address holds a user name or a password.
pub(super) fn has_credentials(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| !url.username().is_empty() || url.password().is_some())
}

/// Returns true if a text can be the name of an environment variable.
pub(super) fn is_variable(text: &str) -> bool {
    let mut letters = text.chars();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// Why a header is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum HeaderError {
    #[error("each must be of the form \"Name: value\" or \"Name: $VARIABLE\"")]
    Name,
    #[error("each must be of the form \"Name: value\" or \"Name: $VARIABLE\"")]
    Value,
    #[error("$ must be followed by the name of an environment variable")]
    Variable,
    #[error("settings must not hold a secret")]
    Secret,
}

impl HeaderError {
    /// The remedy, if the message does not imply it.
    pub(super) fn help(self) -> Option<&'static str> {
        (self == Self::Secret).then_some("put it into an environment variable, and write \"Name: $VARIABLE\"")
    }

    /// Returns false if the header may hold a secret.
    pub(super) fn may_show_value(self) -> bool {
        self == Self::Value
    }
}

/// Checks the form of a header, and that its value is no secret.
pub(super) fn check_header(text: &str) -> Result<(), HeaderError> {
    let (name, value) = text.split_once(':').ok_or(HeaderError::Name)?;
    let (name, value) = (name.trim(), value.trim());
    if HeaderName::from_bytes(name.as_bytes()).is_err() {
        return Err(HeaderError::Name);
    }
    if let Some(variable) = value.strip_prefix('$') {
        return match is_variable(variable) {
            true => Ok(()),
            false => Err(HeaderError::Variable),
        };
    }
    let name = name.to_ascii_lowercase();
    if SECRET.iter().any(|word| name.contains(word)) {
        return Err(HeaderError::Secret);
    }
    match !value.is_empty() && HeaderValue::from_str(value).is_ok() {
        true => Ok(()),
        false => Err(HeaderError::Value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognises_addresses() {
        for good in [
            "http://localhost:11434/v1",
            "https://api.openai.com/v1/",
            "http://[::1]:8000",
        ] {
            assert_eq!(check_address(good), Ok(()), "{good}");
        }
        for bad in [
            "localhost:11434",
            "ftp://x/v1",
            "/v1",
            "https://x/v1/chat/completions",
            "https://",
        ] {
            assert!(check_address(bad).is_err(), "{bad}");
        }
        assert!(has_credentials("https://me:sk-1@host/v1") && has_credentials("https://sk-1@host/v1"));
        assert!(!has_credentials("https://host/v1"));
    }

    #[test]
    fn headers_hold_no_secrets() {
        for good in [
            "X-Title: Kosmos",
            "Authorization: $MY_KEY",
            "x-api-key:$K",
            "HTTP-Referer: https://a.b",
        ] {
            assert_eq!(check_header(good), Ok(()), "{good}");
        }
        for bad in [
            "Authorization: Bearer sk-1",
            "X-Api-Key: abc",
            "Authorization: $MY KEY",
            "no colon",
            "b\u{e4}d: x",
            "X-A: a\nb",
            "X-A:",
        ] {
            assert!(check_header(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_key_is_not_the_name_of_a_variable() {
        assert!(is_variable("OPENAI_API_KEY") && is_variable("_k1"));
        for bad in ["", "sk-abc", "1K", "$K", "K K"] {
            assert!(!is_variable(bad), "{bad}");
        }
    }
}
