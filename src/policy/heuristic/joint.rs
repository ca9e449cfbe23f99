//! The joint model of a question that leaves open what explains its outcome ("What goes with pay?"): each column given
//! all the others. It comes from the question and the types of the columns alone.

use std::collections::BTreeSet;

use super::Interest;
use crate::policy::pair;
use crate::science::{Column, Profile, Role};

/// Rows for each coefficient of the model, at least; of an outcome with two levels, rows of the rarer level.
const ROWS_PER_COEFFICIENT: u64 = 5;

/// Rows, at least.
const FEWEST_ROWS: u64 = 20;

/// Levels of a column of groups, at most.
const MOST_LEVELS: u64 = 10;

/// Cells that a column may lack, as a share: every row that lacks one is lost to all others.
const MOST_MISSING: f64 = 0.2;

/// An outcome with the columns that may explain it, in one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JointModel {
    /// The outcome.
    pub outcome: String,
    /// The columns of the model, in the table's order.
    pub exposures: Vec<String>,
    /// Columns that cannot be told from others of the model, each with what it follows from.
    pub left_out: Vec<(String, String)>,
}

impl JointModel {
    /// The joint model of the outcome that a question leaves open; none where the question names what explains it, and
    /// where the table has too few rows or too many columns for one.
    pub fn plan(interest: &Interest, profile: &Profile) -> Option<Self> {
        let asked = &interest.inquiry;
        let [outcome] = asked.outcomes.as_slice() else {
            return None;
        };
        let describes = asked.asks_description() || asked.asks_description_alone();
        if !asked.exposures.is_empty() || asked.symmetric || describes {
            return None;
        }
        let outcome = profile.column_named(outcome).filter(|column| column.usable)?;
        let has_other_model = profile.find_count(&outcome.name).is_some() || profile.is_timed_event(&outcome.name);
        if !pair::is_outcome(outcome) || has_other_model {
            return None;
        }
        let candidates = profile
            .columns
            .iter()
            .filter(|column| can_explain(profile, column, outcome));
        let (exposures, left_out) = without_relatives(profile, candidates.collect());
        let coefficients: u64 = exposures.iter().map(|column| coefficients_of(column)).sum();
        let possible = (2..=pair::MOST_COVARIATES + 1).contains(&exposures.len());
        if !possible
            || complete_rows(profile, outcome, &exposures) < FEWEST_ROWS.max(ROWS_PER_COEFFICIENT * coefficients)
        {
            return None;
        }
        Some(Self {
            outcome: outcome.name.clone(),
            exposures: exposures.into_iter().map(|column| column.name.clone()).collect(),
            left_out,
        })
    }

    /// What is held fixed for one of the exposures, in order of name.
    pub fn covariates_of(&self, exposure: &str) -> Vec<String> {
        let others: BTreeSet<&String> = self.exposures.iter().filter(|name| *name != exposure).collect();
        others.into_iter().cloned().collect()
    }
}

fn can_explain(profile: &Profile, column: &Column, outcome: &Column) -> bool {
    let is_key = profile.units.as_ref().is_some_and(|units| units.column == column.name);
    let is_clock = profile.time.as_ref().is_some_and(|time| time.column == column.name);
    let has_role = match column.role {
        Role::Numeric => true,
        Role::Binary | Role::Categorical => column.distinct <= MOST_LEVELS,
        _ => false,
    };
    let missing = column.missing as f64 / profile.rows.max(1) as f64;
    column.usable
        && has_role
        && !is_key
        && !profile.is_timed_event(&column.name)
        && !is_clock
        && missing <= MOST_MISSING
        && column.name != outcome.name
        && profile.find_tautology(&column.name, &outcome.name).is_none()
        && !profile.are_tested_elsewhere(column, outcome)
}

/// The columns without those that follow from others of them: what has fewest relatives by construction stays.
fn without_relatives<'p>(profile: &Profile, candidates: Vec<&'p Column>) -> (Vec<&'p Column>, Vec<(String, String)>) {
    let relatives = |column: &Column| {
        let is_kin = |other: &&&Column| {
            let pair = profile.find_tautology(&column.name, &other.name);
            pair.is_some() && !profile.have_own_meaning(&column.name, &other.name)
        };
        candidates.iter().filter(is_kin).count()
    };
    let mut order: Vec<&'p Column> = candidates.clone();
    order.sort_by_key(|column| relatives(column));
    let mut kept: Vec<&'p Column> = Vec::new();
    let mut left_out = Vec::new();
    for column in order {
        let kin = kept
            .iter()
            .filter(|other| !profile.have_own_meaning(&column.name, &other.name))
            .find_map(|other| profile.find_tautology(&column.name, &other.name));
        match kin {
            Some(pair) => left_out.push((column.name.clone(), pair.reason.clone())),
            None => kept.push(column),
        }
    }
    let is_kept = |column: &&Column| kept.iter().any(|other| other.name == column.name);
    (candidates.into_iter().filter(is_kept).collect(), left_out)
}

fn coefficients_of(column: &Column) -> u64 {
    match column.role {
        Role::Numeric => 1,
        _ => column.distinct.saturating_sub(1).max(1),
    }
}

