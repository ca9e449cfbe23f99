//! Messages between the director and agents from folders. [`Event`] and [`Speech`] are the public protocol of
//! `agents/PROTOCOL.md` in its newest version and change only with it; the hosts translate for agents of earlier ones.
//!
//! | file | noun |
//! |---|---|
//! | `plan` | an agent as the director knows it |
//! | `notice` | an event on its way to an agent, with the tables it may read |
//! | `event` | the events that agents receive |
//! | `told` | tables, hypotheses, tests and experiments as events describe them |
//! | `speech` | the messages that agents send |
//! | `proposal` | a proposed hypothesis, a proposed analysis |
//! | `challenge` | an objection to a finding, its check and the answer |
//! | `evidence` | a source for or against a finding |
//! | `contribution` | an agent's answer to one event |
//! | `contributions` | the contributions of a run's agents to its report |

mod challenge;
mod contribution;
mod contributions;
mod event;
mod evidence;
mod notice;
mod plan;
mod proposal;
mod speech;
mod told;

pub use challenge::{Answered, Challenge, ChallengeCheck, ChallengeRecord, CheckEstimate, CheckResult, Grounds};
pub use contribution::{Contribution, Refusal};
pub use contributions::{Contributions, MissingAnswer, RefusedTimes};
pub use event::{
    CycleStarted, CycleVerdicts, DraftedFinding, EVENTS, Event, ExperimentsFinished, HypothesesRegistered,
    ResearchFinished, RunStarted,
};
pub use evidence::{AddedEvidence, CitedSource, Stance};
pub use notice::{KeptTable, Notify};
pub use plan::AgentPlan;
pub use proposal::{AgentProposal, ProposedAnalysis, ProposedFamily, ProposedHypothesis, ProposedKind};
pub use speech::{PROPOSALS, Remark, SPEECHES, Score, Speech, WrittenSection};
pub use told::{ToldColumn, ToldDataset, ToldExperiment, ToldHypothesis, ToldKnownTest, ToldTest};
