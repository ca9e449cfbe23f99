use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How hypotheses are chosen, tested and judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Research {
    /// False discovery rate of the whole run. Between 0 and 1, both excluded.
    pub alpha: f64,
    /// Share of the rows in the explore half; the rest confirms. Between 0 and 1, both excluded.
    pub explore_share: f64,
    /// Share of the tests of later cycles for pairs of columns not tested yet. From 0 to 1.
    pub explore_ratio: f64,
    /// Tests per experiment. At least 1.
    pub batch: u32,
    /// Maximum number of follow-up hypotheses per cycle. 0: none.
    pub follow_ups: u32,
    /// Repeat the whole run on shuffled data, and report the number of findings there.
    pub shuffled_run: bool,
    /// Maximum number of experiments at the same time. 0: one per core.
    pub max_parallel: u32,
    /// Permutations per permutation test, whose p-value is at least 1 / (permutations + 1). At least 1.
    pub permutations: u32,
    /// Maximum number of rows for the robustness checks; larger tables are sampled. At least 1.
    pub check_rows: u64,
    /// Share of the run's findings that the challenges of one agent may take down, and one at least; agents shipped
    /// with Kosmos have no limit. From 0 to 1; 0: none. A run file may only lower it.
    pub challenge_share: f64,
}
