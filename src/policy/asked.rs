//! What a question asks for by name, and what has become of it.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    heuristic::{self, AskedDescription, Interest},
    pair,
};
use crate::message::Known;
use crate::science::{
    Column, ColumnFault, DatasetRecord, DescriptionRecord, HypothesisId, Profile, Role, TestRecord, Untested, kind,
};
use crate::study::{AnswerReason, DeclaredRoles, ReasonCode};

/// Levels of a column that can be held fixed, at most, as the script of adjusted tests has it.
const MOST_LEVELS_GIVEN: u64 = 30;

/// What is known of a run, as far as its question depends on it.
#[derive(Debug, Clone, Copy)]
pub struct AskedSources<'a> {
    /// The research question.
    pub question: &'a str,
    /// The parts of it that the user named beside it.
    pub roles: DeclaredRoles<'a>,
    /// The tables.
    pub datasets: &'a [DatasetRecord],
    /// The judged tests on the data as given.
    pub tests: &'a [&'a TestRecord],
    /// What was described.
    pub descriptions: &'a BTreeMap<HypothesisId, DescriptionRecord>,
    /// What was registered and not judged.
    pub untested: &'a [Untested],
    /// What earlier runs of the project have judged on the same data.
    pub settled: &'a [Known],
    /// A budget was spent, or the run was stopped.
    pub ended_early: bool,
    /// The cycle whose open tests were called off.
    pub called_off_in: Option<u32>,
}

/// A part of the question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AskedAbout {
    /// The relation of two columns.
    Relation {
        /// The exposure, or the first of two.
        x: String,
        /// The outcome, or the second of two.
        y: String,
    },
    /// Whatever goes with a column.
    Column(String),
    /// A figure of a column.
    Description {
        /// The column.
        column: String,
        /// The column of the groups.
        by: Option<String>,
    },
}

/// What has become of a part of the question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AskedState {
    /// It was tested, here or by an earlier run on the same data.
    Tested,
    /// It cannot be tested.
    Untestable(AnswerReason),
    /// The run ended before it was tested.
    Open,
}

/// A part of the question about one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AskedPart {
    /// The table.
    pub dataset: String,
    /// The part.
    pub about: AskedAbout,
    /// What has become of it.
    pub state: AskedState,
}

impl AskedPart {
    /// The two columns, if it is about a relation.
    pub fn relation(&self) -> Option<(&str, &str)> {
        match &self.about {
            AskedAbout::Relation { x, y } => Some((x, y)),
            AskedAbout::Column(_) | AskedAbout::Description { .. } => None,
        }
    }

    /// The column, if its other side is open.
    pub fn open_column(&self) -> Option<&str> {
        match &self.about {
            AskedAbout::Column(name) => Some(name),
            AskedAbout::Relation { .. } | AskedAbout::Description { .. } => None,
        }
    }

    /// The column and the groups, if figures of a column are asked for.
    pub fn described(&self) -> Option<(&str, Option<&str>)> {
        match &self.about {
            AskedAbout::Description { column, by } => Some((column, by.as_deref())),
            AskedAbout::Relation { .. } | AskedAbout::Column(_) => None,
        }
    }
}

