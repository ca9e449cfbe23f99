//! Messages between the director and the knowledge graph writer.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AddedEvidence, AgentName};
use crate::science::{
    ClaimId, DatasetRecord, Effect, ExperimentRecord, Hypothesis, HypothesisId, HypothesisKind, PartResult, RunId,
    TestRecord, Wording,
};

/// To the knowledge graph writer: record the results of a cycle. Recording them again has no effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecordKnowledge {
    /// The cycle's number.
    pub cycle: u32,
    /// The research question.
    pub question: String,
    /// The run's project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The tables.
    pub datasets: Vec<DatasetRecord>,
    /// The hypotheses of the cycle.
    pub hypotheses: Vec<Hypothesis>,
    /// The hypotheses that these follow up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parents: Vec<Hypothesis>,
    /// The experiments of the cycle.
    pub experiments: Vec<ExperimentRecord>,
    /// The judged tests.
    pub records: Vec<TestRecord>,
    /// Comparisons of the findings with earlier ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub echoes: Vec<Echo>,
    /// Sources on the findings, with the agent that found each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub citations: Vec<(AgentName, AddedEvidence)>,
}

/// To the director: the results are in the graph, or wait in the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KnowledgeRecorded {
    /// The cycle's number.
    pub cycle: u32,
    /// The reason for waiting, if the results wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits: Option<String>,
}

/// To the knowledge graph writer: recall results of the project's earlier runs on these tables and columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecallKnowledge {
    /// The project.
    pub project: String,
    /// The outcome column, which comes first if not everything fits.
    pub target: Option<String>,
    /// The tables of this run.
    pub datasets: Vec<RecalledTable>,
}

/// A table of this run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecalledTable {
    /// The table's name in the run.
    pub name: String,
    /// SHA-256 of the table's file.
    pub sha256: String,
    /// Columns that hypotheses may use.
    pub columns: Vec<String>,
    /// A sample of the hashes of its rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub row_sketch: Vec<u64>,
}

/// To the director: results of the project's earlier runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KnowledgeRecalled {
    /// Earlier runs of the project.
    pub runs: Vec<RunId>,
    /// Number of cycles that they spent on the same table, by its name in this run.
    pub cycles: BTreeMap<String, u32>,
    /// Claims judged on the same data, which cannot say more about them.
    pub settled: Vec<Known>,
    /// Claims found in other data, best first.
    pub found: Vec<Known>,
    /// Claims left open in other data.
    pub open: Vec<Known>,
    /// Claims not found in other data.
    pub refuted: Vec<Known>,
}

/// A test of an earlier run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Known {
    /// The tested claim.
    pub claim: ClaimId,
    /// The table of this run to which the claim applies.
    pub dataset: String,
    /// SHA-256 of the table on which it was tested.
    pub tested_on: String,
    /// Estimated share of this run's distinct rows that are also in that table; none if unknown.
    #[serde(default)]
    pub shared_rows: Option<f64>,
    /// A run that tested it.
    pub run: RunId,
    /// The claim in a sentence.
    pub statement: String,
    /// The kind of test.
    pub kind: HypothesisKind,
    /// The explaining column.
    pub x: String,
    /// The outcome column.
    pub y: String,
    /// Columns held fixed.
    #[serde(default)]
    pub covariates: Vec<String>,
    /// The column of strata or the moderator.
    #[serde(default)]
    pub by: Option<String>,
    /// The event column of a survival analysis.
    #[serde(default)]
    pub event: Option<String>,
    /// Whether it was significant.
    pub significant: bool,
    /// The wording of its report.
    pub wording: Wording,
    /// `+`, `-`, or a level.
    pub direction: Option<String>,
    /// The level that direction and rates refer to.
    #[serde(default)]
    pub y_level: Option<String>,
    /// Number of groups that were compared; none for other tests.
    #[serde(default)]
    pub levels: Option<u64>,
    /// p-value.
    pub p: f64,
    /// Adjusted p-value.
    pub q: f64,
    /// The effect.
    pub effect: Effect,
    /// The numbers in the explore part of its rows.
    #[serde(default)]
    pub explore: Option<PartResult>,
}

/// Results of the project's earlier runs on other data.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Elsewhere {
    /// Claims that were found, best first.
    pub found: Vec<Known>,
    /// Claims that were left open.
    pub open: Vec<Known>,
    /// Claims that were not found.
    pub refuted: Vec<Known>,
}

impl Elsewhere {
    /// Whether there are no results.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty() && self.open.is_empty() && self.refuted.is_empty()
    }
}

/// Comparison of a finding with the same claim in other data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Echo {
    /// The finding of this run.
    pub finding: HypothesisId,
    /// How the two compare.
    pub says: Says,
    /// The earlier test.
    pub earlier: Known,
}

/// Shared rows from this share on are said beside a verdict.
const NOTABLE: f64 = 0.1;

impl Echo {
    /// Whether the two tables share too many rows to be independent.
    pub fn on_shared_rows(&self) -> bool {
        self.earlier.shared_rows.is_some_and(|share| share >= NOTABLE)
    }
}

/// How a finding compares with an earlier test of the same claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Says {
    /// Both are significant, in the same direction.
    Replicates,
    /// Both are significant, in opposite directions.
    Contradicts,
    /// The claim is not significant here.
    Fails,
    /// Both are significant, but another of several groups leads.
    Differs,
}
