//! How a run ends: always in one typed state, with its reason.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::BudgetName;

/// The state that a run ended in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Everything that was asked and can be tested was tested, whatever was found. A budget may have ended what came
    /// after that: it is then the reason of the end.
    Answered,
    /// Nothing that was asked can be tested.
    NotAnswerable,
    /// Nothing new is left to ask. Runs of version 0.1 end so.
    Exhausted,
    /// A budget was spent before everything that was asked had been tested.
    BudgetSpent,
    /// The user stopped it, or what it needs stayed away; it can be resumed.
    Stopped,
    /// It could not go on.
    Failed,
}

impl fmt::Display for RunStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Answered => "answered",
            Self::NotAnswerable => "not_answerable",
            Self::Exhausted => "exhausted",
            Self::BudgetSpent => "budget_spent",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        })
    }
}

/// The cause of the run's end, for code that must tell causes apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum EndReason {
    /// Nothing new was left.
    Complete,
    /// The named budget is spent.
    Budget {
        /// The name of the budget.
        budget: BudgetName,
    },
    /// Ctrl-C or SIGTERM.
    User,
    /// The data cannot be researched: the user's to mend.
    BadInput {
        /// The code of the problem.
        code: String,
    },
    /// The model's endpoint stayed away, or turned every call down.
    Outage,
    /// An agent kept failing, or the director made no progress.
    Engine,
}

impl RunEnd {
    /// The budget that ended the run, if one did.
    pub fn ended_by(&self) -> Option<&BudgetName> {
        match &self.reason {
            EndReason::Budget { budget } => Some(budget),
            _ => None,
        }
    }
}

/// The end of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunEnd {
    /// The state that it ended in.
    pub status: RunStatus,
    /// The cause of the end.
    pub reason: EndReason,
    /// One sentence for a person.
    pub message: String,
}
