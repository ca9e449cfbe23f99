//! Everything a report is made from: taken from the journal, and nothing else.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::model_use::ModelUse;
use crate::graph::Facts;
use crate::message::{AgentPlan, Contributions, Echo, Interpretation, Known};
use crate::policy::AskedPart;
use crate::science::{
    Branch, CycleSummary, DatasetRecord, DescriptionRecord, EffectInUnits, ExperimentRecord, FamilyRecord,
    FigureRecord, HypothesisId, LedgerLine, ModelRemark, RunEnd, RunId, ShuffledNull, TestRecord, Untested,
};
use crate::study::DeclaredRoles;

/// The knowledge of the project's earlier runs and this run's results about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Memory")]
pub struct ProjectMemory {
    /// The name of the project.
    pub project: String,
    /// Earlier runs.
    pub runs: Vec<RunId>,
    /// Cycles that they spent on the same data.
    pub cycles: u32,
    /// Their results on the same data, most significant first; a limited number.
    pub settled: Vec<Known>,
    /// How many of those there are.
    pub settled_in_all: u64,
    /// The relation of this run's results to their findings in other data.
    pub echoes: Vec<Echo>,
}

/// How the run judged; the methods section says it in words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Method {
    /// Run-wide false discovery rate.
    pub alpha: f64,
    /// Share of rows in the explore part.
    pub explore_share: f64,
    /// The run's seed.
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
pub struct BudgetLine {
    /// The key below `[budget]`.
    pub name: String,
    /// The amount used.
    pub used: f64,
    /// The limit, if there is one.
    pub limit: Option<f64>,
    /// The unit of the figures.
    pub unit: String,
}

/// A message that was given up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DeadLetter {
    /// The message's id.
    pub message: String,
    /// The agent's name.
    pub agent: String,
    /// The type of the message.
    pub kind: String,
    /// Failures of its handler.
    pub attempts: u32,
    /// The reason.
    pub reason: String,
}

/// An agent that was restarted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RestartRecord {
    /// The agent's name.
    pub agent: String,
    /// The reason.
    pub reason: String,
}

/// All that a report is made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Dossier {
    /// The run's id.
    pub run: RunId,
    /// Where it branched from another run; none where it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<Branch>,
    /// The question as the user asked it.
    pub question: String,
    /// The outcome column, if the user named one.
    pub target: Option<String>,
    /// The column that explains, if the user named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposure: Option<String>,
    /// The columns that the user wanted held fixed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<String>,
    /// The column that the user declared as the unit of observation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The column that the user declared as the order in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// The relations that the question asks for by name, each with its state.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asked: Vec<AskedPart>,
    /// The run's end.
    pub end: RunEnd,
    /// The tables of the run.
    pub datasets: Vec<DatasetRecord>,
    /// The settings by which the run judged.
    pub method: Method,
    /// Summaries of the finished cycles.
    pub cycles: Vec<CycleSummary>,
    /// Families of the error control, in order.
    pub families: Vec<FamilyRecord>,
    /// Every judged test of the observed arm, in the order of `findings.json`'s `tests`.
    pub tests: Vec<TestRecord>,
    /// What they show in the units of their columns; empty in runs of version 0.1.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub units: BTreeMap<HypothesisId, EffectInUnits>,
    /// What the question asked to have described.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub descriptions: Vec<DescriptionRecord>,
    /// Registered and not judged, observed arm.
    pub untested: Vec<Untested>,
    /// Null when the run made no shuffled run.
    pub shuffled_null: Option<ShuffledNull>,
    /// Every experiment of the run, by cycle, arm, template and id.
    pub experiments: Vec<ExperimentRecord>,
    /// Figures of the findings.
    pub figures: Vec<FigureRecord>,
    /// Lines of the ledger, in order.
    pub ledger: Vec<LedgerLine>,
    /// Budgets with their use.
    pub budgets: Vec<BudgetLine>,
    /// Messages that were given up.
    pub dead_letters: Vec<DeadLetter>,
    /// Agents that were restarted.
    pub restarts: Vec<RestartRecord>,
    /// The use of models; none without a model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_use: Option<ModelUse>,
    /// Nodes and edges of the knowledge graph, by label, and what could not be written.
    pub graph: Vec<(String, u64)>,
    /// Nodes and edges of them that wait in the journal, because the graph was away.
    #[serde(default)]
    pub graph_waits: u64,
    /// The knowledge of the project's earlier runs; none if the run belongs to no project.
    #[serde(default)]
    pub memory: Option<ProjectMemory>,
    /// The run's additions to the knowledge graph, for its picture.
    #[serde(default)]
    #[schemars(with = "serde_json::Value")]
    pub knowledge: Facts,
    /// A model's words about the findings; it adds no number of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interpretations: Vec<Interpretation>,
    /// Remarks on the model's part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub model_remarks: Vec<ModelRemark>,
    /// The agents that took part besides the built-in ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<AgentPlan>,
    /// The tests that agents have removed from the findings, by agent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub vetoes: BTreeMap<String, Vec<HypothesisId>>,
    /// Their contributions.
    #[serde(default, skip_serializing_if = "Contributions::is_empty")]
    pub contributions: Contributions,
}

impl Dossier {
    /// The parts of the question that the user named beside it.
    pub(crate) fn declared_roles(&self) -> DeclaredRoles<'_> {
        DeclaredRoles {
            outcome: self.target.as_deref(),
            exposure: self.exposure.as_deref(),
            given: &self.given,
        }
    }
}
