//! The profile of a table, as the profile script writes it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::study::ValueType;

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

/// Values of a column of which only a limit is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CensoringLimits {
    /// Limits that values lie below.
    #[serde(default)]
    pub below: Vec<f64>,
    /// Rows below such a limit.
    #[serde(default)]
    pub rows_below: u64,
    /// Limits that values lie above.
    #[serde(default)]
    pub above: Vec<f64>,
    /// Rows above such a limit.
    #[serde(default)]
    pub rows_above: u64,
    /// What tests do with them, in one phrase.
    #[serde(default)]
    pub rule: String,
}

/// A text or number that stands for a missing value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MissingCode {
    /// The text as it stands in the file.
    pub code: String,
    /// Rows that have it.
    pub rows: u64,
}

/// A text that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnreadText {
    /// The text, shortened.
    pub text: String,
    /// Rows that have it.
    pub rows: u64,
}

/// Cells of a column that could not be read and count as missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnreadCells {
    /// How many there are.
    pub rows: u64,
    /// The most frequent of them.
    #[serde(default)]
    pub samples: Vec<UnreadText>,
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
    /// How it was read, and from what evidence, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_as: Option<String>,
    /// What its values mean.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub value_type: Option<ValueType>,
    /// Its unit of measurement, in UCUM where that is known; for dates, the unit that tests count in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Levels from low to high, where words have an order; tests then see the ranks 1, 2, 3, ...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level_order: Option<Vec<String>>,
    /// Set when some values are known by a limit only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<CensoringLimits>,
    /// Texts and numbers that count as missing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing_codes: Vec<MissingCode>,
    /// Cells that could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<UnreadCells>,
    /// How sure the reading is, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sure: Option<f64>,
}

impl Column {
    /// Whether its values are moments in time, which tests see as numbers that grow with time. Years in whole numbers
    /// are numbers like others.
    pub fn is_moment(&self) -> bool {
        match self.value_type {
            Some(ValueType::Date | ValueType::Datetime) => self.role == Role::Numeric,
            Some(ValueType::Period) => self.role == Role::Numeric && !self.integer,
            _ => false,
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_column(extra: &str) -> Column {
        let text = format!(
            r#"{{"name": "when", "role": "numeric", "usable": true, "missing": 0, "distinct": 9, "integer": true{extra}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_column_of_an_older_profile_stays_as_it_is() {
        let column = parse_column("");
        assert_eq!(
            (column.value_type, column.sure, column.is_moment()),
            (None, None, false)
        );
        let text = serde_json::to_string(&column).unwrap();
        assert!(!text.contains("read_as") && !text.contains("missing_codes"), "{text}");
    }

    #[test]
    fn what_the_profile_says_of_the_reading_is_kept() {
        let column = parse_column(
            r#", "type": "date", "unit": "d", "read_as": "dates", "level_order": null, "limits": {"below": [0.36],
            "rows_below": 21, "above": [], "rows_above": 0, "rule": "half"}, "missing_codes": [{"code": "x", "rows": 2}],
            "unread": {"rows": 1, "samples": [{"text": "soon", "rows": 1}]}, "sure": 0.9"#,
        );
        assert!(column.is_moment());
        assert_eq!(column.limits.as_ref().unwrap().rows_below, 21);
        assert_eq!(column.missing_codes[0].code, "x");
        let again: Column = serde_json::from_str(&serde_json::to_string(&column).unwrap()).unwrap();
        assert_eq!(again, column);
    }

    #[test]
    fn whole_years_are_numbers_and_months_are_moments() {
        assert!(!parse_column(r#", "type": "period""#).is_moment());
        let mut months = parse_column(r#", "type": "period""#);
        months.integer = false;
        assert!(months.is_moment());
    }
}
