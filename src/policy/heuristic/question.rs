//! What the question says of the columns of a table.

use std::collections::BTreeSet;

use crate::message::ResearchPlan;
use crate::science::{Column, Profile, Role};
use crate::study::{
    ColumnMeaning, Inquiry, LevelMeaning, ValueType,
    inquiry::{Expectation, NamedBy},
};

/// The columns that a question is about.
#[derive(Debug, Clone, Default)]
pub struct Interest {
    /// The outcome column.
    pub target: Option<String>,
    /// Columns that the question names: by their names, their levels or a part of these that no other column has.
    pub mentioned: BTreeSet<String>,
    /// `+` or `-`, when the question says which way it expects things to go.
    pub direction: Option<&'static str>,
    /// Columns that the question names, but not by one of their levels alone.
    named: BTreeSet<String>,
    /// The columns to be explained: the target, else those of the question.
    outcomes: BTreeSet<String>,
    /// The columns that the question has for an explanation.
    exposures: BTreeSet<String>,
    /// The question does not say which of its columns explains which.
    symmetric: bool,
}

impl Interest {
    /// Reads the plan's question against the columns of a table.
    pub fn read(plan: &ResearchPlan, profile: &Profile) -> Self {
        Self::of(&plan.question, plan.target.as_deref(), profile)
    }

    /// Reads a question with its target against the columns of a table.
    pub fn of(question: &str, target: Option<&str>, profile: &Profile) -> Self {
        let columns: Vec<ColumnMeaning> = profile.columns.iter().map(describe).collect();
        let inquiry = Inquiry::read(question, &columns);
        let mentioned: BTreeSet<String> = inquiry.named.iter().map(|named| named.column.clone()).collect();
        let by_name = inquiry.named.iter().filter(|named| named.by != NamedBy::Level);
        let mut outcomes: BTreeSet<String> = inquiry.outcomes.iter().cloned().collect();
        let mut exposures: BTreeSet<String> = inquiry.exposures.iter().cloned().collect();
        let symmetric = target.is_none() && inquiry.symmetric;
        if let Some(target) = target {
            // Who names the target has said what is to be explained.
            exposures = mentioned.iter().filter(|name| *name != target).cloned().collect();
            outcomes = BTreeSet::from([target.to_owned()]);
        }
        for pair in &profile.survival {
            // A duration and its event are one outcome.
            if outcomes.contains(&pair.duration) || outcomes.contains(&pair.event) {
                outcomes.extend([pair.duration.clone(), pair.event.clone()]);
            }
        }
        Self {
            target: target.map(str::to_owned),
            direction: inquiry.expected.map(|expected| match expected {
                Expectation::Rise => "+",
                Expectation::Fall => "-",
            }),
            named: by_name.map(|named| named.column.clone()).collect(),
            mentioned,
            outcomes,
            exposures,
            symmetric,
        }
    }

    /// Whether the column is the target.
    pub fn is_target(&self, column: &str) -> bool {
        self.target.as_deref() == Some(column)
    }

    /// Returns true for the target; without one, for a column that the question asks to have explained.
    pub fn is_outcome(&self, column: &str) -> bool {
        match &self.target {
            Some(target) => target == column,
            None => !self.symmetric && self.outcomes.contains(column),
        }
    }

    /// Returns true for a column that explains, as the question has it.
    pub fn is_exposure(&self, column: &str) -> bool {
        self.target.is_none() && !self.symmetric && self.exposures.contains(column) && !self.outcomes.contains(column)
    }

    /// Returns true if the question names the column itself, not only one of its levels: what it expects to rise or to
    /// fall is then the amount of the column.
    pub fn names(&self, column: &str) -> bool {
        self.named.contains(column)
    }

    /// How much a pair has to do with the question: 1 for an outcome with an exposure, 0.8 for an outcome with another
    /// column, 0.9 for two mentioned, 0.6 for one, 0.3 for none; and without any hint, 0.5 for all.
    pub fn relevance(&self, x: &str, y: &str) -> f64 {
        let asks = |a: &str, b: &str| self.outcomes.contains(a) && self.exposures.contains(b);
        let outcome = !self.symmetric && [x, y].iter().any(|name| self.outcomes.contains(*name));
        let mentioned = [x, y].iter().filter(|name| self.mentioned.contains(**name)).count();
        match mentioned {
            _ if self.target.is_none() && self.mentioned.is_empty() => 0.5,
            _ if asks(x, y) || asks(y, x) => 1.0,
            _ if outcome && (self.target.is_some() || self.exposures.is_empty()) => 0.8,
            2 => 0.9,
            1 => 0.6,
            _ => 0.3,
        }
    }
}

