use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use kosmos_core::text::HumanDuration;

/// The limits of a run. The first one that is reached ends the run, with a report of the findings so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunBudget {
    /// Cycles of proposing, testing and judging. At least 1.
    pub cycles: u32,
    /// Experiments (scripts run in the sandbox), retries included. At least 1.
    pub experiments: u32,
    /// Statistical tests registered in the ledger over the whole run. At least 1.
    pub tests: u32,
    /// Wall time from the start of the run to its end.
    pub wall_time: HumanDuration,
    /// Tokens that models may use, prompts and replies together. Unset: no limit. The heuristic policy uses none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// US dollars that models may cost. Unset: no limit. The heuristic policy costs nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd: Option<f64>,
}
