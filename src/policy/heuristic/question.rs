//! What the question says of the columns of a table.

use std::collections::BTreeSet;

use crate::message::ResearchPlan;
use crate::science::{Column, DerivedColumn, Profile, Role};
use crate::study::{
    ColumnMeaning, DeclaredRoles, Inquiry, ValueType,
    inquiry::{Expectation, NamedBy, NamedColumn},
};

/// The columns that a question is about.
#[derive(Debug, Clone, Default)]
pub struct Interest {
    /// The outcome column.
    pub target: Option<String>,
    /// Columns that the question names: by their names, their levels or a part of these that no other column has; and
    /// the exposure.
    pub mentioned: BTreeSet<String>,
    /// `+` or `-`, when the question says which way it expects things to go.
    pub direction: Option<&'static str>,
    /// The question with the parts that were named beside it.
    pub inquiry: Inquiry,
    /// The relations that are asked for by name.
    asked: Vec<(String, String)>,
    /// Columns that the question names in full.
    in_full: BTreeSet<String>,
    /// Columns that the question names, but not by one of their levels alone.
    named: BTreeSet<String>,
    /// The columns to be explained: the target, else those of the question.
    outcomes: BTreeSet<String>,
    /// The columns that the question has for an explanation.
    exposures: BTreeSet<String>,
    /// The question does not say which of its columns explains which.
    symmetric: bool,
    /// The exposure was named beside the question.
    exposure_declared: bool,
}

impl Interest {
    /// Reads the plan's question against the columns of a table.
    pub fn read(plan: &ResearchPlan, profile: &Profile) -> Self {
        Self::of(&plan.question, plan.declared_roles(), profile)
    }

    /// Reads a question, with the parts that were named beside it, against the columns of a table.
    pub fn of(question: &str, roles: DeclaredRoles<'_>, profile: &Profile) -> Self {
        let columns: Vec<ColumnMeaning> = profile.columns.iter().map(describe).collect();
        let inquiry = Inquiry::read(question, &columns);
        let means_rows = |named: &NamedColumn| {
            let column = profile.column_named(&named.column);
            let is_key = column.is_some_and(|column| column.role == Role::Identifier);
            is_key && (named.by != NamedBy::Name || is_plain_word(&named.column))
        };
        let told = || inquiry.named.iter().filter(|named| !means_rows(named));
        let mut mentioned: BTreeSet<String> = told().map(|named| named.column.clone()).collect();
        let by_name = told().filter(|named| named.by != NamedBy::Level);
        let in_full = told().filter(|named| named.by == NamedBy::Name);
        let in_full = in_full.map(|named| named.column.clone()).collect();
        let named = by_name.map(|named| named.column.clone()).collect();
        let inquiry = inquiry.declare(roles);
        let mut outcomes: BTreeSet<String> = inquiry.outcomes.iter().cloned().collect();
        let mut exposures: BTreeSet<String> = inquiry.exposures.iter().cloned().collect();
        if let (Some(target), None) = (roles.outcome, roles.exposure) {
            // Who names the target has said what is to be explained.
            exposures = mentioned.iter().filter(|name| *name != target).cloned().collect();
        }
        mentioned.extend(roles.exposure.map(str::to_owned));
        for pair in &profile.survival {
            // A duration and its event are one outcome.
            if outcomes.contains(&pair.duration) || outcomes.contains(&pair.event) {
                outcomes.extend([pair.duration.clone(), pair.event.clone()]);
            }
        }
        Self {
            target: roles.outcome.map(str::to_owned),
            direction: inquiry.expected.map(|expected| match expected {
                Expectation::Rise => "+",
                Expectation::Fall => "-",
            }),
            symmetric: inquiry.symmetric,
            exposure_declared: roles.exposure.is_some(),
            asked: with_events_as_durations(inquiry.asked_relations(), profile),
            inquiry,
            in_full,
            named,
            mentioned,
            outcomes,
            exposures,
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

    /// The first column that the question names in full and that takes no part in it, because it is free text or names
    /// rows.
    pub fn unheard_column<'p>(&self, profile: &'p Profile) -> Option<&'p str> {
        let unheard = profile.columns.iter().find(|column| {
            let kind = matches!(column.role, Role::Text | Role::Identifier);
            let parts = [&self.inquiry.outcomes, &self.inquiry.exposures, &self.inquiry.given];
            kind && !column.usable
                && self.in_full.contains(&column.name)
                && !parts.iter().any(|part| part.contains(&column.name))
        });
        unheard.map(|column| column.name.as_str())
    }

