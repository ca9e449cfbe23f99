use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whose endpoint it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// OpenAI itself.
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
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Openai,
        Self::Ollama,
        Self::Vllm,
        Self::Litellm,
        Self::Openrouter,
        Self::Anthropic,
    ];

    /// Its name, as settings have it.
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

    /// The provider of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.name() == name)
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
