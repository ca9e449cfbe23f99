//! From a design to a finished experiment.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::DatasetPlan;
use crate::sandbox::{Outcome, Usage};
use crate::science::{
    Arm, Artefact, Column, ExperimentId, ExperimentRecord, Hypothesis, HypothesisId, Protocol, Template,
};

/// What an experiment is for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "task", rename_all = "snake_case")]
pub enum Task {
    /// Read and describe a table.
    Profile {
        #[allow(missing_docs)]
        data: DatasetPlan,
        #[allow(missing_docs)]
        question: String,
        #[allow(missing_docs)]
        target: Option<String>,
        #[allow(missing_docs)]
        randomised: Vec<String>,
    },
    /// Test hypotheses of one kind on one table.
    Tests(Box<TestPlan>),
    /// Test one hypothesis by code that a model writes.
    Custom(Box<CustomPlan>),
    /// Draw the findings of one table.
    Figures {
        /// The profile's experiment, whose table is drawn.
        table: ExperimentId,
        #[allow(missing_docs)]
        table_sha256: String,
        /// What was found.
        hypotheses: Vec<Hypothesis>,
    },
}

/// The tests of one script.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TestPlan {
    /// The profile's experiment, whose table is read.
    pub table: ExperimentId,
    #[allow(missing_docs)]
    pub table_sha256: String,
    /// All of one kind.
    pub hypotheses: Vec<Hypothesis>,
    /// Columns to hold fixed one at a time, for each hypothesis.
    pub checks: Vec<Vec<String>>,
    /// Levels that outcomes speak of, for each hypothesis.
    pub y_levels: Vec<Option<String>>,
    /// The column whose values repeat, if rows repeat a unit.
    pub unit: Option<String>,
    /// Whether rows have an order in time.
    pub time: Option<String>,
    /// Share of rows in the explore part.
    pub explore_share: f64,
    #[allow(missing_docs)]
    pub permutations: u64,
    #[allow(missing_docs)]
    pub check_rows: u64,
    /// Whether this is the second way to the numbers of an analysis that a model writes the code for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub confirms: bool,
}

/// A test by code that a model writes from the protocol alone. It is done twice, and neither author sees the other's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CustomPlan {
    /// The profile's experiment, whose table is read.
    pub table: ExperimentId,
    #[allow(missing_docs)]
    pub table_sha256: String,
    /// Of kind `custom`.
    pub hypothesis: Hypothesis,
    /// 1 for the first author, 2 for the second.
    pub author: u32,
    /// The profile's columns that the analysis reads.
    pub columns: Vec<Column>,
    /// The column whose values repeat, if rows repeat a unit.
    pub unit: Option<String>,
    /// The column that orders rows in time, if there is one.
    pub time: Option<String>,
    /// Share of rows in the explore part.
    pub explore_share: f64,
    /// Shuffled copies on which the analysis must find nothing.
    pub permutations: u64,
    /// Why no code is asked for, where its numbers could not be trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub obstacle: Option<String>,
}

/// Write the protocol and the script of an experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DesignExperiment {
    #[allow(missing_docs)]
    pub cycle: u32,
    #[allow(missing_docs)]
    pub arm: Arm,
    /// The table.
    pub dataset: String,
    #[allow(missing_docs)]
    pub seed: u64,
    #[allow(missing_docs)]
    pub task: Task,
}

/// The script of an experiment failed: write another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RepairScript {
    #[allow(missing_docs)]
    pub failed: ExperimentRecord,
    /// The request that it came from.
    pub request: DesignExperiment,
}

/// One designed experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Design {
    #[allow(missing_docs)]
    pub id: ExperimentId,
    #[allow(missing_docs)]
    pub protocol: Protocol,
    /// The script, in the run's content-addressed store.
    pub script_sha256: String,
    /// The request narrowed to what this design covers.
    pub request: DesignExperiment,
}

/// Designs in answer to a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExperimentDesigned {
    #[allow(missing_docs)]
    pub cycle: u32,
    #[allow(missing_docs)]
    pub arm: Arm,
    /// The template asked for.
    pub template: Template,
    /// The experiment that these repair.
    pub repairs: Option<ExperimentId>,
    /// What the request was about.
    pub requested: Vec<HypothesisId>,
    /// Empty when nothing better can be written.
    pub designs: Vec<Design>,
    /// Why there is none, in a sentence.
    pub declined: Option<String>,
    /// The model that wrote the script; none where a template did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_by: Option<String>,
}

/// Run an experiment in the sandbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct RunExperiment {
    pub id: ExperimentId,
    pub protocol: Protocol,
    pub script_sha256: String,
}

/// How an experiment ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct ExperimentFinished {
    pub id: ExperimentId,
    pub outcome: Outcome,
    pub usage: Usage,
    pub artefacts: Vec<Artefact>,
    /// Why there is no result, in one sentence, if there is none.
    pub failure: Option<String>,
    /// What a glance at the script shows; it decides nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advice: Vec<String>,
}
