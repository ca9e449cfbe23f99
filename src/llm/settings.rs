use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use kosmos_core::text::{ByteSize, HumanDuration};

use super::Provider;
use crate::science::agent;

/// The language model of `policy = "llm"`. Keys are not settings: they are read from the environment only, and no file
/// of a run holds them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LlmSettings {
    /// Provider of the endpoint: the default of address, key variable and behaviour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Provider>,
    /// Address of an OpenAI-compatible endpoint, without `/chat/completions`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// The model's name at the endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Models of single agents, if they differ from `model`.
    #[serde(default)]
    pub models: AgentModels,
    /// The environment variable that holds the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_env: Option<String>,
    /// Value of the header `OpenAI-Organization`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// Additional headers, each `Name: value`; `Name: $VARIABLE` reads the value from the environment.
    pub headers: Vec<String>,
    /// How replies are made to follow their schema.
    pub structured: Structured,
    /// Show replies while they arrive.
    pub stream: bool,
    /// Sampling temperature, from 0 to 2. Unset: the endpoint's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Maximum number of tokens in one reply. At least 16.
    pub max_tokens: u32,
    /// Maximum number of tokens in prompt and reply together; prompts are shortened to fit. At least 1024.
    pub context_tokens: u32,
    /// Maximum size of one reply.
    pub max_reply: ByteSize,
    /// Time limit of one call, without its retries.
    pub timeout: HumanDuration,
    /// Retries of one call after a rate limit, a server error or a lost connection.
    pub max_retries: u32,
    /// Wait before the first retry; it doubles with each, with jitter.
    pub backoff_min: HumanDuration,
    /// Longest wait before a retry, even if the endpoint asks for more.
    pub backoff_max: HumanDuration,
    /// Maximum number of calls per minute. Unset: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<u32>,
    /// Maximum number of tokens per minute. Unset: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_per_minute: Option<u32>,
    /// Maximum number of calls in flight. At least 1.
    pub max_concurrent: u32,
    /// Consecutive failures after which no call is made for `breaker_pause`. At least 1.
    pub breaker_failures: u32,
    /// Length of that pause.
    pub breaker_pause: HumanDuration,
    /// Time to wait for an endpoint that is unreachable or limits calls, before `on_llm_outage` applies.
    pub outage_wait: HumanDuration,
    /// The reaction to an endpoint that remains unreachable.
    pub on_llm_outage: OnOutage,
    /// File with additional prices, in the format of `config/prices.toml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prices: Option<PathBuf>,
    /// Maximum number of hypotheses per cycle that the model may propose. 0: none.
    pub hypotheses: u32,
    /// Maximum number of analyses per cycle for which the model writes the code. 0: none.
    pub analyses: u32,
    /// Maximum number of repairs of one script by the model.
    pub max_repairs: u32,
}

impl LlmSettings {
    /// Address of the endpoint: as set, else the provider's.
    pub fn address(&self) -> Option<&str> {
        self.base_url
            .as_deref()
            .or_else(|| self.provider.map(Provider::base_url))
    }

    /// The environment variable that holds the key: as set, else the provider's; none if no key is needed.
    pub fn key_variable(&self) -> Option<&str> {
        self.api_key_env
            .as_deref()
            .or_else(|| self.provider.and_then(Provider::api_key_env))
    }

    /// The model of each agent: its own, else `model`; none for an agent without a model.
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
pub struct AgentModels {
    /// Chooses the direction of the next cycle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub research_director: Option<String>,
    /// Proposes hypotheses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hypothesis_generator: Option<String>,
    /// Writes and repairs analyses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_generator: Option<String>,
    /// Interprets findings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_analyst: Option<String>,
}

/// How replies are made to follow their schema. Each reply is checked against the schema in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Structured {
    /// By the strictest method that the endpoint supports.
    Auto,
    /// By a JSON schema that the endpoint enforces.
    JsonSchema,
    /// By the endpoint's JSON mode.
    JsonObject,
    /// By instructions in the prompt.
    Plain,
}

/// The reaction to an endpoint that remains unreachable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnOutage {
    /// The run stops and can be resumed.
    Pause,
    /// The run ends as failed, with a report of the findings so far.
    End,
}
