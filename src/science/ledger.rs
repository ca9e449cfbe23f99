//! A line of a run's ledger.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Arm, ExperimentId, HypothesisId};

/// One line of `ledger.jsonl`, in the order of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LedgerLine {
    /// The journal's sequence number: registration has a smaller one than execution.
    pub seq: u64,
    /// `registered`, `executed`, `retried`, `failed`, `tested`, `untestable`, `judged`.
    pub event: String,
    #[allow(missing_docs)]
    pub arm: Arm,
    #[allow(missing_docs)]
    pub cycle: u32,
    #[allow(missing_docs)]
    pub hypothesis: Option<HypothesisId>,
    #[allow(missing_docs)]
    pub experiment: Option<ExperimentId>,
    /// Family, test, direction, verdict: what the event says, in one line.
    pub detail: String,
    /// Of `judged`: the p that was judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
    /// Of `judged`: the q that the error control gave; the report's evidence for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<f64>,
    /// Of `judged`: the verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub significant: Option<bool>,
}
