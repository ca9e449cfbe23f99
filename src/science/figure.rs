//! A figure of a finding.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ExperimentId, HypothesisId};

/// A figure of a finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FigureRecord {
    /// The finding's id.
    pub finding: HypothesisId,
    /// The experiment's id.
    pub experiment: ExperimentId,
    /// Path below the experiment's folder.
    pub file: String,
    /// A description of the picture, for readers who cannot see it.
    pub alt: String,
}
