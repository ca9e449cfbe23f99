//! Between the director and agents that are folders. [`Event`] and [`Speech`] are the public protocol of
//! `agents/PROTOCOL.md`: they change only with its version.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AgentName, KnownTest};
use crate::science::{ExperimentId, ExperimentRecord, Hypothesis, HypothesisId, Profile, Role, Template, TestRecord};

/// An agent of a run, as far as the director deals with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgentPlan {
    #[allow(missing_docs)]
    pub name: AgentName,
    #[allow(missing_docs)]
    pub version: String,
    #[allow(missing_docs)]
    pub description: String,
    /// Types of the events that it is told.
    pub subscribes: Vec<String>,
    /// Types of the messages that it may send.
    pub publishes: Vec<String>,
    /// Whether it may take a finding out of the findings.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub veto: bool,
    /// Experiments of the run's budget that are kept for it.
    #[serde(default)]
    pub experiments: u64,
}

/// To an agent: something happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Notify {
    /// Names the event within the run; answers are taken in this order.
    pub occasion: String,
    #[allow(missing_docs)]
    pub event: Event,
    /// The canonical tables that scripts of the agent's may read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<KeptTable>,
    /// The cycle that it belongs to.
    #[serde(default)]
    pub cycle: u32,
}

/// Where a canonical table is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeptTable {
    #[allow(missing_docs)]
    pub dataset: String,
    /// The profile's, whose folder it is in.
    pub experiment: ExperimentId,
    #[allow(missing_docs)]
    pub sha256: String,
}

/// To the director: what an agent has to say to an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Contribution {
    /// Of the event.
    pub occasion: String,
    #[allow(missing_docs)]
    pub agent: AgentName,
    /// What it may say, as it says it.
    pub said: Vec<Speech>,
    /// What it said and may not, or not so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refusal>,
    /// Scripts that it had run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub experiments: Vec<ExperimentRecord>,
    /// What its challenges rest on, as the results of those scripts have it, by finding and name of the check.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckResult>,
}

/// A message that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refusal {
    /// As far as it could be told.
    #[serde(rename = "type")]
    pub kind: String,
    #[allow(missing_docs)]
    pub reason: String,
}

/// The estimate that a challenge rests on, read from the recorded result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct CheckResult {
    pub finding: HypothesisId,
    pub check: Check,
    pub estimate: CheckEstimate,
}

/// What a check gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct CheckEstimate {
    #[serde(default)]
    pub n: Option<u64>,
    pub p: f64,
    #[serde(default)]
    pub effect: Option<f64>,
    #[serde(default)]
    pub direction: Option<String>,
}

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

/// A table, as agents are told of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct ToldDataset {
    pub name: String,
    pub sha256: String,
    pub rows: u64,
    pub columns: Vec<ToldColumn>,
    /// In `run_started` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
}

/// A column, as agents are told of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct ToldColumn {
    pub name: String,
    pub role: Role,
    /// Whether hypotheses may use it.
    pub usable: bool,
    pub distinct: u64,
    pub missing: u64,
}

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

/// An experiment, as agents are told of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct ToldExperiment {
    pub id: ExperimentId,
    pub template: Template,
    pub dataset: String,
    /// `ok`, or what went wrong.
    pub outcome: String,
    pub failure: Option<String>,
    pub script_sha256: String,
    pub result_sha256: Option<String>,
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

/// Something that an agent says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "body", rename_all = "snake_case")]
pub enum Speech {
    /// In answer to `cycle_started`: test this too.
    ProposeHypothesis(Box<ProposedHypothesis>),
    /// A finding is not what it seems.
    Challenge(Box<Challenge>),
    /// Others have something to say on a finding.
    AddEvidence(Box<AddedEvidence>),
    /// How good a finding is.
    Score(Box<Score>),
    /// In answer to `research_finished`: a section of the report.
    WriteSection(Box<WrittenSection>),
    /// For the report's reader.
    Remark(Box<Remark>),
}

/// The types of messages.
pub const SPEECHES: [&str; 6] = [
    "propose_hypothesis",
    "challenge",
    "add_evidence",
    "score",
    "write_section",
    "remark",
];

impl Speech {
    /// Its type, as the protocol names it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::ProposeHypothesis(_) => "propose_hypothesis",
            Self::Challenge(_) => "challenge",
            Self::AddEvidence(_) => "add_evidence",
            Self::Score(_) => "score",
            Self::WriteSection(_) => "write_section",
            Self::Remark(_) => "remark",
        }
    }
}

/// What kind of relation an agent proposes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum ProposedKind {
    /// Of whichever test fits the two columns.
    Association,
    Adjusted,
    Stratified,
    Interaction,
    DoseResponse,
}

/// A hypothesis that an agent proposes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposedHypothesis {
    #[allow(missing_docs)]
    pub dataset: String,
    #[allow(missing_docs)]
    pub kind: ProposedKind,
    /// The explaining column.
    #[schemars(length(min = 1))]
    pub x: String,
    /// The outcome column.
    #[schemars(length(min = 1))]
    pub y: String,
    /// Columns held fixed (`adjusted`).
    #[serde(default)]
    pub covariates: Vec<String>,
    /// The column of strata or the moderator (`stratified`, `interaction`).
    #[serde(default)]
    pub by: Option<String>,
    /// `+`, `-`, or a level.
    #[serde(default)]
    pub predicted: Option<String>,
    /// Why, in a sentence.
    #[schemars(length(min = 1, max = 600))]
    pub rationale: String,
}

