//! Everything a report is made from: taken from the journal, and nothing else.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::model_use::ModelUse;
use crate::graph::Facts;
use crate::message::{AgentPlan, Contributions, Echo, Interpretation, Known};
use crate::science::{
    Branch, CycleSummary, DatasetRecord, ExperimentRecord, FamilyRecord, FigureRecord, LedgerLine, ModelRemark, RunEnd,
    RunId, ShuffledNull, TestRecord, Untested,
};

/// What earlier runs of the project knew, and what this one says of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Memory {
    #[allow(missing_docs)]
    pub project: String,
    /// Earlier runs.
    pub runs: Vec<RunId>,
    /// Cycles that they spent on the same data.
    pub cycles: u32,
    /// What they judged on the same data, most significant first; not all where there is much.
    pub settled: Vec<Known>,
    /// How many of those there are.
    pub settled_in_all: u64,
    /// What this run says of their findings in other data.
    pub echoes: Vec<Echo>,
}

/// How the run judged; the methods section says it in words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Method {
    /// Run-wide false discovery rate.
    pub alpha: f64,
    /// Share of rows in the explore part.
    pub explore_share: f64,
    #[allow(missing_docs)]
    pub seed: u64,
    /// `heuristic` or `llm`.
    pub policy: String,
    /// Permutations of the permutation variant.
    pub permutations: u64,
    /// Rows above which robustness checks run on a seeded subsample.
    pub check_rows: u64,
    /// Columns declared as assigned at random.
    pub randomised: Vec<String>,
    /// Version of Kosmos.
    pub kosmos_version: String,
    /// Python and its packages, as `name version`.
    pub stack: Vec<String>,
    /// The sandbox's guarantees: name and how it is held, or what is missing.
    pub sandbox: Vec<(String, String)>,
}

/// A budget, its limit and what was used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct BudgetLine {
    pub name: String,
    pub used: f64,
    pub limit: Option<f64>,
    pub unit: String,
}

/// A message that was given up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct DeadLetter {
    pub message: String,
    pub agent: String,
    pub kind: String,
    pub attempts: u32,
    pub reason: String,
}

/// An agent that was restarted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct RestartRecord {
    pub agent: String,
    pub reason: String,
}

/// All that a report is made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Dossier {
    #[allow(missing_docs)]
    pub run: RunId,
    /// Where it branched from another run; none where it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<Branch>,
    #[allow(missing_docs)]
    pub question: String,
    #[allow(missing_docs)]
    pub target: Option<String>,
    #[allow(missing_docs)]
    pub end: RunEnd,
    #[allow(missing_docs)]
    pub datasets: Vec<DatasetRecord>,
    #[allow(missing_docs)]
    pub method: Method,
    #[allow(missing_docs)]
    pub cycles: Vec<CycleSummary>,
    #[allow(missing_docs)]
    pub families: Vec<FamilyRecord>,
    /// Every judged test of the observed arm, in the order of `findings.json`'s `tests`.
    pub tests: Vec<TestRecord>,
    /// Registered and not judged, observed arm.
    pub untested: Vec<Untested>,
    /// Null when the run made no shuffled run.
    pub shuffled_null: Option<ShuffledNull>,
    /// Every experiment of the run, by cycle, arm, template and id.
    pub experiments: Vec<ExperimentRecord>,
    #[allow(missing_docs)]
    pub figures: Vec<FigureRecord>,
    #[allow(missing_docs)]
    pub ledger: Vec<LedgerLine>,
    #[allow(missing_docs)]
    pub budgets: Vec<BudgetLine>,
    #[allow(missing_docs)]
    pub dead_letters: Vec<DeadLetter>,
    #[allow(missing_docs)]
    pub restarts: Vec<RestartRecord>,
    /// What the models took; none without a model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_use: Option<ModelUse>,
    /// Nodes and edges of the knowledge graph, by label, and what could not be written.
    pub graph: Vec<(String, u64)>,
    /// Nodes and edges of them that wait in the journal, because the graph was away.
    #[serde(default)]
    pub graph_waits: u64,
    /// What earlier runs of the project knew; none where the run belongs to none.
    #[serde(default)]
    pub memory: Option<Memory>,
    /// What the run added to the knowledge graph, for its picture.
    #[serde(default)]
    #[schemars(with = "serde_json::Value")]
    pub knowledge: Facts,
    /// What a model says of the findings: words, never a number of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interpretations: Vec<Interpretation>,
    /// What the model did not do, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub model_remarks: Vec<ModelRemark>,
    /// The agents that took part besides the built-in ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<AgentPlan>,
    /// What they had to say.
    #[serde(default, skip_serializing_if = "Contributions::is_empty")]
    pub contributions: Contributions,
}
