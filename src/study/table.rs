//! A table as it was read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ColumnRole, FactSource, RowsSetAside, TableStructure, ValueType};

/// One column as it was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReportedColumn {
    /// The name, unique in the table.
    pub name: String,
    /// The type of the values; null where it is not known.
    #[serde(rename = "type")]
    pub value_type: Option<ValueType>,
    /// The unit of measurement, in UCUM where it is known.
    pub unit: Option<String>,
    /// Its part in the study; null where it has none of its own.
    pub role: Option<ColumnRole>,
    /// Whether analyses use it.
    pub used: bool,
    /// Why not.
    pub reason: Option<String>,
    /// Where its type comes from; null where that is not known.
    pub source: Option<FactSource>,
}

/// A table of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReportedTable {
    /// The name, unique in the run.
    pub name: String,
    /// SHA-256 of the file.
    pub file_sha256: String,
    /// Rows of the file below its header; null where they were not counted.
    pub rows_read: Option<u64>,
    /// Rows of the table; null where it could not be read.
    pub rows: Option<u64>,
    /// The columns, in the order of the file.
    pub columns: Vec<ReportedColumn>,
    /// Rows and cells that were set aside; null where they are not recorded.
    pub set_aside: Option<Vec<RowsSetAside>>,
    /// How rows depend on each other.
    pub structure: TableStructure,
}