    /// The relations that are asked for by name, as exposure and outcome; an event that has a duration is asked for as
    /// this duration.
    pub fn asked_relations(&self) -> &[(String, String)] {
        &self.asked
    }

    /// Returns true if the relation of the two columns is asked for by name.
    pub fn asks(&self, x: &str, y: &str) -> bool {
        self.asked.iter().any(|(a, b)| (a == x && b == y) || (a == y && b == x))
    }

    /// Returns true if `x` is asked for as an explanation of `y`.
    pub fn relates(&self, x: &str, y: &str) -> bool {
        self.asked.iter().any(|(a, b)| a == x && b == y)
    }

    /// The columns that are asked for as explanations of `y`.
    pub fn exposures_of<'s>(&'s self, y: &'s str) -> impl Iterator<Item = &'s String> {
        self.asked.iter().filter(move |(_, b)| b == y).map(|(a, _)| a)
    }

    /// The other columns that the question asks about beside `x`, as explanations of the same outcome.
    pub fn other_exposures(&self, x: &str, y: &str) -> Vec<String> {
        let others = self.asked.iter().filter(|(a, b)| b == y && a != x && !self.symmetric);
        others.map(|(a, _)| a.clone()).collect()
    }

    /// How much a pair has to do with the question: 1 for an outcome with an exposure, 0.8 for an outcome with another
    /// column, 0.9 for two mentioned, 0.6 for one, 0.3 for none; and without any hint, 0.5 for all.
    pub fn relevance(&self, x: &str, y: &str) -> f64 {
        let asks = |a: &str, b: &str| self.outcomes.contains(a) && self.exposures.contains(b);
        let outcome = !self.symmetric && [x, y].iter().any(|name| self.outcomes.contains(*name));
        // With an exposure alone, it is the other side that is open.
        let open = self.exposure_declared && self.outcomes.is_empty();
        let exposure = open && [x, y].iter().any(|name| self.exposures.contains(*name));
        let mentioned = [x, y].iter().filter(|name| self.mentioned.contains(**name)).count();
        match mentioned {
            _ if self.target.is_none() && self.mentioned.is_empty() => 0.5,
            _ if asks(x, y) || asks(y, x) => 1.0,
            _ if outcome && (self.target.is_some() || self.exposures.is_empty()) => 0.8,
            _ if exposure => 0.8,
            2 => 0.9,
            1 => 0.6,
            _ => 0.3,
        }
    }
}

/// A duration and its event are one outcome, which goes by the name of the duration.
fn with_events_as_durations(asked: Vec<(String, String)>, profile: &Profile) -> Vec<(String, String)> {
    let outcome_of = |name: &String| {
        let pair = profile.survival.iter().find(|pair| pair.event == *name);
        pair.map_or(name, |pair| &pair.duration).clone()
    };
    let mut relations: Vec<(String, String)> = Vec::new();
    for (x, y) in asked {
        let timed = (outcome_of(&x), outcome_of(&y));
        // Who asks for a duration and its own event is told what they are.
        let relation = if timed.0 == timed.1 { (x, y) } else { timed };
        if !relations.contains(&relation) {
            relations.push(relation);
        }
    }
    relations
}

/// Returns true for a word such as `patient`: who writes it may mean the rows that a column of that name names.
fn is_plain_word(name: &str) -> bool {
    let lower = name.to_lowercase();
    let is_key = lower.len() > 4 && ["id", "key", "code", "number"].iter().any(|end| lower.ends_with(end));
    !is_key && name.chars().all(char::is_alphabetic)
}

