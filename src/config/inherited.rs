//! Environment variables of other programs that name a model or a graph: those of OpenAI, LiteLLM and Neo4j.

use super::layer::Layer;
use super::{ConfigError, Environment, Origin, Provider};

/// The variables that name a model and its endpoint.
struct Family {
    model: &'static str,
    base_url: Option<&'static str>,
    organization: Option<&'static str>,
}

const OPENAI: Family = Family {
    model: "OPENAI_MODEL",
    base_url: Some("OPENAI_BASE_URL"),
    organization: Some("OPENAI_ORGANIZATION"),
};

const ANTHROPIC: Family = Family {
    model: "CLAUDE_MODEL",
    base_url: None,
    organization: None,
};

/// Prefixes of LiteLLM's model names that name a provider. A name with another prefix is passed to a LiteLLM proxy
/// unchanged.
const PREFIXES: [(&str, Provider); 7] = [
    ("ollama", Provider::Ollama),
    ("ollama_chat", Provider::Ollama),
    ("openai", Provider::Openai),
    ("anthropic", Provider::Anthropic),
    ("openrouter", Provider::Openrouter),
    ("hosted_vllm", Provider::Vllm),
    ("litellm_proxy", Provider::Litellm),
];

/// The endpoint as the settings' own sources name it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Own {
    /// The provider.
    pub(super) provider: Option<Provider>,
    /// True if they give an address.
    pub(super) address: bool,
}

/// The settings that the inherited variables stand for; they override the profile and are overridden by the run file.
///
/// They describe one endpoint and are never mixed with another: if the settings' own sources name a provider, only the
/// variables of that provider count, and if they give an address alone, none does. Keys are not read: only the name of
/// a key's variable is a setting.
pub(super) fn model_layer(environment: &Environment, own: Own) -> Result<Layer, ConfigError> {
    let mut inherited = Inherited {
        environment,
        layer: Layer::default(),
    };
    match (own.provider, own.address) {
        (Some(provider), _) => inherited.add_provider(provider)?,
        (None, true) => {}
        (None, false) => inherited.add_any_endpoint()?,
    }
    Ok(inherited.layer)
}

/// The settings that the variables of Neo4j's own tools stand for. The password is not read.
pub(super) fn graph_layer(environment: &Environment) -> Result<Layer, ConfigError> {
    let mut inherited = Inherited {
        environment,
        layer: Layer::default(),
    };
    for (variable, key) in [
        ("NEO4J_URI", "graph.uri"),
        ("NEO4J_USERNAME", "graph.user"),
        ("NEO4J_USER", "graph.user"),
        ("NEO4J_DATABASE", "graph.database"),
    ] {
        if let Some(text) = inherited.read_variable(variable)? {
            inherited.layer.add_text(key, &text, origin_of_variable(variable))?;
        }
    }
    Ok(inherited.layer)
}

struct Inherited<'e> {
    environment: &'e Environment,
    layer: Layer,
}

