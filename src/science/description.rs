//! What a question that asks for a figure is answered with. It tests nothing, so it has neither p nor q and is in no
//! family of the error control.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Caveat, FindingEvidence, HypothesisId};

/// A share, a mean, a median or a rate on some rows, with its interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DescribedFigure {
    /// `share`, `mean`, `median` or `rate`.
    pub name: String,
    /// The group of the rows; null for all rows.
    pub group: Option<String>,
    /// The level that a share is of.
    pub level: Option<String>,
    /// Rows.
    pub n: u64,
    /// The numerator of a share or a rate.
    pub count: Option<f64>,
    /// The denominator of a share or a rate; of a mean the sum of the values.
    pub total: Option<f64>,
    /// A share as a fraction of 1; a mean or a median in the column's unit; a rate per unit of its denominator.
    pub value: Option<f64>,
    /// Lower end of the interval.
    pub ci_low: Option<f64>,
    /// Upper end of the interval.
    pub ci_high: Option<f64>,
    /// The level of the interval: 0.95.
    pub ci_level: Option<f64>,
}

impl DescribedFigure {
    /// The name of a share.
    pub const SHARE: &'static str = "share";
    /// The name of a mean.
    pub const MEAN: &'static str = "mean";
    /// The name of a median.
    pub const MEDIAN: &'static str = "median";
    /// The name of a rate.
    pub const RATE: &'static str = "rate";
}

/// How rows that depend on each other were taken into account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DescribedDependence {
    /// `units` that rows repeat, `groups` of rows that are alike, `stretches` of neighbouring rows; `constant` where
    /// the column is the same in all rows of a unit, so that units were counted.
    pub kind: String,
    /// The column of units or groups; none for stretches.
    pub column: Option<String>,
    /// Units, groups or stretches.
    pub count: u64,
}

/// The description of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DescriptionRecord {
    /// The id that it was registered by.
    pub id: HypothesisId,
    /// The table.
    pub dataset: String,
    /// The cycle, from 1.
    pub cycle: u32,
    /// One sentence on what was to be described.
    pub statement: String,
    /// The column.
    pub column: String,
    /// The column of groups.
    pub by: Option<String>,
    /// The column of what a count is out of, or in proportion to.
    pub of: Option<String>,
    /// Dotted name of what gave the interval.
    pub method: String,
    /// Why that method, and how rows that depend on each other were taken into account.
    pub why: String,
    /// Rows that were used.
    pub n: u64,
    /// Rows without a value.
    pub missing: u64,
    /// Rows with a value and without a group.
    pub ungrouped: u64,
    /// The median says more than the mean.
    pub skewed: bool,
    /// How rows that depend on each other were taken into account; none where rows stand alone.
    pub dependence: Option<DescribedDependence>,
    /// All rows first, then the groups.
    pub figures: Vec<DescribedFigure>,
    /// Fixed words, sorted.
    pub caveats: Vec<Caveat>,
    /// The subject of a caveat.
    pub caveat_notes: BTreeMap<Caveat, String>,
    /// The place of the numbers.
    pub evidence: FindingEvidence,
}
