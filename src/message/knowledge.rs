//! Between the director and the knowledge graph writer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::DatasetRecord;
use crate::science::{ExperimentRecord, Hypothesis, TestRecord};

/// Record what a cycle learnt. Everything in it may be written again without doubling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct RecordKnowledge {
    pub cycle: u32,
    pub question: String,
    pub datasets: Vec<DatasetRecord>,
    pub hypotheses: Vec<Hypothesis>,
    pub experiments: Vec<ExperimentRecord>,
    pub records: Vec<TestRecord>,
}

/// It is in the graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct KnowledgeRecorded {
    pub cycle: u32,
    /// Nodes of the graph after it, by label.
    pub nodes: Vec<(String, u64)>,
    /// Edges of the graph after it, by type.
    pub edges: Vec<(String, u64)>,
}
