use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How hypotheses are chosen, tested and judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Research {
    /// Rate of false discoveries to which the run as a whole is held. Between 0 and 1, both excluded.
    pub alpha: f64,
    /// Share of the rows in the explore part; the rest confirms. Between 0 and 1, both excluded.
    pub explore_share: f64,
    /// Share of the tests of later cycles that goes to pairs of columns not tested yet. From 0 to 1.
    pub explore_ratio: f64,
    /// Tests per experiment. At least 1.
    pub batch: u32,
    /// Follow-up hypotheses per cycle, at most. 0 for none.
    pub follow_ups: u32,
    /// Whether to repeat the whole run on shuffled data, and report how many findings that gives.
    pub shuffled_run: bool,
    /// Experiments that run at the same time, at most. 0: as many as there are processor cores.
    pub max_parallel: u32,
    /// Shuffles behind a permutation p-value, which can't be smaller than 1 / (permutations + 1). At least 1.
    pub permutations: u32,
    /// Rows on which the robustness checks are computed, at most; a larger table is sampled. At least 1.
    pub check_rows: u64,
}
