//! Why a column that somebody named cannot be tested.

use super::{Column, Profile, Role};
use crate::study::ReasonCode;

/// The rows that a test takes at least, as `MIN_ROWS` of the script library has it: a column with fewer values is
/// nearly empty.
pub const FEWEST_VALUES: u64 = 8;

/// The likeness of two names from which one may be meant by the other, from 0 to 1.
const ALIKE: f64 = 0.75;

/// Columns that a message lists.
const MOST_LISTED: usize = 12;

/// Why a column cannot be tested, and what can be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnFault {
    /// For programs.
    pub code: ReasonCode,
    /// The fault, as a phrase.
    pub reason: String,
    /// The remedy, as a sentence without its point; none where there is none.
    pub remedy: Option<String>,
}

impl ColumnFault {
    /// The fault of a column; none if it can be tested.
    pub fn of(profile: &Profile, column: &Column) -> Option<Self> {
        let filled = profile.rows.saturating_sub(column.missing);
        let fault = |code, reason: String, remedy: &str| Self {
            code,
            reason,
            remedy: Some(remedy.to_owned()),
        };
        if column.usable {
            let few = format!(
                "it has a value in {filled} of {} rows, and a test takes {FEWEST_VALUES}",
                profile.rows
            );
            return (filled < FEWEST_VALUES).then(|| {
                fault(
                    ReasonCode::NearlyEmpty,
                    few,
                    "Give more rows that have a value; if a value was taken for a missing one, declare it in a codebook",
                )
            });
        }
        let reason = column
            .excluded
            .clone()
            .unwrap_or_else(|| "it is not for tests".to_owned());
        Some(match column.role {
            Role::Empty => fault(
                ReasonCode::Empty,
                reason,
                "Give rows that have a value; if a value was taken for a missing one, declare it in a codebook",
            ),
            Role::Constant => fault(ReasonCode::Constant, reason, "Give rows in which it differs"),
            Role::Identifier => fault(
                ReasonCode::Identifier,
                reason,
                "If its values are amounts or groups, declare its type in a codebook",
            ),
            Role::Text => fault(
                ReasonCode::FreeText,
                reason,
                "If its texts are levels, declare it as a category in a codebook",
            ),
            _ => fault(
                ReasonCode::SetAside,
                reason,
                "If it was read wrongly, declare its type in a codebook",
            ),
        })
    }

    /// The fault of a name that no table has.
    pub fn of_unknown(name: &str, columns: &[&str]) -> Self {
        let nearest = nearest_name(name, columns);
        let meant = nearest.map_or_else(String::new, |other| format!("Did you mean '{other}'? "));
        Self {
            code: ReasonCode::UnknownColumn,
            reason: "there is no such column".to_owned(),
            remedy: Some(format!("{meant}The columns are {}", list_names(columns))),
        }
    }

    /// The fault of the column of that name, in a sentence or two without the last point.
    pub fn describe(&self, name: &str) -> String {
        let what = match self.code {
            ReasonCode::UnknownColumn => format!("there is no column '{name}'"),
            _ => format!("the column '{name}' cannot be tested: {}", self.reason),
        };
        match &self.remedy {
            Some(remedy) => format!("{what}. {remedy}"),
            None => what,
        }
    }

    /// Reason and remedy as one phrase, beside the column's name.
    pub fn phrase(&self) -> String {
        match &self.remedy {
            Some(remedy) => format!("{}. {remedy}", self.reason),
            None => self.reason.clone(),
        }
    }
}

/// The name that is most like another, if one is.
fn nearest_name<'a>(name: &str, names: &[&'a str]) -> Option<&'a str> {
    let folded = name.to_lowercase();
    names
        .iter()
        .map(|other| {
            (
                strsim::normalized_damerau_levenshtein(&other.to_lowercase(), &folded),
                *other,
            )
        })
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, other)| other)
}

/// The first of the names, with commas.
pub fn list_names(names: &[&str]) -> String {
    let shown: Vec<&str> = names.iter().copied().take(MOST_LISTED).collect();
    let more = if names.len() > MOST_LISTED { ", ..." } else { "" };
    format!("{}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn profile(role: &str, excluded: Option<&str>, missing: u64) -> Profile {
        serde_json::from_value(json!({
            "problem": null, "rows": 40,
            "columns": [{"name": "c", "role": role, "usable": excluded.is_none(), "excluded": excluded,
                "missing": missing, "distinct": 3}],
        }))
        .unwrap()
    }

    fn fault(role: &str, excluded: Option<&str>, missing: u64) -> Option<ColumnFault> {
        let profile = profile(role, excluded, missing);
        ColumnFault::of(&profile, &profile.columns[0])
    }

    #[test]
    fn every_kind_of_unusable_column_has_its_code_and_a_remedy() {
        for (role, excluded, code) in [
            ("empty", "no values", ReasonCode::Empty),
            ("constant", "one value only", ReasonCode::Constant),
            ("identifier", "names rows", ReasonCode::Identifier),
            ("text", "free text", ReasonCode::FreeText),
            ("categorical", "40 levels for 40 rows", ReasonCode::SetAside),
        ] {
            let found = fault(role, Some(excluded), 0).unwrap();
            assert_eq!(found.code, code);
            let told = found.describe("c");
            assert!(
                told.starts_with(&format!("the column 'c' cannot be tested: {excluded}. ")),
                "{told}"
            );
        }
    }

    #[test]
    fn eight_values_are_enough() {
        assert_eq!(fault("numeric", None, 32), None);
        let found = fault("numeric", None, 33).unwrap();
        assert_eq!(found.code, ReasonCode::NearlyEmpty);
        assert!(found.reason.contains("7 of 40 rows"), "{}", found.reason);
    }

    #[test]
    fn a_name_that_is_not_there_is_told_with_the_nearest() {
        let found = ColumnFault::of_unknown("heigth", &["height", "weight"]);
        assert_eq!(
            found.describe("heigth"),
            "there is no column 'heigth'. Did you mean 'height'? The columns are height, weight"
        );
        let found = ColumnFault::of_unknown("dose", &["height", "weight"]);
        assert_eq!(
            found.describe("dose"),
            "there is no column 'dose'. The columns are height, weight"
        );
        let many: Vec<String> = (0..20).map(|n| format!("c{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(
            ColumnFault::of_unknown("dose", &many)
                .describe("dose")
                .ends_with("c11, ...")
        );
    }
}
