//! Between the director and the knowledge graph writer.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AddedEvidence, AgentName};
use crate::science::{
    ClaimId, DatasetRecord, Effect, ExperimentRecord, Hypothesis, HypothesisId, Kind, PartResult, RunId, TestRecord,
};

/// Record what a cycle learnt. Everything in it may be written again without doubling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct RecordKnowledge {
    pub cycle: u32,
    pub question: String,
    /// The project that the run belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    pub datasets: Vec<DatasetRecord>,
    pub hypotheses: Vec<Hypothesis>,
    /// The hypotheses that those follow up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parents: Vec<Hypothesis>,
    pub experiments: Vec<ExperimentRecord>,
    pub records: Vec<TestRecord>,
    /// What the findings say of earlier ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub echoes: Vec<Echo>,
    /// What others have written of the findings, with the agent that found it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub citations: Vec<(AgentName, AddedEvidence)>,
}

/// It is in the graph, or waits in the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct KnowledgeRecorded {
    pub cycle: u32,
    /// Why it waits, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits: Option<String>,
}

/// Tell what earlier runs of the project know of these tables and their columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct RecallKnowledge {
    pub project: String,
    /// Comes first where there is more than can be told.
    pub target: Option<String>,
    pub datasets: Vec<RecalledTable>,
}

/// A table that is asked about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct RecalledTable {
    pub name: String,
    pub sha256: String,
    /// Those that hypotheses may use.
    pub columns: Vec<String>,
    /// A sample of its rows' hashes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub row_sketch: Vec<u64>,
}

/// What the project knows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KnowledgeRecalled {
    /// Earlier runs of the project.
    pub runs: Vec<RunId>,
    /// Cycles that they have spent on the same table, by its name in this run.
    pub cycles: BTreeMap<String, u32>,
    /// What was judged on the same data, which cannot tell more.
    pub settled: Vec<Known>,
    /// What was found in other data, best first.
    pub found: Vec<Known>,
    /// What was left open in other data.
    pub open: Vec<Known>,
    /// What was not found in other data.
    pub refuted: Vec<Known>,
}

/// A test of an earlier run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct Known {
    pub claim: ClaimId,
    /// The table of this run that it speaks of.
    pub dataset: String,
    /// SHA-256 of the table that it was tested on.
    pub tested_on: String,
    /// The share of this run's distinct rows that are in that table too, about; none where that cannot be told.
    #[serde(default)]
    pub shared_rows: Option<f64>,
    /// A run that tested it.
    pub run: RunId,
    pub statement: String,
    pub kind: Kind,
    pub x: String,
    pub y: String,
    #[serde(default)]
    pub covariates: Vec<String>,
    #[serde(default)]
    pub by: Option<String>,
    #[serde(default)]
    pub event: Option<String>,
    pub significant: bool,
    pub wording: String,
    pub direction: Option<String>,
    /// The level that direction and rates speak of.
    #[serde(default)]
    pub y_level: Option<String>,
    /// Levels of the groups that were compared; none where none were.
    #[serde(default)]
    pub levels: Option<u64>,
    pub p: f64,
    pub q: f64,
    pub effect: Effect,
    /// On the explore part of its rows.
    #[serde(default)]
    pub explore: Option<PartResult>,
}

/// What the project knows of other data.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Elsewhere {
    /// What was found, best first.
    pub found: Vec<Known>,
    /// What was left open.
    pub open: Vec<Known>,
    /// What was not found.
    pub refuted: Vec<Known>,
}

impl Elsewhere {
    /// Whether it is nothing.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty() && self.open.is_empty() && self.refuted.is_empty()
    }
}

/// What a finding says of the same claim in other data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct Echo {
    /// The finding of this run.
    pub finding: HypothesisId,
    pub says: Says,
    pub earlier: Known,
}

/// Shared rows from this share on are said beside a verdict.
const NOTABLE: f64 = 0.1;

impl Echo {
    /// Whether the two tables share so many rows that they are no two witnesses.
    pub fn on_shared_rows(&self) -> bool {
        self.earlier.shared_rows.is_some_and(|share| share >= NOTABLE)
    }
}

/// Whether it says the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Says {
    /// Both are significant, and go the same way.
    Replicates,
    /// Both are significant, and go opposite ways.
    Contradicts,
    /// It is not significant here.
    Fails,
    /// Both are significant, and of several groups another one leads.
    Differs,
}
