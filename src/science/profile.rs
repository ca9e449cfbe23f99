//! The profile of a table, as the profile script writes it.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use serde_json::Value;

use crate::study::{ColumnRole, FactSource, LevelMeaning, TableStructure, ValueType};

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
    /// How tests treat them, in one phrase.
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
    /// The meaning of its values.
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
    /// A short name for people, from the file or a codebook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The quantity and how it was measured, from a codebook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Codes of the file with what they stand for, from the file or a codebook.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<LevelMeaning>,
    /// Where the reading comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<FactSource>,
    /// The part that a codebook gives it in the study.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared_role: Option<ColumnRole>,
    /// Levels of a codebook that do not occur.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<String>,
    /// Values in steps of one width from the smallest to the largest, for a column of numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub histogram: Option<Vec<u64>>,
    /// The table that it comes from, in a table that was joined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// How it was made of several rows of its table, in a table that was joined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub derived: Option<DerivedColumn>,
}

/// An aggregate of several rows of another table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DerivedKind {
    /// How many they are.
    Count,
    /// The mean of a number.
    Mean,
    /// The last value.
    Last,
    /// The last value less the first.
    Change,
    /// The share of a level.
    Share,
    /// The value that all of them have.
    Constant,
}

impl DerivedColumn {
    /// The name that people use.
    pub fn label(&self) -> Option<String> {
        let column = self.column.as_deref();
        match (self.kind, column) {
            (DerivedKind::Count, _) => Some(format!("number of {}", self.table)),
            (DerivedKind::Mean | DerivedKind::Constant | DerivedKind::Share, column) => column.map(str::to_owned),
            (DerivedKind::Last, column) => column.map(|column| format!("last {column}")),
            (DerivedKind::Change, column) => column.map(|column| format!("change in {column}")),
        }
    }
}

/// How a column was made of several rows of another table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DerivedColumn {
    /// The aggregate.
    pub kind: DerivedKind,
    /// The table.
    pub table: String,
    /// Its column; none for a number of rows.
    pub column: Option<String>,
    /// The rule, in words.
    pub rule: String,
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

/// How columns come from each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IdentityKind {
    /// The same numbers, in another unit too.
    Copy,
    /// One is a function of the other, such as its logarithm.
    Function,
    /// Nearly the same numbers.
    NearCopy,
    /// Each level of one is one level of the other.
    Recode,
    /// Levels that lie within levels.
    Hierarchy,
    /// A number that each level has one of.
    LevelProperty,
    /// A number cut into ranges.
    Bins,
    /// Whether a number is above a limit.
    Flag,
    /// Indicators of the levels of one column.
    Dummies,
    /// A sum or a difference of two, or a weighted sum.
    Sum,
    /// A change and what it was computed from.
    Change,
    /// A sum over three or more.
    Total,
    /// A part of a total of which other parts are not in the table.
    Part,
    /// A product or a ratio.
    Product,
    /// Divided by one denominator, which may not be in the table.
    Share,
    /// Columns that add up to a constant in each row.
    Percentages,
    /// The rows before, or the change from them.
    Lag,
    /// A mean or a sum over rows before.
    RunningMean,
    /// A duration and whether it ended in the event.
    DurationEvent,
    /// Made of one column, over the same rows of another table.
    Aggregate,
    /// Filled exactly where another column has certain values.
    MissingByValue,
}

/// Columns that come from each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Identity {
    /// How.
    pub kind: IdentityKind,
    /// The columns.
    pub columns: Vec<String>,
    /// The same for a person, with figures.
    pub text: String,
}

/// Two columns that one tells of the other by construction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Tautology {
    /// The explaining column.
    pub x: String,
    /// The outcome column.
    pub y: String,
    /// How the columns come from each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<IdentityKind>,
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

/// A count and what it is out of, or in proportion to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CountColumns {
    /// The column of counts.
    pub count: String,
    /// The column of what it is out of.
    pub of: String,
    /// Whether that is a number of trials, which the count never exceeds; else it is time or another amount at risk.
    pub trials: bool,
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
    pub source: Value,
    /// Every column, in the order of the file.
    #[serde(default)]
    pub columns: Vec<Column>,
    /// Pairs that are not worth a test.
    #[serde(default)]
    pub tautologies: Vec<Tautology>,
    /// The columns that are made of other columns, each told once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identities: Vec<Identity>,
    /// How rows depend on each other, with the evidence.
    #[serde(
        default,
        deserialize_with = "read_structure",
        skip_serializing_if = "Option::is_none"
    )]
    pub structure: Option<TableStructure>,
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
    /// Counts with what they are out of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counts: Vec<CountColumns>,
    /// The blocks of a designed experiment, followed by the factor of its whole plots where there is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<String>,
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

