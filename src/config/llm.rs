use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ByteSize, HumanDuration, Provider};
use crate::message::agent;

/// The language model that `policy = "llm"` thinks with. Secrets are no settings: keys are read from the
/// environment alone, and are in no file of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Llm {
    /// Whose endpoint it is: sets address, key variable and habits, as far as they are not set here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Provider>,
    /// Address of an OpenAI-compatible endpoint, up to and without `/chat/completions`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// The model's name, as the endpoint knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Models of single agents, where they are not `model`.
    #[serde(default)]
    pub models: Models,
    /// The environment variable that holds the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_env: Option<String>,
    /// Sent as `OpenAI-Organization`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// More headers, each `Name: value`; `Name: $VARIABLE` takes the value from the environment.
    pub headers: Vec<String>,
    /// How replies are held to their form.
    pub structured: Structured,
    /// Whether replies are shown as they come.
    pub stream: bool,
    /// Sampling temperature, from 0 to 2; unset: the endpoint's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Tokens of one reply, at most. At least 16.
    pub max_tokens: u32,
    /// Tokens of prompt and reply together, at most; prompts are compressed to fit. At least 1024.
    pub context_tokens: u32,
    /// Size of one reply, at most.
    pub max_reply: ByteSize,
    /// Time for one call, its retries apart.
    pub timeout: HumanDuration,
    /// Retries of one call after a rate limit, a server's fault or a lost connection.
    pub max_retries: u32,
    /// Wait before the first retry; it doubles with each, with jitter.
    pub backoff_min: HumanDuration,
    /// The longest wait before a retry, whatever the endpoint asks for.
    pub backoff_max: HumanDuration,
    /// Calls per minute, at most. Unset: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<u32>,
    /// Tokens per minute, at most. Unset: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_per_minute: Option<u32>,
    /// Calls under way at the same time, at most. At least 1.
    pub max_concurrent: u32,
    /// Failures in a row after which the endpoint is left alone for `breaker_pause`. At least 1.
    pub breaker_failures: u32,
    /// How long it is left alone.
    pub breaker_pause: HumanDuration,
    /// How long an endpoint that is away or limits us is waited for before `on_llm_outage` decides.
    pub outage_wait: HumanDuration,
    /// What becomes of a run whose endpoint stays away.
    pub on_llm_outage: OnOutage,
    /// A file with more prices, in the form of `config/prices.toml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prices: Option<PathBuf>,
    /// Hypotheses of a cycle that the model may propose, at most. 0 for none.
    pub hypotheses: u32,
    /// Analyses of a cycle for which the model writes the code, at most. 0 for none.
    pub analyses: u32,
    /// Repairs of one script by the model.
    pub max_repairs: u32,
}

impl Llm {
    /// Address of the endpoint: as set, else the provider's own.
    pub fn address(&self) -> Option<&str> {
        self.base_url
            .as_deref()
            .or_else(|| self.provider.map(Provider::base_url))
    }

    /// The environment variable that the key is in: as set, else the provider's own; none where no key is needed.
    pub fn key_variable(&self) -> Option<&str> {
        self.api_key_env
            .as_deref()
            .or_else(|| self.provider.and_then(Provider::api_key_env))
    }

    /// The models by agent, `model` where an agent has none of its own. None stands for an agent without a model.
    pub fn models_by_agent(&self) -> [(&'static str, Option<&str>); 4] {
        [
            (agent::RESEARCH_DIRECTOR, self.models.research_director.as_deref()),
            (agent::HYPOTHESIS_GENERATOR, self.models.hypothesis_generator.as_deref()),
            (agent::CODE_GENERATOR, self.models.code_generator.as_deref()),
            (agent::DATA_ANALYST, self.models.data_analyst.as_deref()),
        ]
        .map(|(agent, own)| (agent, own.or(self.model.as_deref())))
    }
}

/// Models of single agents.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Models {
    /// Chooses where the next cycle looks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub research_director: Option<String>,
    /// Proposes hypotheses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hypothesis_generator: Option<String>,
    /// Writes and repairs analyses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_generator: Option<String>,
    /// Puts findings into words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_analyst: Option<String>,
}

/// How replies are held to their form. They are checked against the same schema in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Structured {
    /// By the strictest way that the endpoint has.
    Auto,
    /// By a JSON schema that the endpoint enforces.
    JsonSchema,
    /// By its JSON mode.
    JsonObject,
    /// By asking for it in the prompt.
    Plain,
}

/// What becomes of a run whose endpoint stays away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnOutage {
    /// It stops and can be resumed.
    Pause,
    /// It ends as failed, with a report of what it has.
    End,
}
