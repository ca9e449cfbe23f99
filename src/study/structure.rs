//! The parts of columns in a study, and how the rows of a table depend on each other.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Rows or lines of a file that are not part of its table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RowsSetAside {
    /// What they are, such as `notes below the table`.
    pub what: String,
    /// The first of them, counted from 1; null where they have no place in the file, or are not together.
    #[serde(default)]
    pub first_row: Option<u64>,
    /// How many there are.
    pub rows: u64,
    /// Why they are not part of the table.
    pub reason: String,
}

/// The part of a column in the study.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ColumnRole {
    /// To be explained.
    Outcome,
    /// Explains.
    Exposure,
    /// Held fixed.
    Covariate,
    /// Names the unit of observation, which rows may repeat.
    Subject,
    /// Names a group of subjects.
    Cluster,
    /// Orders the rows in time.
    Time,
    /// Says where.
    Place,
    /// Says whether the event came.
    Event,
    /// The time until the event.
    Duration,
    /// The time at which observation began.
    Entry,
    /// Person-time at risk.
    AtRisk,
    /// The weight of a row.
    Weight,
    /// Assigned at random by the experimenter.
    Assigned,
    /// Not used.
    Ignore,
}

impl ColumnRole {
    /// Returns true for a role that changes what the lab does; the others are kept and shown.
    pub fn is_used(self) -> bool {
        matches!(
            self,
            Self::Subject | Self::Time | Self::Event | Self::Duration | Self::Assigned | Self::Ignore
        )
    }

    /// The name in a codebook.
    pub fn name(self) -> &'static str {
        match self {
            Self::Outcome => "outcome",
            Self::Exposure => "exposure",
            Self::Covariate => "covariate",
            Self::Subject => "subject",
            Self::Cluster => "cluster",
            Self::Time => "time",
            Self::Place => "place",
            Self::Event => "event",
            Self::Duration => "duration",
            Self::Entry => "entry",
            Self::AtRisk => "at_risk",
            Self::Weight => "weight",
            Self::Assigned => "assigned",
            Self::Ignore => "ignore",
        }
    }
}

/// Where the reading of a column, or a part of a table's structure, comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FactSource {
    /// A person, by a codebook or a setting.
    Declared,
    /// The file itself, which types or labels its columns.
    File,
    /// The values.
    Inferred,
}

impl FactSource {
    /// The name in a codebook.
    pub fn name(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::File => "file",
            Self::Inferred => "inferred",
        }
    }
}

/// How the rows of a table depend on each other, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TableStructure {
    /// The unit of observation.
    pub subject: Option<StructurePart>,
    /// Groups of subjects.
    pub clusters: Option<StructurePart>,
    /// The order in time.
    pub time: Option<StructurePart>,
    /// The place.
    pub place: Option<StructurePart>,
    /// Rows that are copies of others.
    pub copies: Option<StructurePart>,
    /// The units that were assigned at random.
    pub assigned: Option<StructurePart>,
    /// The duration and its event.
    pub survival: Option<StructurePart>,
    /// Person-time at risk.
    pub at_risk: Option<StructurePart>,
}

impl TableStructure {
    /// The parts by their names, in the order in which they are written.
    pub fn parts(&self) -> [(&'static str, Option<&StructurePart>); 8] {
        [
            ("subject", self.subject.as_ref()),
            ("clusters", self.clusters.as_ref()),
            ("time", self.time.as_ref()),
            ("place", self.place.as_ref()),
            ("copies", self.copies.as_ref()),
            ("assigned", self.assigned.as_ref()),
            ("survival", self.survival.as_ref()),
            ("at_risk", self.at_risk.as_ref()),
        ]
    }

    /// Returns true if nothing is known.
    pub fn is_empty(&self) -> bool {
        self.parts().iter().all(|(_, part)| part.is_none())
    }
}

/// One part of a table's structure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StructurePart {
    /// The columns that it is made of.
    pub columns: Vec<String>,
    /// Where it comes from.
    pub source: FactSource,
    /// The evidence; none where it is not recorded.
    #[serde(default)]
    pub evidence: Option<String>,
    /// How sure it is, from 0 to 1; none where nobody measured it.
    #[serde(default)]
    pub sure: Option<f64>,
}
