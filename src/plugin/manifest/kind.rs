//! The kinds of agents.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How an agent is implemented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Kind")]
pub enum AgentKind {
    /// A part of Kosmos.
    Builtin,
    /// A prompt and a schema.
    Llm,
    /// A program that speaks the protocol.
    Process,
    /// A WebAssembly component.
    Wasm,
}

impl AgentKind {
    /// The value in `agent.toml`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Builtin => "builtin",
            Self::Llm => "llm",
            Self::Process => "process",
            Self::Wasm => "wasm",
        }
    }
}