/// The parts of a question that names columns, in the order of the question; none for a question about everything.
///
/// Where a table has a relation that is asked for, what another table has of the question alone is no part of it.
pub fn list_asked_parts(sources: &AskedSources<'_>) -> Vec<AskedPart> {
    let mut relations = Vec::new();
    let mut columns = Vec::new();
    for dataset in sources.datasets {
        let Some(profile) = readable_profile(dataset) else {
            continue;
        };
        let interest = Interest::of(sources.question, sources.roles, profile);
        let has = |name: &str| profile.column_named(name).is_some();
        let asked = interest.asked_relations().to_vec();
        columns.extend(
            heuristic::asked_descriptions(&interest, profile)
                .into_iter()
                .map(|described| AskedPart {
                    dataset: dataset.name.clone(),
                    state: state_of_description(sources, dataset, profile, &described),
                    about: AskedAbout::Description {
                        column: described.column,
                        by: described.by,
                    },
                }),
        );
        let is_described = interest.inquiry.asks_description();
        let unheard = interest
            .unheard_column(profile)
            .filter(|_| asked.is_empty() && !is_described);
        let asked = match unheard {
            Some(unheard) => relations_with_unheard(&interest, unheard),
            None => asked,
        };
        let asked = without_units(asked, profile);
        if let Some(unheard) = unheard.filter(|_| asked.is_empty()) {
            columns.push(AskedPart {
                dataset: dataset.name.clone(),
                state: state_of_column(sources, dataset, profile, unheard),
                about: AskedAbout::Column(unheard.to_owned()),
            });
        }
        for (x, y) in asked {
            let elsewhere = match (profile.column_named(&x), profile.column_named(&y)) {
                (Some(x), Some(y)) => profile.are_tested_elsewhere(x, y),
                _ => false,
            };
            if has(&x) && has(&y) && !elsewhere {
                relations.push(AskedPart {
                    dataset: dataset.name.clone(),
                    state: state_of_relation(sources, dataset, profile, &interest, &x, &y),
                    about: AskedAbout::Relation { x, y },
                });
            }
        }
        let describes = interest.inquiry.asks_description_alone();
        for name in interest.inquiry.open_columns().iter().filter(|name| has(name)) {
            columns.push(AskedPart {
                dataset: dataset.name.clone(),
                state: match describes {
                    true => AskedState::Untestable(AnswerReason {
                        code: ReasonCode::NotARelation,
                        text: format!("a description of '{name}' is asked for, and only relations are tested"),
                    }),
                    false => state_of_column(sources, dataset, profile, name),
                },
                about: AskedAbout::Column(name.clone()),
            });
        }
    }
    let relations = without_units_of_other_tables(sources, relations);
    if relations.is_empty()
        && let Some(apart) = relation_across_tables(sources)
    {
        return vec![apart];
    }
    if relations.is_empty() { columns } else { relations }
}

/// The relations of a column that takes no part in the question with those whose other side is open.
fn relations_with_unheard(interest: &Interest, unheard: &str) -> Vec<(String, String)> {
    let open = interest.inquiry.open_columns().iter();
    let is_outcome = !interest.inquiry.outcomes.is_empty();
    open.map(|name| match is_outcome {
        true => (unheard.to_owned(), name.clone()),
        false => (name.clone(), unheard.to_owned()),
    })
    .collect()
}

/// The relations without those of the column that names the unit, if others are left: who asks how customers differ
/// asks about rows of customers, not about the names of the customers.
fn without_units(asked: Vec<(String, String)>, profile: &Profile) -> Vec<(String, String)> {
    let Some(unit) = profile.units.as_ref().map(|units| units.column.as_str()) else {
        return asked;
    };
    let (of_units, others): (Vec<_>, Vec<_>) = asked.into_iter().partition(|(x, y)| x == unit || y == unit);
    if others.is_empty() { of_units } else { others }
}

/// The parts without those of columns that name the units of their table, if others are left: what is asked is then
/// about another table.
fn without_units_of_other_tables(sources: &AskedSources<'_>, parts: Vec<AskedPart>) -> Vec<AskedPart> {
    let is_of_unit = |part: &AskedPart| {
        let dataset = sources.datasets.iter().find(|dataset| dataset.name == part.dataset);
        let units = dataset
            .and_then(readable_profile)
            .and_then(|profile| profile.units.as_ref());
        let sides = part.relation();
        units.is_some_and(|units| sides.is_some_and(|(x, y)| x == units.column || y == units.column))
    };
    let (of_units, others): (Vec<_>, Vec<_>) = parts.into_iter().partition(is_of_unit);
    if others.is_empty() { of_units } else { others }
}

