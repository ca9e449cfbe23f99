use std::collections::BTreeMap;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};

use super::{
    DataSource, GraphSettings, JournalSettings, LlmSettings, Log, Research, RunBudget, SandboxSettings,
    SupervisorSettings,
};
use crate::study::TableJoin;

/// Everything that can be set, each with the value in force.
///
/// There are no defaults in code: they are in `config/default.toml`, which is part of the binary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The question to answer, in plain words. A run needs one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// The column to be explained; `outcome` is another name of this key. Unset: as the question has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The same as `target`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// The column that explains. Unset: as the question has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposure: Option<String>,
    /// Columns that are held fixed, at most twelve; the outcome must then be a number or have two levels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<String>,
    /// The column that names the unit of observation, where rows repeat it. Unset: found in the data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The column that orders rows in time. Unset: found in the data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// The project of the run: runs of one project share their findings. Unset: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The planner of hypotheses and experiments.
    pub policy: PolicyChoice,
    /// Seed of all random choices: the same inputs and seed give the same findings. From 0 to 2^63 - 1.
    pub seed: u64,
    /// Columns whose values were assigned at random by the experimenter; only these allow causal wording.
    pub randomised: Vec<String>,
    /// The tables to analyse. A run needs at least one.
    pub data: Vec<DataSource>,
    /// How the tables belong together. Unset: found in their columns, as far as those leave no doubt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub join: Vec<TableJoin>,
    /// The limits of a run.
    pub budget: RunBudget,
    /// How hypotheses are chosen, tested and judged.
    pub research: Research,
    /// The language model of `policy = "llm"`.
    pub llm: LlmSettings,
    /// The sandbox of generated scripts, and the limits of one execution.
    pub sandbox: SandboxSettings,
    /// The knowledge graph.
    pub graph: GraphSettings,
    /// Agents by name: whether they take part, and their settings. `kosmos agents list` lists them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub agents: BTreeMap<String, serde_json::Value>,
    /// The run's journal.
    pub journal: JournalSettings,
    /// How failed agents are restarted.
    pub supervisor: SupervisorSettings,
    /// The log.
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

/// The planner of hypotheses and experiments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PolicyChoice {
    /// The built-in rule book: chooses by the columns' types and by the findings so far. Needs no key and no network.
    Heuristic,
    /// The built-in rule book together with a language model: see `[llm]`.
    Llm,
}
