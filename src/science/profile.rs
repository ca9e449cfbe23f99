//! The profile of a table, as the profile script writes it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The kind of values that a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Numbers.
    Numeric,
    /// Two levels.
    Binary,
    /// A few levels without an order.
    Categorical,
    /// Dates or times.
    Datetime,
    /// Free text.
    Text,
    /// A different value in nearly every row.
    Identifier,
    /// One value.
    Constant,
    /// No value.
    Empty,
}

/// One level of a categorical column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Level {
    /// The level, always as text.
    pub level: String,
    /// Rows that have it.
    pub n: u64,
}

/// One column of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Column {
    /// Its name, unique in the table.
    pub name: String,
    /// A description of its content.
    pub role: Role,
    /// Whether hypotheses may use it.
    pub usable: bool,
    /// Why not, in one phrase.
    #[serde(default)]
    pub excluded: Option<String>,
    /// Rows without a value.
    pub missing: u64,
    /// Distinct values.
    pub distinct: u64,
    /// Levels of a binary or categorical column, most frequent first.
    #[serde(default)]
    pub levels: Option<Vec<Level>>,
    #[serde(default)]
    /// The smallest value.
    pub min: Option<f64>,
    #[serde(default)]
    /// The largest value.
    pub max: Option<f64>,
    #[serde(default)]
    /// The mean of the values.
    pub mean: Option<f64>,
    /// Standard deviation with n - 1.
    #[serde(default)]
    pub sd: Option<f64>,
    /// Whether all values are whole numbers.
    #[serde(default)]
    pub integer: bool,
    /// Numeric with few distinct values, in order.
    #[serde(default)]
    pub ordinal: bool,
    /// The level of a binary column that stands for "it happened".
    #[serde(default)]
    pub yes_level: Option<String>,
}

/// Two columns that one tells of the other by construction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Tautology {
    /// The explaining column.
    pub x: String,
    /// The outcome column.
    pub y: String,
    /// The reason.
    pub reason: String,
}

/// Two measurements of the same units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PairedColumns {
    /// The explaining column.
    pub x: String,
    /// The outcome column.
    pub y: String,
    /// The reason.
    pub why: String,
    /// The unit column, for tables with one row per measurement.
    #[serde(default)]
    pub unit: Option<String>,
}

/// A duration and whether the event came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SurvivalColumns {
    /// The column of durations.
    pub duration: String,
    /// The column of events.
    pub event: String,
    /// The reason.
    pub why: String,
}

/// Why a table cannot be researched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub struct TableProblem {
    /// A fixed word, `empty_table` for example.
    pub code: String,
    /// The problem and its remedy, for a person.
    pub message: String,
}

/// A column that says which unit or moment a row belongs to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UnitColumn {
    /// The column.
    pub column: String,
    /// The number of units.
    #[serde(default)]
    pub n_units: Option<u64>,
}

/// How the rows are divided for exploring and confirming.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Split {
    /// The unit column whose rows stay together.
    #[serde(default)]
    pub by: Option<String>,
    /// Whether there are rows enough.
    pub possible: bool,
    /// Why, for a person.
    #[serde(default)]
    pub why: String,
}

/// The profile of one table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Profile {
    /// Why the table cannot be researched, if so.
    pub problem: Option<TableProblem>,
    /// Rows of the table.
    #[serde(default)]
    pub rows: u64,
    /// How the file was read (format, delimiter, encoding, ...).
    #[serde(default)]
    pub source: serde_json::Value,
    /// Every column, in the order of the file.
    #[serde(default)]
    pub columns: Vec<Column>,
    /// Pairs that are not worth a test.
    #[serde(default)]
    pub tautologies: Vec<Tautology>,
    /// Set when rows repeat a unit.
    #[serde(default)]
    pub units: Option<UnitColumn>,
    /// Set when rows have an order in time.
    #[serde(default)]
    pub time: Option<UnitColumn>,
    /// Columns to compare within units.
    #[serde(default)]
    pub paired: Vec<PairedColumns>,
    /// Durations with their events.
    #[serde(default)]
    pub survival: Vec<SurvivalColumns>,
    /// How rows are divided.
    #[serde(default)]
    pub split: Split,
    /// The smallest hashes of distinct rows, by which two tables can be asked what rows they share.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub row_sketch: Vec<u64>,
    /// Warnings about the table for a reader.
    #[serde(default)]
    pub warnings: Vec<String>,
}

impl Profile {
    /// The column of that name.
    pub fn column_named(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Why the pair is not worth a test, if it is not.
    pub fn find_tautology(&self, a: &str, b: &str) -> Option<&Tautology> {
        self.tautologies
            .iter()
            .find(|pair| (pair.x == a && pair.y == b) || (pair.x == b && pair.y == a))
    }
}