/// The relation of an outcome and an exposure that were named and are in no table together.
fn relation_across_tables(sources: &AskedSources<'_>) -> Option<AskedPart> {
    let (x, y) = (sources.roles.exposure?, sources.roles.outcome?);
    let of_outcome = sources
        .datasets
        .iter()
        .find(|dataset| readable_profile(dataset).is_some_and(|profile| profile.column_named(y).is_some()))?;
    Some(AskedPart {
        dataset: of_outcome.name.clone(),
        about: AskedAbout::Relation {
            x: x.to_owned(),
            y: y.to_owned(),
        },
        state: AskedState::Untestable(AnswerReason {
            code: ReasonCode::DifferentTables,
            text: format!(
                "'{x}' and '{y}' are in different tables, and no columns tell which of their rows belong together. Declare \
                 the columns with [[join]] in the run file, or give one table with both"
            ),
        }),
    })
}

/// The profile of a table that could be read.
fn readable_profile(dataset: &DatasetRecord) -> Option<&Profile> {
    dataset.profile.as_ref().filter(|profile| profile.problem.is_none())
}

fn state_of_relation(
    sources: &AskedSources<'_>,
    dataset: &DatasetRecord,
    profile: &Profile,
    interest: &Interest,
    x: &str,
    y: &str,
) -> AskedState {
    let same = |a: &str, b: &str| (a == x && b == y) || (a == y && b == x);
    let judged = sources
        .tests
        .iter()
        .any(|test| test.dataset == dataset.name && same(&test.x, &test.y));
    let settled = sources
        .settled
        .iter()
        .any(|known| known.dataset == dataset.name && same(&known.x, &known.y));
    if judged || settled {
        return AskedState::Tested;
    }
    for name in [x, y] {
        if let Some(reason) = reason_of_column(profile, name) {
            return AskedState::Untestable(reason);
        }
    }
    let untestable = |code, text| AskedState::Untestable(AnswerReason { code, text });
    if let Some(pair) = profile.find_tautology(x, y) {
        return untestable(
            ReasonCode::ByConstruction,
            format!("'{x}' and '{y}' go together by construction: {}", pair.reason),
        );
    }
    let (Some(first), Some(second)) = (profile.column_named(x), profile.column_named(y)) else {
        return AskedState::Open;
    };
    if pair::kind(first, second, interest).is_none() {
        return untestable(
            ReasonCode::NoTest,
            format!("there is no test for '{x}' and '{y}', by the types of their values"),
        );
    }
    state_of_untested(sources, &dataset.name, same).unwrap_or_else(|| {
        untestable(
            ReasonCode::NothingToTest,
            format!("no test of '{x}' and '{y}' was registered"),
        )
    })
}

fn state_of_description(
    sources: &AskedSources<'_>,
    dataset: &DatasetRecord,
    profile: &Profile,
    asked: &AskedDescription,
) -> AskedState {
    let is_same = |known: &DescriptionRecord| {
        known.dataset == dataset.name && known.column == asked.column && known.by == asked.by
    };
    if sources.descriptions.values().any(is_same) {
        return AskedState::Tested;
    }
    let untestable = |code, text| AskedState::Untestable(AnswerReason { code, text });
    if let Some(text) = heuristic::find_fault(profile, asked) {
        let code = reason_of_column(profile, &asked.column).map_or(ReasonCode::NoTest, |reason| reason.code);
        return untestable(code, text);
    }
    let failed = sources.untested.iter().find(|untested| {
        untested.dataset == dataset.name
            && untested.kind == kind::DESCRIBE
            && untested.y == asked.column
            && Some(untested.cycle) != sources.called_off_in
    });
    match failed {
        Some(failed) => untestable(
            ReasonCode::TestFailed,
            format!("'{}' could not be described: {}", asked.column, failed.reason),
        ),
        None if sources.ended_early => AskedState::Open,
        None => untestable(
            ReasonCode::NothingToTest,
            format!("no description of '{}' was registered", asked.column),
        ),
    }
}

