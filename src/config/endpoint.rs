//! What the settings of a model's endpoint must be like, and that no key is among them.

use reqwest::Url;
use reqwest::header::{HeaderName, HeaderValue};

/// In place of a value that may be a key.
pub(super) const UNSHOWN: &str = "what it is set to (not shown: it may be a key)";

/// Words in the name of a header whose value is a secret.
const SECRET: [&str; 6] = ["authorization", "cookie", "key", "password", "secret", "token"];

/// What is wrong with an endpoint's address.
pub(super) fn address(text: &str) -> Result<(), &'static str> {
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

/// Whether an address has a name or a password in it.
pub(super) fn has_credentials(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| !url.username().is_empty() || url.password().is_some())
}

/// Whether a text can be the name of an environment variable.
pub(super) fn is_variable(text: &str) -> bool {
    let mut letters = text.chars();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// What is wrong with a header, and whether its value must not be shown.
pub(super) fn header(text: &str) -> Result<(), (&'static str, bool)> {
    let form = "each must be of the form \"Name: value\" or \"Name: $VARIABLE\"";
    let Some((name, value)) = text.split_once(':') else {
        return Err((form, true));
    };
    let (name, value) = (name.trim(), value.trim());
    if HeaderName::from_bytes(name.as_bytes()).is_err() {
        return Err((form, true));
    }
    if let Some(variable) = value.strip_prefix('$') {
        return match is_variable(variable) {
            true => Ok(()),
            false => Err(("what follows $ must be the name of an environment variable", true)),
        };
    }
    let name = name.to_ascii_lowercase();
    if SECRET.iter().any(|word| name.contains(word)) {
        return Err((
            "a secret is no setting; put it into an environment variable, and write \"Name: $VARIABLE\"",
            true,
        ));
    }
    match !value.is_empty() && HeaderValue::from_str(value).is_ok() {
        true => Ok(()),
        false => Err((form, false)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_addresses_from_other_texts() {
        for good in [
            "http://localhost:11434/v1",
            "https://api.openai.com/v1/",
            "http://[::1]:8000",
        ] {
            assert_eq!(address(good), Ok(()), "{good}");
        }
        for bad in [
            "localhost:11434",
            "ftp://x/v1",
            "/v1",
            "https://x/v1/chat/completions",
            "https://",
        ] {
            assert!(address(bad).is_err(), "{bad}");
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
            assert_eq!(header(good), Ok(()), "{good}");
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
            assert!(header(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_key_is_no_name_of_a_variable() {
        assert!(is_variable("OPENAI_API_KEY") && is_variable("_k1"));
        for bad in ["", "sk-abc", "1K", "$K", "K K"] {
            assert!(!is_variable(bad), "{bad}");
        }
    }
}
