//! How tables belong together.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Rows of two tables that belong together because columns of both agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableJoin {
    /// The name of a table.
    pub left: String,
    /// The name of the other one.
    pub right: String,
    /// Pairs of columns, of `left` and of `right`, that must all agree.
    pub on: Vec<[String; 2]>,
    /// The rows that stay.
    #[serde(default)]
    pub how: JoinWay,
    /// What becomes of several rows of a table that belong to one row of the other. Unset: what suits each column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aggregate: Option<JoinAggregate>,
}

/// The rows that stay in a join.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JoinWay {
    /// Those of the left table.
    #[default]
    Left,
    /// Those that have a partner.
    Inner,
    /// All.
    Full,
}

/// The treatment of several rows that belong to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JoinAggregate {
    /// How many they are.
    Count,
    /// The mean of each number.
    Mean,
    /// The last value of each column.
    Last,
    /// The share of each level.
    Share,
    /// The difference of the last value and the first.
    Change,
    /// Nothing is brought over.
    None,
}
