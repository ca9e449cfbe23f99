//! A line of a run's ledger.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Arm, ExperimentId, HypothesisId, LedgerEvent, Tier};

/// One line of `ledger.jsonl`, in the order of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LedgerLine {
    /// The journal's sequence number: registration has a smaller one than execution.
    pub seq: u64,
    /// The event.
    pub event: LedgerEvent,
    /// The data as given, or shuffled.
    pub arm: Arm,
    /// The cycle, from 1.
    pub cycle: u32,
    /// The hypothesis.
    pub hypothesis: Option<HypothesisId>,
    /// The experiment's id.
    pub experiment: Option<ExperimentId>,
    /// Family, test, direction, verdict: what the event says, in one line.
    pub detail: String,
    /// Of `judged`: the p that was judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
    /// Of `judged`: the q that the error control gave; the report's evidence for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<f64>,
    /// Of `judged`: the tier of the error control; none in runs of version 0.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<Tier>,
    /// Of `judged`: the verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub significant: Option<bool>,
}
