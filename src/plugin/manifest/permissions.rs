//! Permissions of an agent.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Permissions of an agent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Permissions {
    /// Run scripts as experiments.
    pub sandbox: bool,
    /// Ask the run's language model.
    pub model: bool,
    /// Query the knowledge graph.
    pub graph: bool,
    /// Veto a finding.
    pub veto: bool,
    /// Read the files and folders that these configuration keys name.
    pub files: Vec<String>,
    /// Fetch from these hosts, each `host` or `host:port`; `$key` stands for the hosts in a configuration key. A name
    /// that resolves to an address of this machine or a private network is refused unless `private:` stands before it;
    /// `localhost` and IP addresses are taken as they are.
    pub network: Vec<String>,
}