fn state_of_column(sources: &AskedSources<'_>, dataset: &DatasetRecord, profile: &Profile, name: &str) -> AskedState {
    let about = |a: &str, b: &str| a == name || b == name;
    let judged = sources
        .tests
        .iter()
        .any(|test| test.dataset == dataset.name && about(&test.x, &test.y));
    let settled = sources
        .settled
        .iter()
        .any(|known| known.dataset == dataset.name && about(&known.x, &known.y));
    if judged || settled {
        let all = !sources.ended_early || tested_with_all(sources, dataset, profile, name);
        return if all { AskedState::Tested } else { AskedState::Open };
    }
    if let Some(reason) = reason_of_column(profile, name) {
        return AskedState::Untestable(reason);
    }
    let untestable = |code, text| AskedState::Untestable(AnswerReason { code, text });
    if !profile.columns.iter().any(|other| other.usable && other.name != name) {
        return untestable(
            ReasonCode::NothingToTest,
            format!("the table has no other column than '{name}' that can be tested"),
        );
    }
    state_of_untested(sources, &dataset.name, about).unwrap_or_else(|| {
        let taut = profile.tautologies.iter().find(|pair| about(&pair.x, &pair.y));
        match taut {
            Some(pair) => untestable(
                ReasonCode::ByConstruction,
                format!(
                    "'{}' and '{}' go together by construction: {}",
                    pair.x, pair.y, pair.reason
                ),
            ),
            None => untestable(ReasonCode::NothingToTest, format!("no test of '{name}' was registered")),
        }
    })
}

/// Whether a column was tested with every other column that it can be tested with, as far as tests can be made.
fn tested_with_all(sources: &AskedSources<'_>, dataset: &DatasetRecord, profile: &Profile, name: &str) -> bool {
    let interest = Interest::of(sources.question, sources.roles, profile);
    let Some(column) = profile.column_named(name) else {
        return true;
    };
    let mut done: BTreeSet<&str> = BTreeSet::new();
    for test in sources.tests.iter().filter(|test| test.dataset == dataset.name) {
        done.extend(other_side(&test.x, &test.y, name));
    }
    for test in sources.untested.iter().filter(|test| test.dataset == dataset.name) {
        if Some(test.cycle) != sources.called_off_in {
            done.extend(other_side(&test.x, &test.y, name));
        }
    }
    for known in sources.settled.iter().filter(|known| known.dataset == dataset.name) {
        done.extend(other_side(&known.x, &known.y, name));
    }
    profile.columns.iter().all(|other| {
        let testable = other.usable
            && other.name != name
            && profile.find_tautology(&other.name, name).is_none()
            && pair::kind(column, other, &interest).is_some();
        !testable || done.contains(other.name.as_str())
    })
}

/// The other of two columns, if one of them is of that name.
fn other_side<'a>(x: &'a str, y: &'a str, name: &str) -> Option<&'a str> {
    match (x == name, y == name) {
        (true, _) => Some(y),
        (false, true) => Some(x),
        (false, false) => None,
    }
}

/// The state of what has no verdict: open where the run ended early, else untestable for the reason of its test; none
/// where it was never registered.
fn state_of_untested(
    sources: &AskedSources<'_>,
    dataset: &str,
    about: impl Fn(&str, &str) -> bool,
) -> Option<AskedState> {
    let failed = |test: &&Untested| {
        test.dataset == dataset && about(&test.x, &test.y) && Some(test.cycle) != sources.called_off_in
    };
    match sources.untested.iter().find(failed) {
        Some(test) => Some(AskedState::Untestable(AnswerReason {
            code: ReasonCode::TestFailed,
            text: format!("'{}' and '{}' could not be tested: {}", test.x, test.y, test.reason),
        })),
        None => sources.ended_early.then_some(AskedState::Open),
    }
}

/// Why a column of the table cannot be tested, in the words of the error that a flag would get.
fn reason_of_column(profile: &Profile, name: &str) -> Option<AnswerReason> {
    let column = profile.column_named(name)?;
    let fault = ColumnFault::of(profile, column)?;
    Some(AnswerReason {
        code: fault.code,
        text: fault.describe(name),
    })
}

