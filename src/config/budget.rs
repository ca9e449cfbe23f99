use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::HumanDuration;

/// What a run may spend. Whatever is spent first ends the run, with a report of what it has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Rounds of proposing, testing and judging. At least 1.
    pub cycles: u32,
    /// Experiments (scripts run in the sandbox), retries included. At least 1.
    pub experiments: u32,
    /// Statistical tests registered in the ledger over the whole run. At least 1.
    pub tests: u32,
    /// Time from the start of the run to its end, as on a clock on the wall.
    pub wall_time: HumanDuration,
    /// Tokens that a model policy may use, prompts and answers together. Unset: no limit. The heuristic
    /// policy uses none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// US dollars that a model policy may cost. Unset: no limit. The heuristic policy costs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd: Option<f64>,
}
