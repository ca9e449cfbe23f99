//! The answer to a question.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::RelationId;

/// The answer of the data to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnswerVerdict {
    /// Every relation that was asked for holds in some form.
    Found,
    /// None does, and at least one was tested.
    NotFound,
    /// Some do.
    Mixed,
    /// Nothing that was asked could be tested.
    NotAnswerable,
    /// The run ended before everything that was asked had been tested.
    Incomplete,
}

/// The kind of a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReasonCode {
    /// There is no such column.
    UnknownColumn,
    /// The column has no values.
    Empty,
    /// The column has a value in too few rows.
    NearlyEmpty,
    /// The column has one value.
    Constant,
    /// The column names rows.
    Identifier,
    /// The column holds free text.
    FreeText,
    /// The column was set aside for another reason.
    SetAside,
    /// One column determines the other, wholly or in part.
    ByConstruction,
    /// The columns are in different tables.
    DifferentTables,
    /// There is no test for two columns of these types.
    NoTest,
    /// The test could not be made.
    TestFailed,
    /// Columns were to be held fixed, and none was.
    NotHeldFixed,
    /// Some rows were meant, and all were used.
    RowsNotSelected,
    /// What is asked is no relation, and relations are all that is tested.
    NotARelation,
    /// Words of the question name no column.
    UnmatchedWords,
    /// Nothing was registered to be tested.
    NothingToTest,
    /// A budget was spent first.
    BudgetSpent,
    /// The run was stopped first.
    Stopped,
    /// The run failed first.
    Failed,
}

/// Why a question has no answer, or not a whole one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AnswerReason {
    /// For programs.
    pub code: ReasonCode,
    /// For people: what is so, and what can be done.
    pub text: String,
}

/// The beginning of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    /// In one word.
    pub verdict: AnswerVerdict,
    /// In sentences.
    pub text: String,
    /// The relations that were asked for, in order, also when nothing was found; for a question that names no
    /// relation, those found.
    pub relations: Vec<RelationId>,
    /// Why there is no answer, or not a whole one.
    pub reasons: Vec<AnswerReason>,
}
