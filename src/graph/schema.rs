//! The schema of the graph, in both stores: [`VERSION`].
//!
//! Ids are our own, `kind:content`, and derived from content wherever there is any: what two runs know alike is one
//! node. A property is a text, a number, a truth value or a list of those. Every node and every edge says where it
//! comes from:
//! `runs`, `messages` and, where a script gave it, `experiments`. These three are sets: what is written again is
//! added to them, while any other property takes the value that was written last.

use serde::{Deserialize, Serialize};

use super::GraphError;

/// Version of the schema: raised when what is written would be misread by who knows the one before.
pub const VERSION: u32 = 2;

/// The oldest version that is read. Its nodes and edges mean the same; it has no analyses and no relations.
pub const OLDEST_READ: u32 = 1;

/// Properties that are sets of texts: written again, they are united, and not replaced.
pub const SETS: [&str; 3] = ["experiments", "messages", "runs"];

/// The type of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Label {
    /// A question that a person asked: `text`.
    Question,
    /// A table, by its content: `name`, `sha256`, `rows`, and `row_sketch`, a sample of its rows' hashes.
    Dataset,
    /// A column of a table: `name`, `role`.
    Variable,
    /// A claim on columns by their names, whatever the table: `statement`, `kind`, `x`, `y`, `covariates`, `by`,
    /// `event`,
    /// `predicted`.
    Hypothesis,
    /// A script that ran: `template`, `script_sha256`, `result_sha256`.
    Experiment,
    /// The result of a test on one table; its id ends in the hypothesis id of the run's files: `test`, `part`, `n`,
    /// `statistic`, `p`, `q`, `direction`, `y_level`, `levels`, `effect_name`, `effect`, `ci_low`, `ci_high`,
    /// `significant`, `replicated`, `wording`, `dataset`, `locator`; and from the explore part of the rows
    /// `explore_n`, `explore_p`, `explore_direction`, `explore_effect`.
    Result,
    /// A claim that holds in a table: what its hypothesis and its result say (but for `significant` and where the
    /// result is), and `caveats`.
    Finding,
    /// Who proposed: `name`, and `kind`, which is `rule_book` or `model`.
    Agent,
    /// A run of the lab: `name`, `project`, `cycles`.
    Run,
    /// The subject of all columns of one name, in any table: `name`.
    Concept,
    /// A publication that an agent found: `title`, `authors`, `year`, `doi`, `url`.
    Paper,
    /// How a hypothesis is tested, in any table; its id is that of the claim: `family`, `exposure`, `outcome`, `given`,
    /// `moderator`, `event`. Since version 2.
    Analysis,
    /// All that is asked and found about two columns, by their names, in any table: `columns`. Since version 2.
    Relation,
}

/// The type of an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EdgeKind {
    /// Run to question.
    Asks,
    /// Run or experiment to dataset.
    Uses,
    /// Dataset to variable.
    HasVariable,
    /// Hypothesis to agent.
    ProposedBy,
    /// Experiment to hypothesis; and result to a hypothesis that it leaves open.
    Tests,
    /// Experiment to result.
    Produced,
    /// Result to hypothesis, with `p`, `q`, `effect`, `ci_low`, `ci_high`: significant after the run's error control.
    Supports,
    /// Result to hypothesis, with the same: no association was detected.
    Refutes,
    /// Hypothesis to the one that it follows up.
    Refines,
    /// Finding to an earlier one of the same project, on other data and of the opposite sign: both significant. With
    /// `shared_rows`, the share of the table's distinct rows that the earlier one has too.
    Contradicts,
    /// Finding to the same finding of an earlier run of the project, on other data; with the same.
    Replicates,
    /// Hypothesis to variable; hypothesis, finding (with `role`), relation, variable or paper to concept.
    Mentions,
    /// Finding to paper: `stance`, `statement`, `locator`, `passage`, and the `agent` that found it.
    Cites,
    /// Finding to result.
    DerivedFrom,
    /// Hypothesis to question; experiment to run.
    SpawnedBy,
    /// Hypothesis to analysis. Since version 2.
    AnalysedBy,
    /// Analysis or finding to relation. Since version 2.
    About,
}

impl Label {
    /// All of them.
    pub const ALL: [Self; 13] = [
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
        Self::Analysis,
        Self::Relation,
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
            Self::Analysis => "Analysis",
            Self::Relation => "Relation",
        }
    }

    /// The label of the node of that id.
    ///
    /// # Errors
    /// [`GraphError::Id`] when it is not one of ours.
    pub fn of_node_id(id: &str) -> Result<Self, GraphError> {
        let kind = id.split_once(':').map(|(kind, _)| kind).unwrap_or_default();
        let label = Self::ALL.into_iter().find(|label| {
            let name = label.name();
            name.eq_ignore_ascii_case(kind) && !kind.contains(char::is_uppercase)
        });
        label.ok_or_else(|| GraphError::Id { id: id.to_owned() })
    }
}

impl EdgeKind {
    /// All of them.
    pub const ALL: [Self; 17] = [
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
        Self::AnalysedBy,
        Self::About,
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
            Self::AnalysedBy => "ANALYSED_BY",
            Self::About => "ABOUT",
        }
    }

    /// The relation of that name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|relation| relation.name() == name)
    }
}
