//! The director's state.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::custom::Halves;
use super::{Consulting, Thinking};
use crate::message::{
    DesignExperiment, Echo, HypothesesProposed, KnowledgeRecalled, ResearchPlan, TestDraft, TierPlan,
};
use crate::science::{
    Arm, BudgetName, CycleSummary, DatasetRecord, DescriptionRecord, ExperimentId, ExperimentRecord, FamilyRecord,
    FigureRecord, Hypothesis, HypothesisId, RunEnd, TestRecord, Untested, template,
};
use crate::study::LevelContrast;

/// Where the research stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Nothing was asked yet.
    #[default]
    Waiting,
    /// The tables are being described.
    Profiling,
    /// The project's graph is being asked what it knows.
    Recalling,
    /// Hypotheses are being proposed.
    Proposing,
    /// Experiments are being designed, run and analysed.
    Testing,
    /// The cycle's families are being judged.
    Judging,
    /// The director's own model says where to look next.
    Deliberating,
    /// Agents look at the cycle's verdicts.
    Reviewing,
    /// Figures of the findings are being drawn.
    Drawing,
    /// The findings are being put into words.
    Interpreting,
    /// Agents have their last word.
    Concluding,
    /// The knowledge graph takes in the last cycle.
    Recording,
    /// The end was told.
    Over,
}

/// The cycle under way.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CycleState {
    /// Arms whose proposals are awaited.
    pub proposing: BTreeSet<Arm>,
    /// Proposals that have come.
    pub proposals: BTreeMap<Arm, HypothesesProposed>,
    /// Hypotheses registered and not settled yet.
    pub open: BTreeSet<HypothesisId>,
    /// Tests to be judged.
    pub drafts: BTreeMap<HypothesisId, TestDraft>,
    /// Analyses by a model of which one way is there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub halves: BTreeMap<HypothesisId, Halves>,
    /// Registered and beyond testing.
    pub failed: BTreeMap<HypothesisId, Untested>,
    /// Tiers of the error control that have tests in it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tiers: BTreeMap<Arm, Vec<TierPlan>>,
    /// Arms whose verdicts are awaited.
    pub judging: BTreeSet<Arm>,
}

/// The whole state of the research: a fold over the events.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ResearchState {
    /// The request.
    pub plan: Option<ResearchPlan>,
    /// Events that were folded.
    #[serde(default)]
    pub events: u64,
    /// The current phase.
    pub phase: Phase,
    /// From 1 once the tables are described.
    pub cycle: u32,
    /// The tables of the run.
    pub datasets: Vec<DatasetRecord>,
    /// SHA-256 of each data set's canonical table.
    pub tables: BTreeMap<String, String>,
    /// Everything registered, both arms.
    pub hypotheses: BTreeMap<HypothesisId, Hypothesis>,
    /// Everything designed.
    pub experiments: BTreeMap<ExperimentId, ExperimentRecord>,
    /// The request behind each experiment that may still need a repair.
    pub requests: BTreeMap<ExperimentId, DesignExperiment>,
    /// The cycle under way.
    pub current: CycleState,
    /// Verdicts of both arms.
    pub records: BTreeMap<Arm, BTreeMap<HypothesisId, TestRecord>>,
    /// Descriptions, which are of the data as given.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub descriptions: BTreeMap<HypothesisId, DescriptionRecord>,
    /// The two levels that each test on the data as given compares, as far as it does.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub contrasts: BTreeMap<HypothesisId, LevelContrast>,
    /// Not judged, both arms.
    pub untested: BTreeMap<Arm, Vec<Untested>>,
    /// Families of the error control, in order.
    pub families: Vec<FamilyRecord>,
    /// Summaries of the finished cycles.
    pub cycles: Vec<CycleSummary>,
    /// Hypotheses that the last survey had to leave out.
    pub left_out: u64,
    /// The budget that is spent, and a sentence on it.
    pub spent: Option<(BudgetName, String)>,
    /// Nothing more is run: time is over.
    #[serde(default)]
    pub called_off: bool,
    /// The cycle whose open tests were called off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called_off_in: Option<u32>,
    /// The figures' experiments that are awaited.
    pub drawing: BTreeSet<ExperimentId>,
    /// Designs of figures that are awaited.
    pub drawing_designs: u32,
    /// Figures of the findings.
    pub figures: Vec<FigureRecord>,
    /// Cycles whose knowledge is being recorded.
    pub recording: BTreeSet<u32>,
    /// The knowledge of the project's earlier runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<KnowledgeRecalled>,
    /// The relation of findings to earlier ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub echoes: Vec<Echo>,
    /// Cycles in which nothing was left to test, because earlier runs had.
    #[serde(default)]
    pub idle: u32,
    /// The part of agents that are folders.
    #[serde(default)]
    pub consulting: Consulting,
    /// The model's part.
    #[serde(default)]
    pub thinking: Thinking,
    /// Set once the end was told.
    pub end: Option<RunEnd>,
    /// Set when the run cannot go on; told at the next decision.
    pub failure: Option<RunEnd>,
}

impl ResearchState {
    /// Experiments of the run's own budget: every script that was or will be run, but for those that agents have run
    /// out of the share that is kept for them.
    pub fn experiments_used(&self) -> u64 {
        let own = |record: &&ExperimentRecord| record.protocol.template != template::AGENT;
        self.experiments.values().filter(own).count() as u64
    }

    /// Tests registered on the data as given.
    pub fn tests_used(&self) -> u64 {
        self.hypotheses
            .values()
            .filter(|hypothesis| hypothesis.arm == Arm::Observed && !hypothesis.is_description())
            .count() as u64
    }

    /// The arms of this run.
    pub fn active_arms(&self) -> Vec<Arm> {
        match &self.plan {
            Some(plan) if plan.shuffled_run => vec![Arm::Observed, Arm::Shuffled],
            _ => vec![Arm::Observed],
        }
    }

    /// Verdicts of an arm, by id.
    pub fn records_of(&self, arm: Arm) -> impl Iterator<Item = &TestRecord> {
        self.records.get(&arm).into_iter().flat_map(|records| records.values())
    }

    /// The data set of that name.
    pub fn dataset_named(&self, name: &str) -> Option<&DatasetRecord> {
        self.datasets.iter().find(|dataset| dataset.name == name)
    }
}