impl Inherited<'_> {
    /// The settings name no endpoint, so that the variables may.
    fn add_any_endpoint(&mut self) -> Result<(), ConfigError> {
        match self.read_variable("LLM_PROVIDER")? {
            Some(name) if name.eq_ignore_ascii_case("litellm") && self.read_variable("LITELLM_MODEL")?.is_some() => {
                self.add_litellm()
            }
            Some(name) => {
                self.layer
                    .add_text("llm.provider", &name.to_lowercase(), origin_of_variable("LLM_PROVIDER"))?;
                match Provider::of_name(&name.to_lowercase()) {
                    Some(provider) => self.add_provider(provider),
                    None => Ok(()),
                }
            }
            None if self.read_variable("LITELLM_MODEL")?.is_some() => self.add_litellm(),
            None => match OPENAI.named_by(self)? {
                Some(variable) => {
                    let name = Provider::Openai.name();
                    self.layer
                        .add_text("llm.provider", name, origin_of_variable(variable))?;
                    self.add_provider(Provider::Openai)
                }
                None => Ok(()),
            },
        }
    }

    /// The variables of `provider`, which the settings have chosen.
    fn add_provider(&mut self, provider: Provider) -> Result<(), ConfigError> {
        let litellm = self.read_variable("LITELLM_MODEL")?;
        match provider {
            Provider::Openai if OPENAI.named_by(self)?.is_some() => self.add_family(&OPENAI),
            Provider::Anthropic if ANTHROPIC.named_by(self)?.is_some() => self.add_family(&ANTHROPIC),
            _ if litellm.is_some_and(|model| split_litellm_model(&model).0 == provider) => self.add_litellm_endpoint(),
            _ => Ok(()),
        }
    }

    fn add_family(&mut self, family: &Family) -> Result<(), ConfigError> {
        let pairs = [
            ("llm.model", Some(family.model)),
            ("llm.base_url", family.base_url),
            ("llm.organization", family.organization),
        ];
        for (key, variable) in pairs {
            let Some(variable) = variable else { continue };
            if let Some(text) = self.read_variable(variable)? {
                self.layer.add_text(key, &text, origin_of_variable(variable))?;
            }
        }
        Ok(())
    }

    fn add_litellm(&mut self) -> Result<(), ConfigError> {
        let model = self.read_variable("LITELLM_MODEL")?.unwrap_or_default();
        let provider = split_litellm_model(&model).0.name();
        self.layer
            .add_text("llm.provider", provider, origin_of_variable("LITELLM_MODEL"))?;
        self.add_litellm_endpoint()
    }

    fn add_litellm_endpoint(&mut self) -> Result<(), ConfigError> {
        let model = self.read_variable("LITELLM_MODEL")?.unwrap_or_default();
        let (provider, name) = split_litellm_model(&model);
        self.layer
            .add_text("llm.model", name, origin_of_variable("LITELLM_MODEL"))?;
        if let Some(address) = self.read_variable("LITELLM_API_BASE")? {
            let address = openai_compatible_address(provider, &address);
            self.layer
                .add_text("llm.base_url", &address, origin_of_variable("LITELLM_API_BASE"))?;
        }
        if self.environment.variable("LITELLM_API_KEY").is_some() {
            let variable = "LITELLM_API_KEY";
            self.layer
                .add_text("llm.api_key_env", variable, origin_of_variable(variable))?;
        }
        if let Some(seconds) = self.read_variable("LITELLM_TIMEOUT")? {
            // A number of seconds; anything else is refused as an invalid duration.
            let milliseconds = seconds.trim().parse::<f64>().ok().map(|seconds| seconds * 1000.0);
            let text = match milliseconds.filter(|value| value.is_finite() && *value >= 0.0) {
                Some(value) => format!("{value:.0}ms"),
                None => seconds,
            };
            self.layer
                .add_text("llm.timeout", &text, origin_of_variable("LITELLM_TIMEOUT"))?;
        }
        Ok(())
    }

    fn read_variable(&self, variable: &str) -> Result<Option<String>, ConfigError> {
        let Some(value) = self.environment.variable(variable) else {
            return Ok(None);
        };
        match value.to_str() {
            Some(text) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
            None => Err(ConfigError::NotUnicode {
                what: format!("the value of {variable}"),
                text: value.to_string_lossy().into_owned(),
            }),
        }
    }
}

impl Family {
    /// The variable that names the family's endpoint, if one is set.
    fn named_by(&self, inherited: &Inherited<'_>) -> Result<Option<&'static str>, ConfigError> {
        for variable in [Some(self.model), self.base_url].into_iter().flatten() {
            if inherited.read_variable(variable)?.is_some() {
                return Ok(Some(variable));
            }
        }
        Ok(None)
    }
}

fn origin_of_variable(variable: &str) -> Origin {
    Origin::Environment {
        variable: variable.to_owned(),
    }
}

/// Splits a LiteLLM model name: `ollama/qwen2.5` is Ollama's `qwen2.5`; without a prefix it is OpenAI's.
fn split_litellm_model(model: &str) -> (Provider, &str) {
    let Some((prefix, name)) = model.split_once('/') else {
        return (Provider::Openai, model);
    };
    let known = PREFIXES.iter().find(|(known, _)| *known == prefix);
    known.map_or((Provider::Litellm, model), |(_, provider)| (*provider, name))
}

/// LiteLLM uses Ollama's own protocol at the root address; the OpenAI-compatible endpoint is below `/v1`.
fn openai_compatible_address(provider: Provider, address: &str) -> String {
    let root = address.trim_end_matches('/');
    match provider {
        Provider::Ollama if !root.ends_with("/v1") => format!("{root}/v1"),
        _ => root.to_owned(),
    }
}