/// Rows that have all columns, at least; units where rows repeat them; of an outcome with two levels, of the rarer one.
fn complete_rows(profile: &Profile, outcome: &Column, exposures: &[&Column]) -> u64 {
    let missing: u64 = exposures.iter().map(|column| column.missing).sum();
    let rows = profile.rows.saturating_sub(missing + outcome.missing);
    let units = profile.units.as_ref().and_then(|units| units.n_units);
    let rows = units.map_or(rows, |units| units.min(rows));
    let levels = outcome.levels.as_ref().filter(|_| outcome.role == Role::Binary);
    match levels.and_then(|levels| levels.iter().map(|level| level.n).min()) {
        Some(rarer) => rows.min(rarer),
        None => rows,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::study::DeclaredRoles;

    fn number(name: &str) -> Value {
        json!({"name": name, "role": "numeric", "usable": true, "missing": 0, "distinct": 60})
    }

    fn flag(name: &str, yes: u64) -> Value {
        json!({"name": name, "role": "binary", "usable": true, "missing": 0, "distinct": 2, "yes_level": "1",
            "levels": [{"level": "0", "n": 120 - yes}, {"level": "1", "n": yes}]})
    }

    /// The joint model of a table of 120 rows with the columns.
    fn plan(question: &str, columns: Vec<Value>, more: Value) -> Option<JointModel> {
        let mut profile = json!({"problem": null, "rows": 120, "columns": columns, "tautologies": []});
        profile
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let profile: Profile = serde_json::from_value(profile).unwrap();
        JointModel::plan(&Interest::of(question, DeclaredRoles::default(), &profile), &profile)
    }

    fn numbers(names: &[&str]) -> Vec<Value> {
        names.iter().map(|name| number(name)).collect()
    }

    const OPEN: &str = "What goes with pay?";

    #[test]
    fn all_columns_of_an_open_question_are_in_one_model() {
        let model = plan(OPEN, numbers(&["pay", "school", "work", "height"]), json!({})).unwrap();
        assert_eq!(model.exposures, ["school", "work", "height"]);
        assert_eq!(model.covariates_of("school"), ["height", "work"]);
        assert_eq!(model.left_out, []);
    }

    #[test]
    fn no_model_is_planned_where_the_question_says_what_explains_or_nothing_can() {
        let columns = || numbers(&["pay", "school", "work", "height"]);
        for question in [
            "Does school change pay?",
            "Do pay and school go together?",
            "What is there?",
        ] {
            assert_eq!(plan(question, columns(), json!({})), None, "{question}");
        }
        assert_eq!(
            plan(OPEN, numbers(&["pay", "school"]), json!({})),
            None,
            "one column is a pair"
        );
        assert_eq!(plan(OPEN, columns(), json!({"rows": 19})), None);
        let units = json!({"units": {"column": "who", "n_units": 14}});
        assert_eq!(plan(OPEN, columns(), units), None, "14 people are no 15");
        let many: Vec<String> = (0..15).map(|at| format!("column {at}")).collect();
        let names: Vec<&str> = ["pay"].into_iter().chain(many.iter().map(String::as_str)).collect();
        assert_eq!(plan(OPEN, numbers(&names), json!({})), None);
        let counts = json!({"counts": [{"count": "pay", "of": "work", "trials": false}]});
        assert_eq!(plan(OPEN, columns(), counts), None, "a count has its own model");
    }

    #[test]
    fn what_follows_from_other_columns_is_left_out_with_its_reason() {
        let pair = |x: &str, y: &str| json!({"x": x, "y": y, "kind": "sum", "reason": "age is school + work + 7"});
        let more = json!({"tautologies": [pair("age", "school"), pair("work", "age")]});
        let model = plan(OPEN, numbers(&["age", "pay", "school", "work"]), more).unwrap();
        assert_eq!(model.exposures, ["school", "work"]);
        assert_eq!(
            model.left_out,
            [("age".to_owned(), "age is school + work + 7".to_owned())]
        );
        let own = json!({"tautologies": [{"x": "pay", "y": "age", "kind": "copy", "reason": "the same"}]});
        let model = plan(OPEN, numbers(&["age", "pay", "school", "work"]), own).unwrap();
        assert_eq!(
            model.exposures,
            ["school", "work"],
            "what tells of the outcome itself explains nothing"
        );
    }

    #[test]
    fn indicators_are_in_one_model_as_far_as_rows_have_none_of_them() {
        let pair = |x: &str, y: &str| json!({"x": x, "y": y, "kind": "dummies", "reason": "one of them is set"});
        let more = json!({
            "tautologies": [pair("coast", "hill"), pair("coast", "plain"), pair("hill", "plain")],
            "identities": [{"kind": "dummies", "columns": ["coast", "hill", "plain"], "text": "one of them is set"}],
        });
        let model = |plain: u64| {
            let columns = vec![
                number("pay"),
                flag("coast", 40),
                flag("hill", 30),
                flag("plain", plain),
                number("age"),
            ];
            plan(OPEN, columns, more.clone()).unwrap()
        };
        assert_eq!(model(20).exposures, ["coast", "hill", "plain", "age"]);
        assert_eq!(
            model(50).exposures,
            ["coast", "age"],
            "each row has one: they are one column"
        );
    }
}
