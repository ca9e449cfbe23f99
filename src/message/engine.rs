//! The engine's view of this program's messages.

use kosmos_engine::RunPayload;

use super::{
    Envelope, Opening, Payload, agent,
    control::{BudgetSpent, DeadLettered},
    ledger::{ledger_lines, may_have_lines},
};
use crate::science::{BudgetName, EndReason, LedgerLine, RunEnd, RunStatus};

impl RunPayload for Payload {
    type Opening = Opening;
    type End = RunEnd;
    type LedgerLine = LedgerLine;

    const DIRECTOR: &'static str = agent::RESEARCH_DIRECTOR;

    fn name(&self) -> &'static str {
        Payload::name(self)
    }

    fn dead_lettered(letter: DeadLettered) -> Self {
        letter.into()
    }

    fn wall_time_spent() -> Self {
        let spent = BudgetSpent {
            budget: BudgetName::WallTime,
            detail: "the run's wall time is spent".to_owned(),
        };
        spent.into()
    }

    fn engine_failure(message: String) -> Self {
        let end = RunEnd {
            status: RunStatus::Failed,
            reason: EndReason::Engine,
            message,
        };
        end.into()
    }

    fn into_end(self) -> Option<RunEnd> {
        match self {
            Self::EndRun(end) => Some(*end),
            _ => None,
        }
    }

    fn ledger_lines(seq: u64, envelope: &Envelope) -> Vec<LedgerLine> {
        ledger_lines(seq, envelope)
    }

    fn may_have_ledger_lines(stored: &[u8]) -> bool {
        may_have_lines(stored)
    }
}
