//! A model's endpoint: preset, address, key and headers.

use reqwest::{
    Url,
    header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue},
};

use super::{LlmError, Redactor, Secret};
use kosmos_core::environment::Environment;

use super::{LlmSettings, Provider, Structured};

/// An OpenAI-compatible endpoint, ready for calls. Holds secrets; its `Debug` output shows none of them.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The preset, if one is set.
    pub provider: Option<Provider>,
    /// The address without `/chat/completions`.
    pub base_url: String,
    /// The environment variable that holds the key; `None` if no key is sent.
    pub key_variable: Option<String>,
    /// Whether a key was found.
    pub has_key: bool,
    /// Whether its tokens are free.
    pub is_free: bool,
    /// Whether it is on this machine.
    pub is_local: bool,
    pub(super) headers: HeaderMap,
    pub(super) redactor: Redactor,
    pub(super) habits: Habits,
}

/// How a preset's endpoints differ from the common form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Habits {
    /// The strictest structured-output mode that it is known to support.
    pub(super) structured: Structured,
    /// Whether it takes `max_completion_tokens` in place of `max_tokens`.
    pub(super) max_completion_tokens: bool,
}

impl Endpoint {
    /// Builds the endpoint that the settings name, with its key from the environment.
    ///
    /// # Errors
    /// [`LlmError::Rejected`] when an address, key or header is missing or invalid.
    pub fn from_settings(settings: &LlmSettings, environment: &Environment) -> Result<Self, LlmError> {
        let address = settings.address().ok_or_else(|| {
            rejected(
                "no model endpoint is configured",
                "set llm.provider to a preset such as \"ollama\", or llm.base_url to the endpoint's address",
            )
        })?;
        let url = parse_base_url(address)?;
        let key_variable = settings.key_variable();
        let key = match key_variable {
            Some(name) => read_secret(environment, name)?,
            None => None,
        };
        let (mut headers, mut secrets) = own_headers(settings, environment)?;
        let must = settings.api_key_env.is_some() || settings.provider.is_some_and(Provider::needs_key);
        if let (None, Some(name), true) = (&key, key_variable, must && !headers.contains_key(AUTHORIZATION)) {
            return Err(rejected(
                &format!("the model's endpoint {url} needs a key, and {name} is not set"),
                &format!("set the environment variable {name} to the key, or name another variable in llm.api_key_env"),
            ));
        }
        if let Some(key) = &key {
            let value = secret_header(&format!("Bearer {}", key.expose())).map_err(|_| {
                rejected(
                    &format!(
                        "the key in {} contains invalid characters",
                        key_variable.unwrap_or_default()
                    ),
                    "copy it again: one line, no spaces",
                )
            })?;
            if settings.provider == Some(Provider::Anthropic) {
                // Anthropic's list of models requires these headers.
                if let Ok(value) = secret_header(key.expose()) {
                    headers.entry("x-api-key").or_insert(value);
                }
                headers
                    .entry("anthropic-version")
                    .or_insert(HeaderValue::from_static("2023-06-01"));
            }
            headers.entry(AUTHORIZATION).or_insert(value);
            secrets.push(key.clone());
        }
        let is_local = is_local(&url);
        Ok(Self {
            provider: settings.provider,
            base_url: url.as_str().trim_end_matches('/').to_owned(),
            key_variable: key_variable.map(ToOwned::to_owned),
            has_key: key.is_some(),
            is_free: settings.provider.is_some_and(Provider::is_free),
            is_local,
            headers,
            redactor: Redactor::new(secrets),
            habits: Habits {
                structured: match (settings.structured, settings.provider) {
                    // Anthropic's OpenAI-compatible endpoint ignores `response_format`.
                    (Structured::Auto, Some(Provider::Anthropic)) => Structured::Plain,
                    (Structured::Auto, _) => Structured::JsonSchema,
                    (set, _) => set,
                },
                max_completion_tokens: settings.provider == Some(Provider::Openai),
            },
        })
    }

    /// The preset and the address, for messages.
    pub fn display_name(&self) -> String {
        match self.provider {
            Some(provider) => format!("{provider} at {}", self.base_url),
            None => self.base_url.clone(),
        }
    }
}

pub(super) fn rejected(what: &str, remedy: &str) -> LlmError {
    LlmError::Rejected {
        what: what.to_owned(),
        remedy: remedy.to_owned(),
    }
}

