//! Messages from the design of an experiment to its end.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DatasetPlan, ModelAnswers};
use crate::sandbox::{Outcome, Usage};
use crate::science::{
    Arm, ArtefactRecord, Column, ExperimentId, ExperimentRecord, Hypothesis, HypothesisId, Protocol, Template,
};

/// The purpose of an experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "task", rename_all = "snake_case")]
#[schemars(rename = "Task")]
pub enum ExperimentTask {
    /// Read and describe a table.
    Profile {
        /// The table's file.
        data: Box<DatasetPlan>,
        /// The research question.
        question: String,
        /// The outcome column, if one was named.
        target: Option<String>,
        /// The column that explains, if one was named.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exposure: Option<String>,
        /// The columns to be held fixed.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        given: Vec<String>,
        /// The column that was declared as the unit of observation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subject: Option<String>,
        /// The column that was declared as the order in time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        time: Option<String>,
        /// Columns that were assigned at random.
        randomised: Vec<String>,
    },
    /// Test hypotheses of one kind on one table.
    Tests(Box<TestPlan>),
    /// Test one hypothesis with code that a model writes.
    Custom(Box<CustomPlan>),
    /// Draw the findings of one table.
    Figures {
        /// The profile's experiment, whose table is drawn.
        table: ExperimentId,
        /// SHA-256 of that table.
        table_sha256: String,
        /// The hypotheses of the findings.
        hypotheses: Vec<Hypothesis>,
    },
}

/// The tests of one script.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TestPlan {
    /// The profile's experiment, whose table is read.
    pub table: ExperimentId,
    /// SHA-256 of that table.
    pub table_sha256: String,
    /// Hypotheses of one kind.
    pub hypotheses: Vec<Hypothesis>,
    /// For each hypothesis, sets of columns to hold fixed, one set at a time.
    pub checks: Vec<Vec<String>>,
    /// For each hypothesis, the level of the outcome that the numbers refer to.
    pub y_levels: Vec<Option<String>>,
    /// For each hypothesis, the p-value below which it would count if no other test of its tier did; none where the run
    /// was not judged by tiers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<Option<f64>>,
    /// The column that identifies the unit of repeated rows, if rows repeat one.
    pub unit: Option<String>,
    /// The blocks of a designed experiment, followed by the factor of its whole plots.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clusters: Vec<String>,
    /// The column that orders rows in time, if there is one.
    pub time: Option<String>,
    /// Share of rows in the explore part.
    pub explore_share: f64,
    /// Permutations of the permutation check.
    pub permutations: u64,
    /// Rows above which robustness checks use a subsample.
    pub check_rows: u64,
    /// Whether this confirms an analysis for which a model writes the code.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub confirms: bool,
}

/// A test with code that a model writes from the protocol alone. It is done twice by independent authors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CustomPlan {
    /// The profile's experiment, whose table is read.
    pub table: ExperimentId,
    /// SHA-256 of that table.
    pub table_sha256: String,
    /// The hypothesis, of kind `custom`.
    pub hypothesis: Hypothesis,
    /// 1 for the first author, 2 for the second.
    pub author: u32,
    /// The profile's columns that the analysis reads.
    pub columns: Vec<Column>,
    /// The column that identifies the unit of repeated rows, if rows repeat one.
    pub unit: Option<String>,
    /// The column that orders rows in time, if there is one.
    pub time: Option<String>,
    /// Share of rows in the explore part.
    pub explore_share: f64,
    /// Shuffled copies on which the analysis must find nothing.
    pub permutations: u64,
    /// The error rate that its p-value is judged at; none in requests of version 0.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_control: Option<ErrorShare>,
    /// The reason for not requesting code, if its numbers could not be trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub obstacle: Option<String>,
}

/// The error rate of a family of tests. A p-value above `alpha` is never significant there, and one of `alpha / tests`
/// always is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorShare {
    /// The share of the run's false discovery rate that the family has.
    pub alpha: f64,
    /// Tests in the family.
    pub tests: u64,
}

/// To the code generator: write the protocol and the script of an experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DesignExperiment {
    /// The cycle's number.
    pub cycle: u32,
    /// The arm of the cycle.
    pub arm: Arm,
    /// The table's name in the run.
    pub dataset: String,
    /// Seed of the script's random choices.
    pub seed: u64,
    /// The experiment's purpose.
    pub task: ExperimentTask,
}

/// To the code generator: write another script for a failed experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RepairScript {
    /// The failed experiment.
    pub failed: ExperimentRecord,
    /// The original request.
    pub request: DesignExperiment,
}

/// A designed experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Design {
    /// The experiment's id, derived from the script.
    pub id: ExperimentId,
    /// The protocol.
    pub protocol: Protocol,
    /// SHA-256 of the script in the run's content-addressed store.
    pub script_sha256: String,
    /// The part of the request that this design covers.
    pub request: DesignExperiment,
}

/// To the director: designs in answer to a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExperimentDesigned {
    /// The cycle's number.
    pub cycle: u32,
    /// The arm of the cycle.
    pub arm: Arm,
    /// The requested template.
    pub template: Template,
    /// The experiment that these designs repair.
    pub repairs: Option<ExperimentId>,
    /// The hypotheses of the request.
    pub requested: Vec<HypothesisId>,
    /// The designs; empty if no better script can be written.
    pub designs: Vec<Design>,
    /// The reason for having no designs, in a sentence.
    pub declined: Option<String>,
    /// The model that wrote the script; none for a template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_by: Option<String>,
    /// How the question to the model ended.
    #[serde(default, skip_serializing_if = "ModelAnswers::is_empty")]
    pub model: ModelAnswers,
}

/// To the sandbox executor: run an experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunExperiment {
    /// The experiment's id.
    pub id: ExperimentId,
    /// The protocol.
    pub protocol: Protocol,
    /// SHA-256 of the script in the run's content-addressed store.
    pub script_sha256: String,
}

/// To the director: the end of an experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExperimentFinished {
    /// The experiment's id.
    pub id: ExperimentId,
    /// How the script ended.
    pub outcome: Outcome,
    /// Resources that the script used.
    pub usage: Usage,
    /// Files that the script left.
    pub artefacts: Vec<ArtefactRecord>,
    /// The reason for a missing result, in a sentence.
    pub failure: Option<String>,
    /// Likely causes, from a look at the script; nothing depends on them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advice: Vec<String>,
}
