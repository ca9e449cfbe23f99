use std::collections::BTreeMap;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};

use super::{Budget, DataSource, Graph, Journal, Llm, Log, Research, Sandbox, Supervisor};

/// Everything that can be set, each with the value in force.
///
/// There are no defaults in code: they are in `config/default.toml`, which is part of the binary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The question to answer, in plain words. A run needs one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// The column that the question is about. Unset: every pair of columns is of interest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The project that the run belongs to: runs of one project know what the others found. Unset: it stands alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// What proposes hypotheses and designs experiments.
    pub policy: Policy,
    /// Seed of every random choice: the same inputs and seed give the same findings. From 0 to 2^63 - 1.
    pub seed: u64,
    /// Columns whose values were assigned at random by the experimenter; only these may be said to cause.
    pub randomised: Vec<String>,
    /// The tables to study. A run needs at least one.
    pub data: Vec<DataSource>,
    /// What a run may spend.
    pub budget: Budget,
    /// How hypotheses are chosen, tested and judged.
    pub research: Research,
    /// The language model that `policy = "llm"` thinks with.
    pub llm: Llm,
    /// Where generated scripts run, and what one execution may use.
    pub sandbox: Sandbox,
    /// Where knowledge is kept.
    pub graph: Graph,
    /// Agents by name: whether they take part, and how. `kosmos agents list` tells which there are.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub agents: BTreeMap<String, serde_json::Value>,
    /// How the run's journal is kept.
    pub journal: Journal,
    /// How agents that fail are restarted.
    pub supervisor: Supervisor,
    /// What is logged, and how.
    pub log: Log,
}

impl Settings {
    /// The JSON Schema of a run file (2020-12), without references, described by the comments above.
    pub fn schema() -> schemars::Schema {
        SchemaSettings::draft2020_12()
            .with(|settings| settings.inline_subschemas = true)
            .into_generator()
            .into_root_schema_for::<Self>()
    }
}

/// What proposes hypotheses and designs experiments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Built in: chooses by the columns' types and by what has been found. Needs no key and no network.
    Heuristic,
    /// What is built in, and a language model beside it: see `[llm]`.
    Llm,
}
