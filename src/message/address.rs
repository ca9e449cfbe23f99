//! Who sends and who receives.

use std::{borrow::Cow, fmt};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The name of an agent: its folder's name under `agents/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct AgentName(Cow<'static, str>);

impl AgentName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AgentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&'static str> for AgentName {
    fn from(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }
}

impl From<String> for AgentName {
    fn from(name: String) -> Self {
        Self(Cow::Owned(name))
    }
}

/// The names of the supervisor and the six built-in agents.
pub mod agent {
    /// Routes, journals, restarts; the receiver of the run's end.
    pub const SUPERVISOR: &str = "supervisor";
    /// Decides what is done next.
    pub const RESEARCH_DIRECTOR: &str = "research_director";
    /// Proposes hypotheses.
    pub const HYPOTHESIS_GENERATOR: &str = "hypothesis_generator";
    /// Writes protocols and scripts.
    pub const CODE_GENERATOR: &str = "code_generator";
    /// Runs scripts in the sandbox.
    pub const SANDBOX_EXECUTOR: &str = "sandbox_executor";
    /// Reads results and judges them.
    pub const DATA_ANALYST: &str = "data_analyst";
    /// Records what was learnt.
    pub const KNOWLEDGE_GRAPH_WRITER: &str = "knowledge_graph_writer";
    /// The six, in the order in which a question passes through them.
    pub const BUILT_IN: [&str; 6] = [
        RESEARCH_DIRECTOR,
        HYPOTHESIS_GENERATOR,
        CODE_GENERATOR,
        SANDBOX_EXECUTOR,
        DATA_ANALYST,
        KNOWLEDGE_GRAPH_WRITER,
    ];
}
