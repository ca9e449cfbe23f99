//! A figure of a finding.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ExperimentId, HypothesisId};

/// A figure of a finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FigureRecord {
    #[allow(missing_docs)]
    pub finding: HypothesisId,
    #[allow(missing_docs)]
    pub experiment: ExperimentId,
    /// Path below the experiment's folder.
    pub file: String,
    /// What it shows, for those who cannot see it.
    pub alt: String,
}
