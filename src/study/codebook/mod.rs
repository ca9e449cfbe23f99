//! A codebook: how tables were read and what their columns mean, as a file that a person can edit and hand back.
//!
//! A codebook that is written is complete. One that is handed back may leave out everything but the names of its tables
//! and columns; what stands in it is declared, wherever it came from before.

mod check;
mod code_table;
mod read;
mod write;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ColumnRole, FactSource, RowsSetAside, TableStructure, ValueType};

pub use check::{CodebookConflict, DeclaredTable};
pub use code_table::{begins_code_table, read_code_table};
pub use read::{CodebookSyntax, TableLines};

/// The version of the format that is written.
pub const CODEBOOK_VERSION: u32 = 1;

/// The codebook of one or several tables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Codebook {
    /// [`CODEBOOK_VERSION`].
    pub version: u32,
    /// The tables, in the order in which they were given.
    #[serde(default, rename = "table")]
    pub tables: Vec<CodebookTable>,
}

/// A table in a codebook.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CodebookTable {
    /// The name of the table in the run.
    pub name: String,
    /// The name of the file that it was read from, without its folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The SHA-256 of that file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The sheet of a workbook or the table of a database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// The line or row of the names, counted from 1; 0 if there are no names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header_row: Option<u64>,
    /// Lines to skip at the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip: Option<u64>,
    /// The parts of the file that are no rows of the table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set_aside: Vec<RowsSetAside>,
    /// The columns, in the order of the table.
    #[serde(default, rename = "column")]
    pub columns: Vec<CodebookColumn>,
    /// How rows depend on each other.
    #[serde(default, skip_serializing_if = "TableStructure::is_empty")]
    pub structure: TableStructure,
}

/// A column in a codebook.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CodebookColumn {
    /// The name of the column in the table.
    pub name: String,
    /// The type of its values.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub value_type: Option<ValueType>,
    /// The unit of measurement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The levels, in their order if the type is `ordered`, and the codes for a missing value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<CodebookLevel>,
    /// Limits that some values are known by alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<ValueLimits>,
    /// A short name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The quantity, and how it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The part of the column in the study.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<ColumnRole>,
    /// Where the reading comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<FactSource>,
    /// How sure the reading is, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sure: Option<f64>,
}

/// A level of a column, or a code for a missing value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CodebookLevel {
    /// The level as it stands in the file.
    pub code: String,
    /// Its meaning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// True if it stands for a missing value.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub missing: bool,
}

/// Limits that values of a column lie below or above.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValueLimits {
    /// Limits that values lie below.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub below: Vec<f64>,
    /// Limits that values lie above.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub above: Vec<f64>,
}

#[cfg(test)]
mod tests;