/// Parses the address and rejects credentials, queries and fragments.
fn parse_base_url(text: &str) -> Result<Url, LlmError> {
    let wrong = |why: &str| {
        rejected(
            &format!("llm.base_url is not the address of an endpoint: {why}"),
            "write it like \"https://api.example.org/v1\"",
        )
    };
    let url = Url::parse(text.trim()).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(wrong("it must begin with http:// or https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        // Everyone who can read the run's folder can read its settings.
        return Err(rejected(
            "llm.base_url contains a user name or password",
            "remove them; a header can be set by llm.headers = [\"Authorization: $VARIABLE\"]",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it has a query or a fragment"));
    }
    Ok(url)
}

fn is_local(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    }
}

fn read_secret(environment: &Environment, name: &str) -> Result<Option<Secret>, LlmError> {
    match environment.variable(name) {
        None => Ok(None),
        Some(value) => match value.to_str() {
            Some(text) if text.trim().is_empty() => Ok(None),
            Some(text) => Ok(Some(Secret::new(text))),
            None => Err(rejected(
                &format!("the value of {name} is not valid UTF-8"),
                "set it to plain text",
            )),
        },
    }
}

fn secret_header(text: &str) -> Result<HeaderValue, InvalidHeaderValue> {
    let mut value = HeaderValue::from_str(text)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Reads the headers from the settings; also returns the secrets among their values.
fn own_headers(settings: &LlmSettings, environment: &Environment) -> Result<(HeaderMap, Vec<Secret>), LlmError> {
    let (mut headers, mut secrets) = (HeaderMap::new(), Vec::new());
    if let Some(organization) = &settings.organization {
        let value = HeaderValue::from_str(organization).map_err(|_| {
            rejected(
                "llm.organization is not a valid header value",
                "write its id, such as \"org-abc\"",
            )
        })?;
        headers.insert("openai-organization", value);
    }
    for (index, line) in settings.headers.iter().enumerate() {
        let wrong = || {
            rejected(
                &format!("llm.headers[{index}] is not of the form \"Name: value\""),
                "write it like \"X-Title: Kosmos\" or \"X-Token: $TOKEN\"",
            )
        };
        let (name, value) = line.split_once(':').ok_or_else(wrong)?;
        let name: HeaderName = name.trim().parse().map_err(|_| wrong())?;
        let value = match value.trim().strip_prefix('$') {
            None => HeaderValue::from_str(value.trim()).map_err(|_| wrong())?,
            Some(from) => {
                let secret = read_secret(environment, from)?.ok_or_else(|| {
                    rejected(
                        &format!("llm.headers[{index}] takes its value from {from}, which is not set"),
                        &format!("set the environment variable {from}"),
                    )
                })?;
                let value = secret_header(secret.expose()).map_err(|_| {
                    rejected(
                        &format!("the value of {from} is not a valid header value"),
                        "set it to one line of plain text",
                    )
                })?;
                secrets.push(secret);
                value
            }
        };
        headers.insert(name, value);
    }
    Ok((headers, secrets))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The default settings with a change applied after validation: the endpoint validates for itself.
    fn settings(change: impl FnOnce(&mut LlmSettings)) -> LlmSettings {
        let defaults = include_str!("../../config/default.toml");
        let mut defaults: toml::Table = toml::from_str(defaults).unwrap();
        let mut llm: LlmSettings = defaults.remove("llm").unwrap().try_into().unwrap();
        change(&mut llm);
        llm
    }

    fn resolve(change: impl FnOnce(&mut LlmSettings), variables: &[(&str, &str)]) -> Result<Endpoint, LlmError> {
        Endpoint::from_settings(&settings(change), &Environment::new(variables.iter().copied(), "/"))
    }

    fn told(resolved: Result<Endpoint, LlmError>) -> String {
        let error = resolved.unwrap_err();
        format!("{error}\n{}", error.help().unwrap_or_default())
    }

    #[test]
    fn presets_say_where_and_with_what_key() {
        let table = [
            (
                Provider::Openai,
                "https://api.openai.com/v1",
                Some("OPENAI_API_KEY"),
                false,
                false,
            ),
            (Provider::Ollama, "http://localhost:11434/v1", None, true, true),
            (Provider::Vllm, "http://localhost:8000/v1", None, true, true),
            (
                Provider::Litellm,
                "http://localhost:4000/v1",
                Some("LITELLM_API_KEY"),
                false,
                true,
            ),
            (
                Provider::Openrouter,
                "https://openrouter.ai/api/v1",
                Some("OPENROUTER_API_KEY"),
                false,
                false,
            ),
            (
                Provider::Anthropic,
                "https://api.anthropic.com/v1",
                Some("ANTHROPIC_API_KEY"),
                false,
                false,
            ),
        ];
        for (provider, base, variable, free, local) in table {
            let variables = [(variable.unwrap_or("OTHER"), "sk-0123456789")];
            let endpoint = resolve(|llm| llm.provider = Some(provider), &variables).unwrap();
            assert_eq!(endpoint.base_url, base);
            assert_eq!(endpoint.key_variable.as_deref(), variable);
            assert_eq!((endpoint.is_free, endpoint.is_local), (free, local), "{provider}");
            let sent = endpoint.headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap());
            assert_eq!(sent, variable.map(|_| "Bearer sk-0123456789"), "{provider}");
            assert!(!format!("{endpoint:?}").contains("0123456789"), "{endpoint:?}");
        }
    }

    #[test]
    fn a_missing_key_is_said_at_once() {
        for provider in [Provider::Openai, Provider::Openrouter, Provider::Anthropic] {
            let error = told(resolve(|llm| llm.provider = Some(provider), &[]));
            assert!(
                error.contains("_API_KEY is not set") && error.contains("llm.api_key_env"),
                "{error}"
            );
        }
        let named = |llm: &mut LlmSettings| {
            llm.provider = Some(Provider::Vllm);
            llm.api_key_env = Some("MY_KEY".to_owned());
        };
        assert!(told(resolve(named, &[])).contains("MY_KEY is not set"));
        assert!(resolve(named, &[("MY_KEY", "sk-0123456789")]).unwrap().has_key);
    }

    #[test]
    fn no_key_goes_to_an_address_that_it_is_not_for() {
        let endpoint = resolve(
            |llm| llm.base_url = Some("https://x.org/v1".to_owned()),
            &[("OPENAI_API_KEY", "sk-0123456789")],
        )
        .unwrap();
        assert!(!endpoint.has_key && endpoint.headers.is_empty());
    }

    #[test]
    fn addresses_are_made_whole_or_refused() {
        let at = |text: &str| resolve(|llm| llm.base_url = Some(text.to_owned()), &[]);
        let good = [
            ("https://x.org/v1/", "https://x.org/v1"),
            ("http://[::1]:80/v1", "http://[::1]/v1"),
            ("http://x.org", "http://x.org"),
        ];
        for (text, base) in good {
            assert_eq!(at(text).unwrap().base_url, base);
        }
        for text in [
            "x.org/v1",
            "ftp://x.org",
            "http://",
            "http://me:secret@x.org/v1",
            "http://x.org/v1?key=1",
        ] {
            let error = told(at(text));
            assert!(error.contains("llm.base_url") && !error.contains("secret@"), "{error}");
        }
        assert!(told(resolve(|_| (), &[])).contains("llm.provider"));
    }

    #[test]
    fn headers_come_from_settings_and_environment() {
        let change = |llm: &mut LlmSettings| {
            llm.provider = Some(Provider::Litellm);
            llm.headers = vec!["X-Title: Kosmos".to_owned(), "Authorization: $TOKEN".to_owned()];
        };
        let endpoint = resolve(
            change,
            &[("TOKEN", "Basic abcdefghij"), ("LITELLM_API_KEY", "k-12345678")],
        )
        .unwrap();
        assert_eq!(endpoint.headers.get("x-title").unwrap(), "Kosmos");
        assert_eq!(endpoint.headers.get(AUTHORIZATION).unwrap(), "Basic abcdefghij");
        assert_eq!(
            endpoint.redactor.strike_secrets("Basic abcdefghij k-12345678"),
            "[secret] [secret]"
        );
        assert!(resolve(change, &[]).unwrap_err().to_string().contains("TOKEN"));
        let bad = |llm: &mut LlmSettings| {
            llm.provider = Some(Provider::Ollama);
            llm.headers = vec!["no colon".to_owned()];
        };
        assert!(resolve(bad, &[]).unwrap_err().to_string().contains("llm.headers[0]"));
    }

    #[test]
    fn a_key_that_cannot_be_one_is_not_shown() {
        let change = |llm: &mut LlmSettings| llm.provider = Some(Provider::Openai);
        let error = resolve(change, &[("OPENAI_API_KEY", "sk-01\n234")]).unwrap_err();
        assert!(
            error.to_string().contains("OPENAI_API_KEY") && !error.to_string().contains("234"),
            "{error}"
        );
    }
}
