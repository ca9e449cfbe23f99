//! A column as a person knows it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The type of a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ValueType {
    /// Measured numbers.
    Number,
    /// Whole numbers from zero on.
    Count,
    /// Numbers from 0 to 1, or percentages.
    Proportion,
    /// Levels with an order.
    Ordered,
    /// Levels without an order.
    Category,
    /// Two levels.
    Binary,
    /// Days.
    Date,
    /// Moments.
    Datetime,
    /// Lengths of time.
    Duration,
    /// Weeks, months, quarters or years.
    Period,
    /// A name of the row or of its subject.
    Identifier,
    /// Free text.
    Text,
}

impl ValueType {
    /// The name in a codebook.
    pub fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Count => "count",
            Self::Proportion => "proportion",
            Self::Ordered => "ordered",
            Self::Category => "category",
            Self::Binary => "binary",
            Self::Date => "date",
            Self::Datetime => "datetime",
            Self::Duration => "duration",
            Self::Period => "period",
            Self::Identifier => "identifier",
            Self::Text => "text",
        }
    }

    /// Returns true for amounts, which have differences.
    pub fn is_amount(self) -> bool {
        matches!(self, Self::Number | Self::Count | Self::Proportion | Self::Duration)
    }

    /// Returns true for points in time.
    pub fn is_time(self) -> bool {
        matches!(self, Self::Date | Self::Datetime | Self::Period)
    }

    /// Returns true for values that name a row and are not analysed.
    pub fn is_name(self) -> bool {
        matches!(self, Self::Identifier | Self::Text)
    }
}

/// One level of a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LevelMeaning {
    /// The level as it stands in the table.
    pub code: String,
    /// Its meaning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// One column: its name, and what is known of its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnMeaning {
    /// The name, unique in the table.
    pub name: String,
    /// The type of the values.
    #[serde(rename = "type")]
    pub value_type: ValueType,
    /// The unit of measurement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// A short name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The quantity, and how it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The levels, where there are few.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<LevelMeaning>,
}