/// Reads the structure that the script found. What only its tests look at is left out.
fn read_structure<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<TableStructure>, D::Error> {
    let Some(mut parts) = Option::<serde_json::Map<String, Value>>::deserialize(deserializer)? else {
        return Ok(None);
    };
    for part in parts.values_mut().filter_map(Value::as_object_mut) {
        part.retain(|key, _| matches!(key.as_str(), "columns" | "source" | "evidence" | "sure"));
    }
    serde_json::from_value(Value::Object(parts))
        .map(Some)
        .map_err(D::Error::custom)
}

impl Profile {
    /// The columns, each with the levels of a codebook that do not occur.
    pub fn declared_columns(&self) -> Vec<(&str, &[String])> {
        let columns = self.columns.iter();
        columns
            .map(|column| (column.name.as_str(), column.unseen.as_slice()))
            .collect()
    }

    /// The column of that name.
    pub fn column_named(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Returns true if both columns stand in one table of which this one was joined, so that they are tested there.
    pub fn are_tested_elsewhere(&self, a: &Column, b: &Column) -> bool {
        a.table.is_some() && a.table == b.table && a.derived.is_none() && b.derived.is_none()
    }

    /// The count and its base, if the column is such a count.
    pub fn find_count(&self, column: &str) -> Option<&CountColumns> {
        self.counts.iter().find(|counts| counts.count == column)
    }

    /// Why the pair is not worth a test, if it is not.
    pub fn find_tautology(&self, a: &str, b: &str) -> Option<&Tautology> {
        self.tautologies
            .iter()
            .find(|pair| (pair.x == a && pair.y == b) || (pair.x == b && pair.y == a))
    }

    /// Whether the column is a duration with an event, or such an event: neither says anything without the other.
    pub fn is_timed_event(&self, column: &str) -> bool {
        let mut pairs = self.survival.iter();
        pairs.any(|pair| pair.duration == column || pair.event == column)
    }

    /// Whether two columns are indicators of one column's levels that leave rows without any of these: each then has a
    /// meaning beside the others, the difference from those rows.
    pub fn have_own_meaning(&self, a: &str, b: &str) -> bool {
        let of_both = |identity: &&Identity| {
            let has = |name: &str| identity.columns.iter().any(|column| column == name);
            identity.kind == IdentityKind::Dummies && has(a) && has(b)
        };
        let Some(group) = self.identities.iter().find(of_both) else {
            return false;
        };
        let set = |name: &String| {
            let column = self.column_named(name)?;
            let levels = column.levels.as_ref()?;
            let yes = column.yes_level.as_ref()?;
            levels.iter().find(|level| level.level == *yes).map(|level| level.n)
        };
        let rows: Option<u64> = group.columns.iter().map(set).sum();
        rows.is_some_and(|rows| rows < self.rows)
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

    #[test]
    fn structure_and_identities_are_read_as_the_script_writes_them() {
        let profile: Profile = serde_json::from_value(serde_json::json!({
            "problem": null,
            "identities": [{"kind": "near_copy", "columns": ["a", "b"], "text": "r is 0.991"}],
            "tautologies": [{"x": "a", "y": "b", "kind": "near_copy", "reason": "r is 0.991"}],
            "structure": {
                "subject": {"columns": ["ward"], "source": "inferred", "evidence": "24 levels", "sure": 0.9},
                "copies": {"columns": [], "source": "inferred", "evidence": "9 rows", "sure": 0.9, "rows": 9, "distinct": 3},
                "time": null,
            },
        }))
        .unwrap();
        assert_eq!(profile.identities[0].kind, IdentityKind::NearCopy);
        assert_eq!(profile.tautologies[0].kind, Some(IdentityKind::NearCopy));
        let structure = profile.structure.clone().unwrap();
        assert_eq!(structure.subject.unwrap().columns, ["ward"]);
        assert_eq!(structure.copies.unwrap().evidence.as_deref(), Some("9 rows"));
        let again: Profile = serde_json::from_str(&serde_json::to_string(&profile).unwrap()).unwrap();
        assert_eq!(again, profile);
    }
}
