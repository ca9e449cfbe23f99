//! The closed list of messages. A new message is a struct in its family's file and a line here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    AnalyseResult, BudgetSpent, Contribution, CycleJudged, DataProfiled, DeadLettered, Deliberate, Deliberated,
    DesignExperiment, ExperimentDesigned, ExperimentFinished, FindingDrafted, FindingsInterpreted, HypothesesProposed,
    InterpretFindings, JudgeCycle, KnowledgeRecalled, KnowledgeRecorded, ModelLost, Notify, ProposeHypotheses,
    RecallKnowledge, RecordKnowledge, RepairScript, ResearchPlan, RunExperiment,
};
use crate::science::RunEnd;

macro_rules! payloads {
    ($($(#[$doc:meta])* $variant:ident($body:ty)),+ $(,)?) => {
        /// Every message between agents.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(tag = "type", content = "body", rename_all = "snake_case")]
        pub enum Payload {
            $($(#[$doc])* $variant(Box<$body>)),+
        }

        impl Payload {
            /// The name of the message, for logs and ledgers.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => stringify!($variant)),+
                }
            }
        }

        $(impl From<$body> for Payload {
            fn from(body: $body) -> Self {
                Self::$variant(Box::new(body))
            }
        })+
    };
}

payloads! {
    /// To the director: start.
    StartResearch(ResearchPlan),
    /// To the director: a budget outside its state, such as wall time, is spent.
    BudgetSpent(BudgetSpent),
    /// To the director: a message was given up.
    DeadLettered(DeadLettered),
    /// To the supervisor: the run has ended.
    EndRun(RunEnd),
    /// To the hypothesis generator.
    ProposeHypotheses(ProposeHypotheses),
    /// Its answer.
    HypothesesProposed(HypothesesProposed),
    /// To the code generator.
    DesignExperiment(DesignExperiment),
    /// To the code generator: the script failed.
    RepairScript(RepairScript),
    /// Its answer to both.
    ExperimentDesigned(ExperimentDesigned),
    /// To the sandbox executor.
    RunExperiment(RunExperiment),
    /// Its answer.
    ExperimentFinished(ExperimentFinished),
    /// To the data analyst: read an experiment's result.
    AnalyseResult(AnalyseResult),
    /// Its answer to a profile.
    DataProfiled(DataProfiled),
    /// Its answer to tests.
    FindingDrafted(FindingDrafted),
    /// To the data analyst: judge a cycle's family.
    JudgeCycle(JudgeCycle),
    /// Its answer.
    CycleJudged(CycleJudged),
    /// To the knowledge graph writer: recall results of earlier runs.
    RecallKnowledge(RecallKnowledge),
    /// Its answer.
    KnowledgeRecalled(KnowledgeRecalled),
    /// To the knowledge graph writer.
    RecordKnowledge(RecordKnowledge),
    /// Its answer.
    KnowledgeRecorded(KnowledgeRecorded),
    /// To the director, from itself: ask the model where to look next.
    Deliberate(Deliberate),
    /// The answer.
    Deliberated(Deliberated),
    /// To the data analyst: have the model describe the findings.
    InterpretFindings(InterpretFindings),
    /// Its answer.
    FindingsInterpreted(FindingsInterpreted),
    /// To an agent from a folder: an event.
    Notify(Notify),
    /// Its answer.
    Contribution(Contribution),
    /// To the director: the model's endpoint is unreachable.
    ModelLost(ModelLost),
}
