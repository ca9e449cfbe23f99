//! A relation: everything that was found about one exposure and one outcome.

use std::fmt;

use kosmos_core::hash::sha256_hex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ReportedEffect;

/// Characters of the hash in an id.
const ID_DIGITS: usize = 12;

/// The id of a relation: `r-` and the beginning of the SHA-256 of what it is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct RelationId(String);

impl RelationId {
    /// The id of a relation on some rows, or on all: the same relation of a table of that name always has the same id.
    pub fn derive(dataset: &str, x: &str, y: &str, rows: Option<&str>) -> Self {
        let about = serde_json::json!([dataset, x, y, rows]).to_string();
        let hash: String = sha256_hex(about.as_bytes()).chars().take(ID_DIGITS).collect();
        Self(format!("r-{hash}"))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What all tests of a relation say together. Of several that apply, the first in this order is the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RelationVerdict {
    /// One column determines the other, wholly or in part.
    ByConstruction,
    /// It could not be tested.
    Untestable,
    /// Both columns drift in time.
    Drift,
    /// With other columns held fixed it goes the other way.
    Reversed,
    /// With other columns held fixed nothing distinguishable is left of it.
    Gone,
    /// It shows only with other columns held fixed.
    Appears,
    /// It depends on a third column.
    Depends,
    /// It is not a straight line.
    Bent,
    /// With other columns held fixed it loses a quarter or more.
    Weaker,
    /// It holds.
    Holds,
    /// It was not found.
    NotFound,
}

impl RelationVerdict {
    /// The word of the verdict, as `findings.json` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ByConstruction => "by_construction",
            Self::Untestable => "untestable",
            Self::Drift => "drift",
            Self::Reversed => "reversed",
            Self::Gone => "gone",
            Self::Appears => "appears",
            Self::Depends => "depends",
            Self::Bent => "bent",
            Self::Weaker => "weaker",
            Self::Holds => "holds",
            Self::NotFound => "not_found",
        }
    }

    /// Whether there is a relation, in some form.
    pub fn is_found(self) -> bool {
        matches!(
            self,
            Self::Reversed | Self::Appears | Self::Depends | Self::Bent | Self::Weaker | Self::Holds
        )
    }

    /// Whether the relation was tested.
    pub fn is_tested(self) -> bool {
        !matches!(self, Self::ByConstruction | Self::Untestable)
    }
}

/// Two levels of the exposure that are compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LevelContrast {
    /// The level.
    pub level: String,
    /// The level that it is compared with.
    pub reference: String,
}

/// The estimate that a relation is told by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Headline {
    /// The one without other columns.
    Crude,
    /// The one with other columns held fixed.
    Adjusted,
}

/// All claims about one exposure and one outcome, as one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Relation {
    /// Derived from what it is about.
    pub id: RelationId,
    /// The table.
    pub dataset: String,
    /// The exposure; where nothing says which column explains which, the one that comes first in the table.
    pub x: String,
    /// The outcome.
    pub y: String,
    /// The levels that are compared; null where it is not about two levels.
    pub contrast: Option<LevelContrast>,
    /// The columns that the adjusted estimate holds fixed.
    pub given: Vec<String>,
    /// What its tests say together.
    pub verdict: RelationVerdict,
    /// The same in a sentence.
    pub sentence: String,
    /// The estimate without other columns; null where none was made.
    pub crude: Option<ReportedEffect>,
    /// The estimate with the columns of `given` held fixed; null where none was made.
    pub adjusted: Option<ReportedEffect>,
    /// The estimate that it is told by; null where there is none.
    pub headline: Option<Headline>,
    /// The ids of its tests, in their order.
    pub claims: Vec<String>,
    /// How much it has to do with the question, from 0 to 1; 1 where it was asked for.
    pub relevance: f64,
    /// What else is to be known of it, in fixed words: caveats of its tests, and verdicts that apply too.
    pub caveats: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_of_what_the_relation_is_about() {
        let id = RelationId::derive("t", "x", "y", None);
        assert_eq!(id, RelationId::derive("t", "x", "y", None));
        assert!(id.as_str().starts_with("r-") && id.as_str().len() == 14, "{id}");
        for other in [
            RelationId::derive("t", "y", "x", None),
            RelationId::derive("u", "x", "y", None),
            RelationId::derive("t", "x", "y", Some("\"a\" = 1")),
        ] {
            assert_ne!(id, other);
        }
    }

    #[test]
    fn words_are_those_of_the_file() {
        for verdict in [
            RelationVerdict::ByConstruction,
            RelationVerdict::Untestable,
            RelationVerdict::Drift,
            RelationVerdict::Reversed,
            RelationVerdict::Gone,
            RelationVerdict::Appears,
            RelationVerdict::Depends,
            RelationVerdict::Bent,
            RelationVerdict::Weaker,
            RelationVerdict::Holds,
            RelationVerdict::NotFound,
        ] {
            assert_eq!(serde_json::to_value(verdict).unwrap(), verdict.as_str());
        }
    }
}
