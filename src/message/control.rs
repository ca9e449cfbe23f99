//! The start of a run, its limits, and failures of messages.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AgentPlan, ModelPlan, Payload};
use crate::science::BudgetName;
use crate::study::{DeclaredRoles, DeclaredTable, TableJoin};

/// A table at the start of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DatasetPlan {
    /// The name, unique in the run.
    pub name: String,
    /// The absolute path of its file.
    pub path: PathBuf,
    /// `auto`, `csv`, `tsv`, `parquet`, `jsonl` or `excel`.
    pub format: String,
    /// SHA-256 of its file.
    pub sha256: String,
    /// Size of its file.
    pub bytes: u64,
    /// Where its table is in the file, as far as that is declared.
    #[serde(default, skip_serializing_if = "TableLayout::is_empty")]
    pub layout: TableLayout,
    /// Declarations of a codebook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared: Option<Box<DeclaredTable>>,
    /// Its description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The tables that it is made of; it has no file of its own then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined: Option<Box<JoinedTables>>,
}

impl DatasetPlan {
    /// Returns true for tables of which it is not known whether they belong together.
    pub fn is_search(&self) -> bool {
        self.joined.as_ref().is_some_and(|joined| joined.joins.is_empty())
    }
}

/// Several tables as one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JoinedTables {
    /// The tables.
    pub parts: Vec<DatasetPlan>,
    /// How they belong together, as declared; empty if that is to be found in their columns.
    pub joins: Vec<TableJoin>,
}

/// Where a table is in its file, as far as that is declared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TableLayout {
    /// The sheet of a workbook or the table of a database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// The line or row of the names, counted from 1; 0 if there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<u64>,
    /// Lines or rows to skip at the beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip: Option<u64>,
}

impl TableLayout {
    /// Returns true if nothing is declared.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// To the director: the question, the data and the limits; the director's decisions depend on nothing else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResearchPlan {
    /// The research question.
    pub question: String,
    /// The outcome column, if the user named one.
    pub target: Option<String>,
    /// The column that explains, if the user named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposure: Option<String>,
    /// The columns that the user wants held fixed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<String>,
    /// The column that names the unit of observation, if the user named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The column that orders rows in time, if the user named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// The run's project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The tables.
    pub datasets: Vec<DatasetPlan>,
    /// Columns that were assigned at random.
    pub randomised: Vec<String>,
    /// Seed of all random choices.
    pub seed: u64,
    /// False discovery rate of the run.
    pub alpha: f64,
    /// Share of rows in the explore part.
    pub explore_share: f64,
    /// Share of a later cycle's tests for pairs without a prior hint.
    pub explore_ratio: f64,
    /// Maximum number of tests in one script.
    pub batch: usize,
    /// Maximum number of tests in a later cycle.
    pub follow_ups: usize,
    /// Whether the research is also done on shuffled data.
    pub shuffled_run: bool,
    /// Permutations of the permutation check.
    pub permutations: u64,
    /// Rows above which robustness checks use a subsample.
    pub check_rows: u64,
    /// Budget: cycles.
    pub max_cycles: u32,
    /// Budget: experiments, including repairs and the shuffled run.
    pub max_experiments: u64,
    /// Budget: tests on the data as given.
    pub max_tests: u64,
    /// Maximum number of repairs of one script.
    pub max_repairs: u32,
    /// The language model, if one takes part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelPlan>,
    /// Agents other than the built-in ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<AgentPlan>,
    /// Whether the knowledge graph writer is disabled.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unrecorded: bool,
}

impl ResearchPlan {
    /// The parts of the question that the user named beside it.
    pub fn declared_roles(&self) -> DeclaredRoles<'_> {
        DeclaredRoles {
            outcome: self.target.as_deref(),
            exposure: self.exposure.as_deref(),
            given: &self.given,
        }
    }

    /// The tables that have a file of their own.
    pub fn files(&self) -> impl Iterator<Item = &DatasetPlan> {
        self.datasets.iter().filter(|data| data.joined.is_none())
    }
}

/// To the director: a budget that the director does not count itself is spent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BudgetSpent {
    /// The key below `[budget]`.
    pub budget: BudgetName,
    /// Used and allowed amounts, for a person.
    pub detail: String,
}

/// To the director: a message was given up.
pub type DeadLettered = kosmos_engine::DeadLettered<Payload>;
