//! The tiers of the error control.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an analysis is made for, which decides how it is judged. It is in one tier only: the first that asks for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// The question asks for it by name. Planned from the question and the types of the columns, before looking.
    Primary,
    /// A pair of the first survey, planned from the types of the columns, before looking.
    #[default]
    Survey,
    /// Chosen by looking at earlier results.
    FollowUp,
}

impl Tier {
    /// All of them, in their order.
    pub const ALL: [Self; 3] = [Self::Primary, Self::Survey, Self::FollowUp];

    /// Its name for a person.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Survey => "survey",
            Self::FollowUp => "follow-up",
        }
    }
}
