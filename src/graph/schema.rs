//! What the graph is made of, in both stores.
//!
//! Ids are our own, `kind:content`, and derived from content wherever there is any: what two runs know alike is one node. A
//! property is a text, a number, a truth value or a list of those. Every edge says where it comes from: `run` and `message`.

use serde::{Deserialize, Serialize};

use super::GraphError;

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Label {
    /// What a person asked: `text`.
    Question,
    /// A table, by its content: `name`, `sha256`.
    Dataset,
    /// A column of a table: `name`, `role`.
    Variable,
    /// A statement that was tested: `statement`, `kind`, `predicted`, `cycle`.
    Hypothesis,
    /// A script that ran: `template`, `script_sha256`, `result_sha256`.
    Experiment,
    /// What a test gave: `test`, `n`, `statistic`, `p`, `q`, `direction`, `locator`.
    Result,
    /// A hypothesis that holds: `statement`, `wording`, `direction`, `replicated`, `caveats`.
    Finding,
    /// Who proposed: an agent or a model. None is written yet.
    Agent,
    /// A run of the lab: `name`.
    Run,
    /// Something that hypotheses and papers speak of. None is written yet.
    Concept,
    /// A publication. None is written yet.
    Paper,
}

/// What an edge says. `PROPOSED_BY`, `CONTRADICTS`, `REPLICATES` and `CITES` are not written yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Relation {
    /// Run to question.
    Asks,
    /// Run to dataset.
    Uses,
    /// Dataset to variable.
    HasVariable,
    /// Hypothesis to agent.
    ProposedBy,
    /// Experiment to hypothesis.
    Tests,
    /// Experiment to result.
    Produced,
    /// Result to hypothesis, with `p`, `q`, `effect`, `ci_low`, `ci_high`.
    Supports,
    /// Result to hypothesis, with the same.
    Refutes,
    /// Hypothesis to the one that it follows up.
    Refines,
    /// Finding to a finding of the opposite sign, both significant.
    Contradicts,
    /// Finding to the same finding on other data.
    Replicates,
    /// Hypothesis or paper to a variable or a concept.
    Mentions,
    /// Finding to paper.
    Cites,
    /// To what it was made from.
    DerivedFrom,
    /// To what led to it.
    SpawnedBy,
}

impl Label {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Question,
        Self::Dataset,
        Self::Variable,
        Self::Hypothesis,
        Self::Experiment,
        Self::Result,
        Self::Finding,
        Self::Agent,
        Self::Run,
        Self::Concept,
        Self::Paper,
    ];

    /// As it is written in both stores.
    pub fn name(self) -> &'static str {
        match self {
            Self::Question => "Question",
            Self::Dataset => "Dataset",
            Self::Variable => "Variable",
            Self::Hypothesis => "Hypothesis",
            Self::Experiment => "Experiment",
            Self::Result => "Result",
            Self::Finding => "Finding",
            Self::Agent => "Agent",
            Self::Run => "Run",
            Self::Concept => "Concept",
            Self::Paper => "Paper",
        }
    }

    /// The label of the node of that id.
    ///
    /// # Errors
    /// [`GraphError::Id`] when it is not one of ours.
    pub fn of(id: &str) -> Result<Self, GraphError> {
        let kind = id.split_once(':').map(|(kind, _)| kind).unwrap_or_default();
        let label = Self::ALL
            .into_iter()
            .find(|label| label.name().eq_ignore_ascii_case(kind));
        label.ok_or_else(|| GraphError::Id { id: id.to_owned() })
    }
}

impl Relation {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Asks,
        Self::Uses,
        Self::HasVariable,
        Self::ProposedBy,
        Self::Tests,
        Self::Produced,
        Self::Supports,
        Self::Refutes,
        Self::Refines,
        Self::Contradicts,
        Self::Replicates,
        Self::Mentions,
        Self::Cites,
        Self::DerivedFrom,
        Self::SpawnedBy,
    ];

    /// As it is written in both stores.
    pub fn name(self) -> &'static str {
        match self {
            Self::Asks => "ASKS",
            Self::Uses => "USES",
            Self::HasVariable => "HAS_VARIABLE",
            Self::ProposedBy => "PROPOSED_BY",
            Self::Tests => "TESTS",
            Self::Produced => "PRODUCED",
            Self::Supports => "SUPPORTS",
            Self::Refutes => "REFUTES",
            Self::Refines => "REFINES",
            Self::Contradicts => "CONTRADICTS",
            Self::Replicates => "REPLICATES",
            Self::Mentions => "MENTIONS",
            Self::Cites => "CITES",
            Self::DerivedFrom => "DERIVED_FROM",
            Self::SpawnedBy => "SPAWNED_BY",
        }
    }
}
