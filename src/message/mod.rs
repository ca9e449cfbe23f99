//! Messages between agents: typed payloads in envelopes with derived ids.
//!
//! Each family of messages has a file; [`Payload`] is the closed list of all messages.

mod analysis;
mod control;
mod engine;
mod experiment;
mod hypotheses;
mod knowledge;
mod ledger;
mod model;
mod opening;
mod payload;
mod plugin;
mod thought;

pub use analysis::{
    AnalyseResult, Confirmation, CycleJudged, DataProfiled, FindingDrafted, JudgeCycle, TestDraft, TierPlan,
};
pub use control::{BudgetSpent, DatasetPlan, DeadLettered, JoinedTables, ResearchPlan, TableLayout};
pub use experiment::{
    CustomPlan, Design, DesignExperiment, ErrorShare, ExperimentDesigned, ExperimentFinished, ExperimentTask,
    RepairScript, RunExperiment, TestPlan,
};
pub use hypotheses::{HypothesesProposed, KnownTest, Lead, ProposeHypotheses};
pub use knowledge::{
    Echo, Elsewhere, KnowledgeRecalled, KnowledgeRecorded, Known, RecallKnowledge, RecalledTable, RecordKnowledge, Says,
};
pub use kosmos_engine::{AgentName, MessageId, SCHEMA_VERSION};
pub use ledger::ledger_lines;
pub use model::{LostAnswer, ModelAnswers, ModelLost, ModelPlan};
pub use opening::Opening;
pub use payload::Payload;
pub use plugin::{
    AddedEvidence, AgentPlan, AgentProposal, Answered, Challenge, ChallengeCheck, ChallengeRecord, CheckEstimate,
    CheckResult, CitedSource, Contribution, Contributions, CycleStarted, CycleVerdicts, DraftedFinding, EVENTS, Event,
    ExperimentsFinished, Grounds, HypothesesRegistered, KeptTable, MissingAnswer, Notify, PROPOSALS, ProposedAnalysis,
    ProposedFamily, ProposedHypothesis, ProposedKind, Refusal, RefusedTimes, Remark, ResearchFinished, RunStarted,
    SPEECHES, Score, Speech, Stance, ToldColumn, ToldDataset, ToldExperiment, ToldHypothesis, ToldKnownTest, ToldTest,
    WrittenSection,
};
pub use thought::{Deliberate, Deliberated, FindingsInterpreted, InterpretFindings, Interpretation};

kosmos_engine::bind_payload!(envelope, Payload => Envelope, Outgoing);

pub use crate::science::agent;