/// Why the columns that are to be held fixed cannot be in the relation of `x` and `y`; none where they can, or where
/// there are none.
pub fn find_given_problem(profile: &Profile, given: &[String], x: &str, y: &str) -> Option<String> {
    if given.is_empty() {
        return None;
    }
    let outcome = profile.column_named(y)?;
    if !pair::is_outcome(outcome) {
        return Some(format!(
            "columns can be held fixed for an outcome that is a number or has two levels, and '{y}' is neither"
        ));
    }
    if given.len() > pair::MOST_COVARIATES {
        return Some(format!(
            "{} columns are to be held fixed, and at most {} can be at once",
            given.len(),
            pair::MOST_COVARIATES
        ));
    }
    given.iter().find_map(|name| {
        if name == x || name == y {
            return Some(format!(
                "'{name}' is a side of the relation, and cannot be held fixed in it"
            ));
        }
        let Some(column) = profile.column_named(name) else {
            return Some(format!("the table of '{x}' and '{y}' has no column '{name}'"));
        };
        if let Some(fault) = ColumnFault::of(profile, column) {
            return Some(fault.describe(name));
        }
        if has_many_levels(column) {
            return Some(format!(
                "'{name}' has {} levels, and a column with more than {MOST_LEVELS_GIVEN} cannot be held fixed",
                column.distinct
            ));
        }
        let taut = [x, y]
            .into_iter()
            .filter(|side| !profile.have_own_meaning(name, side))
            .find_map(|side| profile.find_tautology(name, side));
        taut.map(|pair| {
            format!(
                "'{name}' cannot be held fixed: '{}' and '{}' go together by construction ({})",
                pair.x, pair.y, pair.reason
            )
        })
    })
}