/// Describes a profiled column for the reading of a question.
fn describe(column: &Column) -> ColumnMeaning {
    let levels = column.levels.iter().flatten();
    ColumnMeaning {
        name: column.name.clone(),
        value_type: match column.role {
            Role::Numeric => ValueType::Number,
            Role::Binary => ValueType::Binary,
            Role::Categorical => ValueType::Category,
            Role::Datetime => ValueType::Datetime,
            Role::Identifier => ValueType::Identifier,
            Role::Text | Role::Constant | Role::Empty => ValueType::Text,
        },
        unit: None,
        label: None,
        description: None,
        levels: levels
            .map(|level| LevelMeaning {
                code: level.level.clone(),
                label: None,
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn profile() -> Profile {
        let column = |name: &str, role: &str, levels: &[&str]| {
            let levels: Vec<_> = levels.iter().map(|level| json!({"level": level, "n": 50})).collect();
            json!({"name": name, "role": role, "usable": true, "missing": 0, "distinct": 90,
                "levels": (!levels.is_empty()).then_some(levels)})
        };
        serde_json::from_value(json!({
            "problem": null, "rows": 100,
            "columns": [column("body_mass_g", "numeric", &[]), column("flipper_length_mm", "numeric", &[]),
                column("days", "numeric", &[]), column("treatment", "binary", &["drug", "placebo"]),
                column("relapse", "binary", &["no", "yes"])],
            "survival": [{"duration": "days", "event": "relapse", "why": "declared"}],
        }))
        .unwrap()
    }

    fn read(question: &str, target: Option<&str>) -> Interest {
        Interest::of(question, target, &profile())
    }

    #[test]
    fn the_asked_pair_is_of_full_relevance_where_only_a_level_is_named() {
        for target in [None, Some("relapse")] {
            let interest = read("Does the drug prevent relapse?", target);
            assert_eq!(interest.relevance("treatment", "relapse"), 1.0);
            assert_eq!(interest.relevance("relapse", "treatment"), 1.0);
            assert_eq!(interest.relevance("treatment", "days"), 1.0, "the time until the event");
            assert!(interest.relevance("treatment", "body_mass_g") < 0.8);
            assert_eq!(interest.direction, Some("-"));
            assert!(!interest.names("treatment") && interest.names("relapse"));
        }
    }

    #[test]
    fn a_target_with_any_column_comes_before_other_pairs() {
        let interest = read("What goes with body mass?", Some("body_mass_g"));
        assert_eq!(interest.relevance("flipper_length_mm", "body_mass_g"), 0.8);
        assert_eq!(interest.relevance("flipper_length_mm", "treatment"), 0.3);
        let interest = read("What goes with body mass?", None);
        assert_eq!(interest.relevance("flipper_length_mm", "body_mass_g"), 0.8);
        let interest = read("Why?", None);
        assert_eq!(interest.relevance("flipper_length_mm", "body_mass_g"), 0.5);
    }

    #[test]
    fn the_question_says_which_column_explains_which_unless_it_is_symmetric() {
        let interest = read("Does body mass depend on flipper length?", None);
        assert!(interest.is_outcome("body_mass_g") && interest.is_exposure("flipper_length_mm"));
        assert!(!interest.is_outcome("flipper_length_mm") && !interest.is_exposure("body_mass_g"));
        let interest = read("Do body mass and flipper length go together?", None);
        assert!(!interest.is_outcome("body_mass_g") && !interest.is_exposure("flipper_length_mm"));
        assert_eq!(interest.relevance("flipper_length_mm", "body_mass_g"), 1.0);
        let interest = read("Does body mass depend on flipper length?", Some("flipper_length_mm"));
        assert!(interest.is_outcome("flipper_length_mm") && !interest.is_outcome("body_mass_g"));
        assert_eq!(interest.relevance("flipper_length_mm", "body_mass_g"), 1.0);
    }
}
