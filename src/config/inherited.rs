//! The variables of the Python project that Kosmos follows, for those who have them set already.

use super::layer::Layer;
use super::{ConfigError, Environment, Origin, Provider};

/// Variables that say where a family's model is, and the settings that they stand for.
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

/// Prefixes of LiteLLM's names of models that say whose endpoint it is. What has another one is left to a LiteLLM proxy, whole.
const PREFIXES: [(&str, Provider); 7] = [
    ("ollama", Provider::Ollama),
    ("ollama_chat", Provider::Ollama),
    ("openai", Provider::Openai),
    ("anthropic", Provider::Anthropic),
    ("openrouter", Provider::Openrouter),
    ("hosted_vllm", Provider::Vllm),
    ("litellm_proxy", Provider::Litellm),
];

/// What the settings' own sources say of the endpoint.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Own {
    /// The provider that they name.
    pub(super) provider: Option<Provider>,
    /// Whether they give an address.
    pub(super) address: bool,
}

/// The settings that the inherited variables stand for, lying over the profile and under the run file.
///
/// They are one endpoint's, and never mixed with another's: where the settings' own sources name a provider, only that
/// one's variables count, and where they give an address alone, none does. Keys stay where they are: of them only the
/// variable's name is a setting.
pub(super) fn layer(environment: &Environment, own: Own) -> Result<Layer, ConfigError> {
    let mut inherited = Inherited {
        environment,
        layer: Layer::default(),
    };
    match (own.provider, own.address) {
        (Some(provider), _) => inherited.only(provider)?,
        (None, true) => {}
        (None, false) => inherited.any()?,
    }
    Ok(inherited.layer)
}

/// The settings that the variables of Neo4j's own tools stand for. The password stays where it is.
pub(super) fn graph(environment: &Environment) -> Result<Layer, ConfigError> {
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
        if let Some(text) = inherited.text(variable)? {
            inherited.layer.add_text(key, &text, origin(variable))?;
        }
    }
    Ok(inherited.layer)
}

struct Inherited<'e> {
    environment: &'e Environment,
    layer: Layer,
}

impl Inherited<'_> {
    /// The settings name no endpoint: the variables do, if they can.
    fn any(&mut self) -> Result<(), ConfigError> {
        match self.text("LLM_PROVIDER")? {
            Some(name) if name.eq_ignore_ascii_case("litellm") && self.text("LITELLM_MODEL")?.is_some() => {
                self.litellm()
            }
            Some(name) => {
                self.layer
                    .add_text("llm.provider", &name.to_lowercase(), origin("LLM_PROVIDER"))?;
                match Provider::of_name(&name.to_lowercase()) {
                    Some(provider) => self.only(provider),
                    None => Ok(()),
                }
            }
            None if self.text("LITELLM_MODEL")?.is_some() => self.litellm(),
            None => match OPENAI.named_by(self)? {
                Some(variable) => {
                    let name = Provider::Openai.name();
                    self.layer.add_text("llm.provider", name, origin(variable))?;
                    self.only(Provider::Openai)
                }
                None => Ok(()),
            },
        }
    }

    /// The variables of `provider`, which is chosen already.
    fn only(&mut self, provider: Provider) -> Result<(), ConfigError> {
        let litellm = self.text("LITELLM_MODEL")?;
        match provider {
            Provider::Openai if OPENAI.named_by(self)?.is_some() => self.family(&OPENAI),
            Provider::Anthropic if ANTHROPIC.named_by(self)?.is_some() => self.family(&ANTHROPIC),
            _ if litellm.is_some_and(|model| split(&model).0 == provider) => self.litellm_endpoint(),
            _ => Ok(()),
        }
    }

    fn family(&mut self, family: &Family) -> Result<(), ConfigError> {
        let pairs = [
            ("llm.model", Some(family.model)),
            ("llm.base_url", family.base_url),
            ("llm.organization", family.organization),
        ];
        for (key, variable) in pairs {
            let Some(variable) = variable else { continue };
            if let Some(text) = self.text(variable)? {
                self.layer.add_text(key, &text, origin(variable))?;
            }
        }
        Ok(())
    }

    fn litellm(&mut self) -> Result<(), ConfigError> {
        let model = self.text("LITELLM_MODEL")?.unwrap_or_default();
        let provider = split(&model).0.name();
        self.layer.add_text("llm.provider", provider, origin("LITELLM_MODEL"))?;
        self.litellm_endpoint()
    }

    fn litellm_endpoint(&mut self) -> Result<(), ConfigError> {
        let model = self.text("LITELLM_MODEL")?.unwrap_or_default();
        let (provider, name) = split(&model);
        self.layer.add_text("llm.model", name, origin("LITELLM_MODEL"))?;
        if let Some(address) = self.text("LITELLM_API_BASE")? {
            let address = compatible(provider, &address);
            self.layer
                .add_text("llm.base_url", &address, origin("LITELLM_API_BASE"))?;
        }
        if self.environment.variable("LITELLM_API_KEY").is_some() {
            let variable = "LITELLM_API_KEY";
            self.layer.add_text("llm.api_key_env", variable, origin(variable))?;
        }
        if let Some(seconds) = self.text("LITELLM_TIMEOUT")? {
            // A whole or a broken number of seconds; what is neither is refused as the length of time that it is not.
            let milliseconds = seconds.trim().parse::<f64>().ok().map(|seconds| seconds * 1000.0);
            let text = match milliseconds.filter(|value| value.is_finite() && *value >= 0.0) {
                Some(value) => format!("{value:.0}ms"),
                None => seconds,
            };
            self.layer.add_text("llm.timeout", &text, origin("LITELLM_TIMEOUT"))?;
        }
        Ok(())
    }

    fn text(&self, variable: &str) -> Result<Option<String>, ConfigError> {
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
    /// The variable by which the family names an endpoint, if one is set.
    fn named_by(&self, inherited: &Inherited<'_>) -> Result<Option<&'static str>, ConfigError> {
        for variable in [Some(self.model), self.base_url].into_iter().flatten() {
            if inherited.text(variable)?.is_some() {
                return Ok(Some(variable));
            }
        }
        Ok(None)
    }
}

fn origin(variable: &str) -> Origin {
    Origin::Environment {
        variable: variable.to_owned(),
    }
}

/// `ollama/qwen2.5` is Ollama's `qwen2.5`; without a prefix it is OpenAI's, as LiteLLM has it.
fn split(model: &str) -> (Provider, &str) {
    let Some((prefix, name)) = model.split_once('/') else {
        return (Provider::Openai, model);
    };
    let known = PREFIXES.iter().find(|(known, _)| *known == prefix);
    known.map_or((Provider::Litellm, model), |(_, provider)| (*provider, name))
}

/// LiteLLM talks to Ollama in Ollama's own way, at its root; its OpenAI-compatible endpoint is below `/v1`.
fn compatible(provider: Provider, address: &str) -> String {
    let root = address.trim_end_matches('/');
    match provider {
        Provider::Ollama if !root.ends_with("/v1") => format!("{root}/v1"),
        _ => root.to_owned(),
    }
}
