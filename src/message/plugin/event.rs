//! The events that agents receive.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    challenge::ChallengeRecord,
    told::{ToldDataset, ToldExperiment, ToldHypothesis, ToldKnownTest, ToldTest},
};
use crate::science::HypothesisId;

/// An event that agents receive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "body", rename_all = "snake_case")]
pub enum Event {
    /// The run has started, and its tables are profiled.
    RunStarted(Box<RunStarted>),
    /// A cycle has started, and hypotheses are about to be chosen.
    CycleStarted(Box<CycleStarted>),
    /// Hypotheses were registered and are about to be tested.
    HypothesesRegistered(Box<HypothesesRegistered>),
    /// All experiments of a cycle have finished.
    ExperimentsFinished(Box<ExperimentsFinished>),
    /// The tests of a cycle were judged.
    CycleJudged(Box<CycleVerdicts>),
    /// A test is significant; it is not reported yet.
    FindingDrafted(Box<DraftedFinding>),
    /// The last test of the run was judged.
    ResearchFinished(Box<ResearchFinished>),
}

impl Event {
    /// The event's type in the protocol.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::RunStarted(_) => "run_started",
            Self::CycleStarted(_) => "cycle_started",
            Self::HypothesesRegistered(_) => "hypotheses_registered",
            Self::ExperimentsFinished(_) => "experiments_finished",
            Self::CycleJudged(_) => "cycle_judged",
            Self::FindingDrafted(_) => "finding_drafted",
            Self::ResearchFinished(_) => "research_finished",
        }
    }
}

/// The types of events, in the order of a run.
pub const EVENTS: [&str; 7] = [
    "run_started",
    "cycle_started",
    "hypotheses_registered",
    "experiments_finished",
    "cycle_judged",
    "finding_drafted",
    "research_finished",
];

/// The run has started, and its tables are profiled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunStarted {
    /// The research question.
    pub question: String,
    /// The outcome column, if one was named.
    pub target: Option<String>,
    /// Columns that were assigned at random.
    pub randomised: Vec<String>,
    /// The tables, with their profiles.
    pub datasets: Vec<ToldDataset>,
}

/// A cycle has started, and hypotheses are about to be chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CycleStarted {
    /// The cycle's number, from 1.
    pub cycle: u32,
    /// The research question.
    pub question: String,
    /// The outcome column, if one was named.
    pub target: Option<String>,
    /// The tables, without profiles.
    pub datasets: Vec<ToldDataset>,
    /// Tests that look promising in the explore part of the rows.
    pub known: Vec<ToldKnownTest>,
    /// Ids of the hypotheses tested so far.
    pub tested: Vec<HypothesisId>,
    /// Maximum number of hypotheses that are still accepted.
    pub limit: usize,
}

/// Hypotheses were registered and are about to be tested.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HypothesesRegistered {
    /// The cycle's number.
    pub cycle: u32,
    /// The registered hypotheses.
    pub hypotheses: Vec<ToldHypothesis>,
}

/// All experiments of a cycle have finished.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExperimentsFinished {
    /// The cycle's number.
    pub cycle: u32,
    /// The experiments of the cycle.
    pub experiments: Vec<ToldExperiment>,
}

/// The tests of a cycle were judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CycleVerdicts {
    /// The cycle's number.
    pub cycle: u32,
    /// The judged tests, as in `findings.json`.
    pub tests: Vec<ToldTest>,
}

/// A test is significant; it is not reported yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DraftedFinding {
    /// The cycle's number.
    pub cycle: u32,
    /// The test, as in `findings.json`.
    pub finding: ToldTest,
    /// The hypothesis that was tested.
    pub hypothesis: ToldHypothesis,
    /// The table on which it was tested.
    pub dataset: ToldDataset,
}

/// The last test of the run was judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResearchFinished {
    /// The research question.
    pub question: String,
    /// The findings, as in `findings.json`.
    pub findings: Vec<ToldTest>,
    /// Suggestive tests that are not findings, the smallest p first.
    #[serde(default)]
    pub open: Vec<ToldTest>,
    /// Number of tests in the run.
    pub tests: u64,
    /// Challenges with the decisions on them.
    pub challenges: Vec<ChallengeRecord>,
}
