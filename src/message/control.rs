//! The run's beginning, its limits and what went wrong on the way.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AgentPlan, ModelPlan, Payload};

/// A table as the run begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DatasetPlan {
    /// Unique in the run.
    pub name: String,
    /// Absolute.
    pub path: PathBuf,
    /// `auto`, `csv`, `tsv`, `parquet`, `jsonl` or `excel`.
    pub format: String,
    #[allow(missing_docs)]
    pub sha256: String,
    #[allow(missing_docs)]
    pub bytes: u64,
}

/// To the director: what is asked, of what data, within what limits. All that its decisions depend on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResearchPlan {
    #[allow(missing_docs)]
    pub question: String,
    /// The outcome column, if the user named one.
    pub target: Option<String>,
    /// The project that the run belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    #[allow(missing_docs)]
    pub datasets: Vec<DatasetPlan>,
    /// Columns that were assigned at random.
    pub randomised: Vec<String>,
    #[allow(missing_docs)]
    pub seed: u64,
    /// Run-wide false discovery rate.
    pub alpha: f64,
    /// Share of rows in the explore part.
    pub explore_share: f64,
    /// Share of a later cycle's tests spent on pairs that nothing pointed to.
    pub explore_ratio: f64,
    /// Tests in one script.
    pub batch: usize,
    /// Tests of a later cycle, at most.
    pub follow_ups: usize,
    /// Whether the research is also done on shuffled data.
    pub shuffled_run: bool,
    /// Permutations of the permutation check.
    pub permutations: u64,
    /// Rows above which robustness checks use a subsample.
    pub check_rows: u64,
    /// Budget: cycles.
    pub max_cycles: u32,
    /// Budget: experiments, repairs and the shuffled run included.
    pub max_experiments: u64,
    /// Budget: tests on the data as given.
    pub max_tests: u64,
    /// Repairs of one script.
    pub max_repairs: u32,
    /// The language model that thinks along, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelPlan>,
    /// The agents that take part besides the built-in ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<AgentPlan>,
    /// Whether the knowledge graph writer is left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unrecorded: bool,
}

/// To the director: a budget that it does not count itself is spent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BudgetSpent {
    /// The key below `[budget]`.
    pub budget: String,
    /// What was spent of what, for a person.
    pub detail: String,
}

/// To the director: a message was given up.
pub type DeadLettered = kosmos_engine::DeadLettered<Payload>;
