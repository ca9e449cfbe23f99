use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The provider of a model's endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// OpenAI.
    Openai,
    /// Ollama on this machine.
    Ollama,
    /// A vLLM server.
    Vllm,
    /// A LiteLLM proxy.
    Litellm,
    /// OpenRouter.
    Openrouter,
    /// Anthropic's OpenAI-compatible endpoint.
    Anthropic,
}

impl Provider {
    /// All providers.
    pub const ALL: [Self; 6] = [
        Self::Openai,
        Self::Ollama,
        Self::Vllm,
        Self::Litellm,
        Self::Openrouter,
        Self::Anthropic,
    ];

    /// Its name in the settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Openai => "openai",
            Self::Ollama => "ollama",
            Self::Vllm => "vllm",
            Self::Litellm => "litellm",
            Self::Openrouter => "openrouter",
            Self::Anthropic => "anthropic",
        }
    }

    /// The provider with that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.name() == name)
    }

    /// Address of its endpoint if `llm.base_url` is not set; a local server is expected at its usual port.
    pub fn base_url(self) -> &'static str {
        match self {
            Self::Openai => "https://api.openai.com/v1",
            Self::Ollama => "http://localhost:11434/v1",
            Self::Vllm => "http://localhost:8000/v1",
            Self::Litellm => "http://localhost:4000/v1",
            Self::Openrouter => "https://openrouter.ai/api/v1",
            Self::Anthropic => "https://api.anthropic.com/v1",
        }
    }

    /// Environment variable of its key if `llm.api_key_env` is not set; none if it usually needs no key.
    pub fn api_key_env(self) -> Option<&'static str> {
        match self {
            Self::Openai => Some("OPENAI_API_KEY"),
            Self::Openrouter => Some("OPENROUTER_API_KEY"),
            Self::Anthropic => Some("ANTHROPIC_API_KEY"),
            Self::Litellm => Some("LITELLM_API_KEY"),
            Self::Ollama | Self::Vllm => None,
        }
    }

    /// Returns true if it refuses calls without a key.
    pub fn needs_key(self) -> bool {
        matches!(self, Self::Openai | Self::Openrouter | Self::Anthropic)
    }

    /// Returns true if its calls cost nothing, since it runs on the user's own machines.
    pub fn is_free(self) -> bool {
        matches!(self, Self::Ollama | Self::Vllm)
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
