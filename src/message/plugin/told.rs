//! Tables, hypotheses, tests and experiments in the form that agents receive.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::science::{
    AnalysisRecord, CustomProtocol, ExperimentId, Hypothesis, PartResult, Profile, Role, Template, TestRecord,
};
use crate::study::RelationId;

/// A table in the form that agents receive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ToldDataset {
    /// The table's name in the run.
    pub name: String,
    /// SHA-256 of the table's file.
    pub sha256: String,
    /// Number of rows.
    pub rows: u64,
    /// The columns.
    pub columns: Vec<ToldColumn>,
    /// The profile; in `run_started` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
}

/// A column in the form that agents receive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ToldColumn {
    /// The column's name.
    pub name: String,
    /// The column's role.
    pub role: Role,
    /// Whether hypotheses may use the column.
    pub usable: bool,
    /// Number of distinct values.
    pub distinct: u64,
    /// Number of missing values.
    pub missing: u64,
}

/// An experiment in the form that agents receive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ToldExperiment {
    /// The experiment's id.
    pub id: ExperimentId,
    /// The template of its script.
    pub template: Template,
    /// The table's name in the run.
    pub dataset: String,
    /// `ok`, or the way in which it failed.
    pub outcome: String,
    /// The reason of the failure, in a sentence.
    pub failure: Option<String>,
    /// SHA-256 of the script.
    pub script_sha256: String,
    /// SHA-256 of `result.json`, if the script left one.
    pub result_sha256: Option<String>,
}

/// A hypothesis in the form that agents receive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ToldHypothesis {
    /// The hypothesis; its own field `analysis` is in `custom`.
    #[serde(flatten)]
    hypothesis: Hypothesis,
    /// The relation that it is about, as in `findings.json`.
    #[serde(default)]
    pub relation: Option<RelationId>,
    /// The analysis that it plans.
    #[serde(default)]
    pub analysis: Option<AnalysisRecord>,
    /// How it is tested, where a model writes the code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomProtocol>,
}

impl ToldHypothesis {
    /// A hypothesis with the relation that it is about; none for a description.
    pub fn new(mut hypothesis: Hypothesis, relation: Option<RelationId>) -> Self {
        let custom = hypothesis.analysis.take();
        Self {
            relation,
            analysis: Some(AnalysisRecord::of_hypothesis(&hypothesis)),
            hypothesis,
            custom,
        }
    }
}

/// A judged test in the form that agents receive: as in `findings.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ToldTest {
    /// The test.
    #[serde(flatten)]
    pub record: TestRecord,
    /// The relation that it is about.
    #[serde(default)]
    pub relation: Option<RelationId>,
    /// The analysis behind it.
    #[serde(default)]
    pub analysis: Option<AnalysisRecord>,
}

/// A test that looks promising, in the form that agents receive. It shows nothing of the rows held back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ToldKnownTest {
    /// The tested hypothesis.
    pub hypothesis: ToldHypothesis,
    /// The numbers in the explore part.
    pub explore: PartResult,
}
