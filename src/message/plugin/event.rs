//! The events that agents are told.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    challenge::ChallengeRecord,
    told::{ToldDataset, ToldExperiment},
};
use crate::message::KnownTest;
use crate::science::{Hypothesis, HypothesisId, TestRecord};

/// Something that agents are told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "body", rename_all = "snake_case")]
pub enum Event {
    /// The tables are described.
    RunStarted(Box<RunStarted>),
    /// Hypotheses are about to be chosen.
    CycleStarted(Box<CycleStarted>),
    /// Hypotheses are about to be tested.
    HypothesesRegistered(Box<HypothesesRegistered>),
    /// All experiments of a cycle ran.
    ExperimentsFinished(Box<ExperimentsFinished>),
    /// The error control has spoken.
    CycleJudged(Box<CycleVerdicts>),
    /// A test is significant, and not reported yet.
    FindingDrafted(Box<DraftedFinding>),
    /// Nothing is tested any more.
    ResearchFinished(Box<ResearchFinished>),
}

impl Event {
    /// Its type, as the protocol names it.
    pub fn kind(&self) -> &'static str {
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

/// The tables are described.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct RunStarted {
    pub question: String,
    pub target: Option<String>,
    /// Columns that were assigned at random.
    pub randomised: Vec<String>,
    pub datasets: Vec<ToldDataset>,
}

/// Hypotheses are about to be chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct CycleStarted {
    pub cycle: u32,
    pub question: String,
    pub target: Option<String>,
    pub datasets: Vec<ToldDataset>,
    /// Tests that look promising on the explore part of the rows.
    pub known: Vec<KnownTest>,
    /// Ids of what was tested.
    pub tested: Vec<HypothesisId>,
    /// Hypotheses that are still taken, at most.
    pub limit: usize,
}

/// Hypotheses are about to be tested.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct HypothesesRegistered {
    pub cycle: u32,
    pub hypotheses: Vec<Hypothesis>,
}

/// All experiments of a cycle ran.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct ExperimentsFinished {
    pub cycle: u32,
    pub experiments: Vec<ToldExperiment>,
}

/// The error control has spoken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct CycleVerdicts {
    pub cycle: u32,
    /// As in `findings.json`.
    pub tests: Vec<TestRecord>,
}

/// A test is significant, and not reported yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct DraftedFinding {
    pub cycle: u32,
    /// As in `findings.json`.
    pub finding: TestRecord,
    pub hypothesis: Hypothesis,
    pub dataset: ToldDataset,
}

/// Nothing is tested any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct ResearchFinished {
    pub question: String,
    /// As in `findings.json`.
    pub findings: Vec<TestRecord>,
    /// What was left open: tests that are suggestive and no more, the smallest p first.
    #[serde(default)]
    pub open: Vec<TestRecord>,
    /// Tests of the run.
    pub tests: u64,
    pub challenges: Vec<ChallengeRecord>,
}