/// What a challenge doubts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Grounds {
    Confounding,
    Outliers,
    GroupDependence,
    AlternativeTest,
    /// There should be nothing, and there is.
    NegativeControl,
    Measurement,
    Other,
}

impl Grounds {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Confounding => "confounding",
            Self::Outliers => "outliers",
            Self::GroupDependence => "group dependence",
            Self::AlternativeTest => "alternative test",
            Self::NegativeControl => "negative control",
            Self::Measurement => "measurement",
            Self::Other => "other",
        }
    }
}

/// A second look that a challenge rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// One that the agent had run.
    pub experiment: ExperimentId,
    /// What was done, in a few words.
    #[schemars(length(min = 1, max = 120))]
    pub name: String,
    /// JSON pointer into its result, to `{n, p, effect, direction}`.
    pub pointer: String,
}

/// A finding is not what it seems.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Challenge {
    #[allow(missing_docs)]
    pub finding: HypothesisId,
    #[allow(missing_docs)]
    pub grounds: Grounds,
    /// What is wrong with it, in a sentence or two.
    #[schemars(length(min = 1, max = 600))]
    pub statement: String,
    #[serde(default)]
    #[allow(missing_docs)]
    pub check: Option<Check>,
    /// Whether it should not be reported as a finding at all, if the challenge is sustained.
    #[serde(default)]
    pub veto: bool,
}

/// What a source says of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Stance {
    Supports,
    Contradicts,
    Context,
}

impl Stance {
    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Supports => "supports",
            Self::Contradicts => "contradicts",
            Self::Context => "context",
        }
    }
}

/// Where something is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct CitedSource {
    #[schemars(length(min = 1, max = 400))]
    pub title: String,
    #[serde(default)]
    pub authors: Option<Vec<String>>,
    #[serde(default)]
    pub year: Option<i32>,
    #[serde(default)]
    pub doi: Option<String>,
    #[serde(default)]
    pub url: Option<String>,
    /// Where in it, such as `p. 3`.
    #[serde(default)]
    #[schemars(length(max = 120))]
    pub locator: Option<String>,
    /// Word for word.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub passage: Option<String>,
}

/// Others have something to say on a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct AddedEvidence {
    pub finding: HypothesisId,
    pub stance: Stance,
    #[schemars(length(min = 1, max = 600))]
    pub statement: String,
    pub source: CitedSource,
}

/// How good a finding is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Score {
    #[allow(missing_docs)]
    pub finding: HypothesisId,
    /// From 0 to 1 each.
    #[schemars(length(min = 1, max = 12))]
    pub scores: BTreeMap<String, f64>,
    #[serde(default)]
    #[allow(missing_docs)]
    #[schemars(length(max = 600))]
    pub comment: Option<String>,
}

/// A section of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WrittenSection {
    #[allow(missing_docs)]
    #[schemars(length(min = 1, max = 120))]
    pub title: String,
    /// Plain text.
    #[schemars(length(min = 1, max = 40))]
    pub paragraphs: Vec<String>,
}

/// For the report's reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Remark {
    #[allow(missing_docs)]
    #[schemars(length(min = 1, max = 600))]
    pub text: String,
}

/// How a challenge was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answered {
    /// The check contradicts the finding.
    Sustained,
    /// It bears the finding out.
    Overruled,
    /// There is no check to go by.
    Unsupported,
}

impl Answered {
    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sustained => "sustained",
            Self::Overruled => "overruled",
            Self::Unsupported => "unsupported",
        }
    }
}

/// A challenge with its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct ChallengeRecord {
    pub agent: AgentName,
    pub challenge: Challenge,
    /// What the check gave.
    pub estimate: Option<CheckEstimate>,
    pub answer: Answered,
    /// Why, in a sentence.
    pub reason: String,
    /// Whether it took the finding out of the findings.
    pub vetoed: bool,
}

/// What the agents of a run had to say, for its report.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Contributions {
    #[allow(missing_docs)]
    pub challenges: Vec<ChallengeRecord>,
    /// With who said it.
    pub evidence: Vec<(AgentName, AddedEvidence)>,
    #[allow(missing_docs)]
    pub scores: Vec<(AgentName, Score)>,
    #[allow(missing_docs)]
    pub sections: Vec<(AgentName, WrittenSection)>,
    #[allow(missing_docs)]
    pub remarks: Vec<(AgentName, String)>,
    /// What was not taken, each once, and how often.
    pub refused: Vec<RefusedTimes>,
    /// Events that an agent gave no answer to.
    pub missing: Vec<MissingAnswer>,
}

/// A refusal and how often it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct RefusedTimes {
    pub agent: AgentName,
    pub refusal: Refusal,
    pub times: u64,
}

/// An event without an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct MissingAnswer {
    pub agent: AgentName,
    pub event: String,
    pub occasion: String,
    pub reason: String,
}

impl Contributions {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