fn has_many_levels(column: &Column) -> bool {
    matches!(column.role, Role::Binary | Role::Categorical) && column.distinct > MOST_LEVELS_GIVEN
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn dataset() -> DatasetRecord {
        let column = |name: &str, role: &str, excluded: Option<&str>| {
            json!({"name": name, "role": role, "usable": excluded.is_none(), "excluded": excluded, "missing": 0,
                "distinct": if role == "categorical" { 40 } else { 2 }})
        };
        serde_json::from_value(json!({
            "name": "t", "path": "/t.csv", "sha256": "", "bytes": 1, "experiment": null,
            "profile": {
                "problem": null, "rows": 100, "split": {"possible": true},
                "columns": [column("height", "numeric", None), column("weight", "numeric", None),
                    column("grams", "numeric", None), column("sex", "binary", None), column("town", "categorical", None),
                    column("side", "constant", Some("one value only")), column("notes", "text", Some("free text")),
                    column("row_id", "identifier", Some("names rows"))],
                "tautologies": [{"x": "weight", "y": "grams", "reason": "a multiple"}],
            },
        }))
        .unwrap()
    }

    fn parts(question: &str, roles: DeclaredRoles<'_>, ended_early: bool) -> Vec<AskedPart> {
        list_asked_parts(&AskedSources {
            question,
            roles,
            datasets: &[dataset()],
            tests: &[],
            descriptions: &BTreeMap::new(),
            untested: &[],
            settled: &[],
            ended_early,
            called_off_in: None,
        })
    }

    fn code(part: &AskedPart) -> Option<ReasonCode> {
        match &part.state {
            AskedState::Untestable(reason) => Some(reason.code),
            AskedState::Tested | AskedState::Open => None,
        }
    }

    #[test]
    fn a_named_relation_is_open_until_it_is_tested_and_untestable_for_a_reason() {
        let none = DeclaredRoles::default();
        let [part] = parts("Does height affect weight?", none, true).try_into().unwrap();
        assert_eq!(
            (part.relation(), &part.state),
            (Some(("height", "weight")), &AskedState::Open)
        );
        for (question, expected) in [
            ("Does side affect weight?", ReasonCode::Constant),
            ("Does weight affect grams?", ReasonCode::ByConstruction),
            ("Does height affect notes?", ReasonCode::FreeText),
            ("Does row_id affect weight?", ReasonCode::Identifier),
        ] {
            let [part] = parts(question, none, true).try_into().unwrap();
            assert_eq!(code(&part), Some(expected), "{question}");
        }
        let [part] = parts("What goes with side?", none, false).try_into().unwrap();
        assert_eq!(part.about, AskedAbout::Column("side".to_owned()));
        let AskedState::Untestable(reason) = &part.state else {
            panic!("{part:?}")
        };
        assert!(
            reason
                .text
                .starts_with("the column 'side' cannot be tested: one value only. "),
            "{}",
            reason.text
        );
        assert_eq!(parts("What is there?", none, false), []);
    }

    #[test]
    fn who_names_the_units_of_another_table_asks_about_no_names() {
        let table = |name: &str, columns: serde_json::Value| -> DatasetRecord {
            serde_json::from_value(json!({
                "name": name, "path": "/t.csv", "sha256": "", "bytes": 1, "experiment": null,
                "profile": {"problem": null, "rows": 100, "columns": columns,
                    "units": {"column": "customer", "n_units": 40}},
            }))
            .unwrap()
        };
        let column = |name: &str, role: &str| {
            json!({"name": name, "role": role, "usable": role != "identifier",
            "excluded": (role == "identifier").then_some("names the unit that rows repeat"), "missing": 0, "distinct": 2,
            "levels": (role == "binary").then(|| json!([{"level": "home", "n": 50}, {"level": "trade", "n": 50}]))})
        };
        let alone = json!([column("customer", "identifier"), column("amount", "numeric")]);
        let joined = json!([
            column("customer", "identifier"),
            column("amount", "numeric"),
            column("segment", "binary")
        ]);
        let datasets = [table("orders", alone), table("orders with segments", joined)];
        let parts = list_asked_parts(&AskedSources {
            question: "Do trade customers have a larger amount than home customers?",
            roles: DeclaredRoles::default(),
            datasets: &datasets,
            tests: &[],
            descriptions: &BTreeMap::new(),
            untested: &[],
            settled: &[],
            ended_early: true,
            called_off_in: None,
        });
        let relations: Vec<_> = parts.iter().map(AskedPart::relation).collect();
        assert_eq!(relations, [Some(("segment", "amount"))]);
    }

    #[test]
    fn what_is_named_by_a_flag_is_asked_for() {
        let roles = DeclaredRoles {
            outcome: Some("weight"),
            exposure: Some("sex"),
            given: &[],
        };
        let [part] = parts("What is there?", roles, true).try_into().unwrap();
        assert_eq!(part.relation(), Some(("sex", "weight")));
        let roles = DeclaredRoles {
            exposure: Some("dose"),
            ..roles
        };
        let [part] = parts("What is there?", roles, true).try_into().unwrap();
        assert_eq!(code(&part), Some(ReasonCode::DifferentTables));
    }

    #[test]
    fn what_cannot_be_held_fixed_is_told() {
        let dataset = dataset();
        let profile = dataset.profile.as_ref().unwrap();
        let problem = |given: &[&str], x: &str, y: &str| {
            let given: Vec<String> = given.iter().map(|name| (*name).to_owned()).collect();
            find_given_problem(profile, &given, x, y)
        };
        assert_eq!(problem(&["sex"], "height", "weight"), None);
        assert_eq!(problem(&[], "height", "town"), None);
        for (given, x, y, words) in [
            (&["sex"][..], "height", "town", "'town' is neither"),
            (&["height"], "height", "weight", "is a side of the relation"),
            (&["side"], "height", "weight", "'side' cannot be tested: one value only"),
            (&["town"], "height", "weight", "40 levels"),
            (&["grams"], "height", "weight", "by construction (a multiple)"),
            (&["nothing"], "height", "weight", "no column 'nothing'"),
            (&["a"; 13], "height", "weight", "at most 12"),
        ] {
            let told = problem(given, x, y).unwrap_or_default();
            assert!(told.contains(words), "{told}");
        }
    }
}