/// Describes a profiled column for the reading of a question.
fn describe(column: &Column) -> ColumnMeaning {
    let of_role = || match column.role {
        Role::Numeric => ValueType::Number,
        Role::Binary => ValueType::Binary,
        Role::Categorical => ValueType::Category,
        Role::Datetime => ValueType::Datetime,
        Role::Identifier => ValueType::Identifier,
        Role::Text => ValueType::Text,
        Role::Constant | Role::Empty if column.min.is_some() => ValueType::Number,
        Role::Constant | Role::Empty => ValueType::Category,
    };
    ColumnMeaning {
        name: column.name.clone(),
        value_type: match column.role {
            // It cannot be tested, and still the question may be about it.
            Role::Constant | Role::Empty => of_role(),
            _ => column.value_type.unwrap_or_else(of_role),
        },
        unit: column.unit.clone(),
        label: column
            .label
            .clone()
            .or_else(|| column.derived.as_ref().and_then(DerivedColumn::label)),
        description: column.description.clone(),
        levels: column.tested_levels(),
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
                column("relapse", "binary", &["no", "yes"]), column("customer_id", "identifier", &[])],
            "survival": [{"duration": "days", "event": "relapse", "why": "declared"}],
        }))
        .unwrap()
    }

    fn read(question: &str, target: Option<&str>) -> Interest {
        let roles = DeclaredRoles {
            outcome: target,
            ..DeclaredRoles::default()
        };
        Interest::of(question, roles, &profile())
    }

    #[test]
    fn who_asks_about_customers_asks_about_no_key() {
        for (question, written) in [
            ("Do customers differ in relapse by treatment?", false),
            ("What goes with the customer's treatment?", false),
            ("What goes with customer_id?", true),
            ("What goes with the Customer ID?", true),
        ] {
            let interest = read(question, None);
            assert_eq!(interest.mentioned.contains("customer_id"), written, "{question}");
            assert_eq!(interest.in_full.contains("customer_id"), written, "{question}");
        }
        assert!(is_plain_word("patient") && !is_plain_word("rowid") && !is_plain_word("row_id"));
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
    fn an_event_that_is_asked_for_is_its_duration() {
        let asked = |question: &str| read(question, None).asked_relations().to_vec();
        let expected = [("treatment".to_owned(), "days".to_owned())];
        assert_eq!(asked("Does the drug prevent relapse?"), expected);
        assert_eq!(asked("Does treatment change days and relapse?"), expected);
    }

    #[test]
    fn a_column_is_named_by_its_label() {
        let plain = profile();
        let mut labelled = plain.clone();
        for column in labelled.columns.iter_mut().filter(|column| column.name == "days") {
            column.label = Some("hospital stay".to_owned());
        }
        let asks = |profile: &Profile| {
            let interest = Interest::of(
                "Does the drug shorten the hospital stay?",
                DeclaredRoles::default(),
                profile,
            );
            interest.mentioned.contains("days")
        };
        assert!(!asks(&plain) && asks(&labelled));
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
    fn a_named_exposure_is_what_is_asked_about() {
        let roles = DeclaredRoles {
            outcome: Some("relapse"),
            exposure: Some("days"),
            given: &[],
        };
        let interest = Interest::of("Does the drug prevent relapse?", roles, &profile());
        assert!(interest.asks("days", "relapse") && !interest.asks("treatment", "days"));
        assert_eq!(interest.relevance("days", "relapse"), 1.0);
        assert_eq!(interest.relevance("treatment", "relapse"), 0.8);
        let roles = DeclaredRoles {
            exposure: Some("treatment"),
            ..DeclaredRoles::default()
        };
        let interest = Interest::of("What happens?", roles, &profile());
        assert_eq!(interest.relevance("treatment", "body_mass_g"), 0.8);
        assert!(interest.is_exposure("treatment"));
        assert_eq!(interest.inquiry.open_columns(), ["treatment"]);
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
