//! The columns that a person named by flags or in the run file, held against the tables.

use std::collections::BTreeSet;

use super::{asked::find_given_problem, heuristic::Interest};
use crate::message::ResearchPlan;
use crate::science::{ColumnFault, DatasetRecord, Profile, Role, list_names};

/// The part that a column was named for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedFor {
    /// To be explained.
    Outcome,
    /// To explain.
    Exposure,
    /// To be held fixed.
    Given,
    /// The unit of observation.
    Subject,
    /// The order in time.
    Time,
}

impl NamedFor {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Outcome, Self::Exposure, Self::Given, Self::Subject, Self::Time];

    /// The setting, which is the flag too.
    pub fn key(self) -> &'static str {
        match self {
            Self::Outcome => "outcome",
            Self::Exposure => "exposure",
            Self::Given => "given",
            Self::Subject => "subject",
            Self::Time => "time",
        }
    }
}

/// A named column that cannot have its part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFault {
    /// The part.
    pub named_for: NamedFor,
    /// Whether a column of that name is missing.
    pub unknown: bool,
    /// What is wrong and what can be done, in sentences without the last point.
    pub message: String,
}

impl NamedFault {
    /// The code of the run's end, such as `unusable_outcome`.
    pub fn code(&self) -> String {
        let what = if self.unknown { "unknown" } else { "unusable" };
        format!("{what}_{}", self.named_for.key())
    }

    /// The part that such a code is about, if it is one.
    pub fn part_of_code(code: &str) -> Option<NamedFor> {
        let (what, key) = code.split_once('_')?;
        let known = matches!(what, "unknown" | "unusable");
        NamedFor::ALL.into_iter().find(|part| known && part.key() == key)
    }
}

/// The first column that the plan names and no table can have in that part.
pub fn check_named_columns(plan: &ResearchPlan, datasets: &[DatasetRecord]) -> Option<NamedFault> {
    let profiles: Vec<&Profile> = datasets.iter().filter_map(|dataset| dataset.profile.as_ref()).collect();
    let single = |part, name: &Option<String>| name.iter().map(move |name| (part, name.clone())).collect::<Vec<_>>();
    let named = [
        single(NamedFor::Outcome, &plan.target),
        single(NamedFor::Exposure, &plan.exposure),
        plan.given.iter().map(|name| (NamedFor::Given, name.clone())).collect(),
        single(NamedFor::Subject, &plan.subject),
        single(NamedFor::Time, &plan.time),
    ];
    let fault = named
        .iter()
        .flatten()
        .find_map(|(part, name)| check_column(&profiles, *part, name));
    fault
        .or_else(|| check_sides(plan))
        .or_else(|| check_given(plan, &profiles))
}

fn check_column(profiles: &[&Profile], named_for: NamedFor, name: &str) -> Option<NamedFault> {
    let found: Vec<_> = profiles
        .iter()
        .filter_map(|profile| Some((*profile, profile.column_named(name)?)))
        .collect();
    if found.is_empty() {
        let mut seen = BTreeSet::new();
        let columns = profiles.iter().flat_map(|profile| &profile.columns);
        let columns: Vec<&str> = columns
            .map(|column| column.name.as_str())
            .filter(|name| seen.insert(*name))
            .collect();
        return Some(NamedFault {
            named_for,
            unknown: true,
            message: ColumnFault::of_unknown(name, &columns).describe(name),
        });
    }
    let analysed = matches!(named_for, NamedFor::Outcome | NamedFor::Exposure | NamedFor::Given);
    let fault = |(profile, column): &(&Profile, &crate::science::Column)| {
        let fault = ColumnFault::of(profile, column);
        // A unit of observation is a name of rows, and need not be a column for tests.
        fault.filter(|_| analysed || matches!(column.role, Role::Constant | Role::Empty))
    };
    let faults: Vec<ColumnFault> = found.iter().map_while(fault).collect();
    if faults.len() < found.len() {
        return None;
    }
    let mut message = faults.first()?.describe(name);
    if analysed {
        let usable = found.iter().flat_map(|(profile, _)| &profile.columns);
        let usable: Vec<&str> = usable
            .filter(|column| column.usable)
            .map(|column| column.name.as_str())
            .collect();
        message.push_str(&format!(". The columns that can be tested are {}", list_names(&usable)));
    }
    Some(NamedFault {
        named_for,
        unknown: false,
        message,
    })
}

/// An outcome cannot be its own exposure.
fn check_sides(plan: &ResearchPlan) -> Option<NamedFault> {
    let outcome = plan.target.as_ref()?;
    (plan.exposure.as_ref() == Some(outcome)).then(|| NamedFault {
        named_for: NamedFor::Exposure,
        unknown: false,
        message: format!("the column '{outcome}' is named as the outcome and as the exposure"),
    })
}

/// Whether what is to be held fixed can be, in each relation that is asked for.
fn check_given(plan: &ResearchPlan, profiles: &[&Profile]) -> Option<NamedFault> {
    if plan.given.is_empty() {
        return None;
    }
    let fault = |message: String| NamedFault {
        named_for: NamedFor::Given,
        unknown: false,
        message,
    };
    let mut asked = 0_usize;
    for profile in profiles {
        let interest = Interest::read(plan, profile);
        for (x, y) in interest.asked_relations().to_vec() {
            let usable = |name: &str| profile.column_named(name).is_some_and(|column| column.usable);
            if !usable(&x) || !usable(&y) {
                continue;
            }
            asked += 1;
            if let Some(problem) = find_given_problem(profile, &plan.given, &x, &y) {
                return Some(fault(problem));
            }
        }
    }
    (asked == 0).then(|| {
        fault(
            "columns can be held fixed in a relation that is asked for, and none is. Name its two sides with --outcome \
             and --exposure, or in the question"
                .to_owned(),
        )
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn dataset(name: &str, columns: Value) -> DatasetRecord {
        serde_json::from_value(json!({
            "name": name, "path": "", "sha256": "", "bytes": 1, "experiment": null,
            "profile": {"problem": null, "rows": 40, "columns": columns},
        }))
        .unwrap()
    }

    fn column(name: &str, role: &str, excluded: Option<&str>) -> Value {
        json!({"name": name, "role": role, "usable": excluded.is_none(), "excluded": excluded, "missing": 0, "distinct": 9})
    }

    fn tables() -> [DatasetRecord; 2] {
        [
            dataset(
                "one",
                json!([
                    column("height", "numeric", None),
                    column("weight", "numeric", None),
                    column("kind", "categorical", None),
                    column("side", "constant", Some("one value only")),
                    column("patient", "identifier", Some("names rows")),
                ]),
            ),
            dataset(
                "two",
                json!([column("dose", "numeric", None), column("side", "binary", None)]),
            ),
        ]
    }

    fn check(named: Value, tables: &[DatasetRecord]) -> Option<(String, String)> {
        let mut plan = json!({
            "question": "What is there?", "target": null, "datasets": [], "randomised": [], "seed": 1, "alpha": 0.05,
            "explore_share": 0.5, "explore_ratio": 0.3, "batch": 25, "follow_ups": 24, "shuffled_run": true,
            "permutations": 99, "check_rows": 1000, "max_cycles": 4, "max_experiments": 100, "max_tests": 100,
            "max_repairs": 2,
        });
        for (key, value) in named.as_object().unwrap() {
            plan[key] = value.clone();
        }
        let plan: ResearchPlan = serde_json::from_value(plan).unwrap();
        check_named_columns(&plan, tables).map(|fault| (fault.code(), fault.message))
    }

    #[test]
    fn each_part_is_checked_with_its_reason() {
        let tables = tables();
        let one = &tables[..1];
        for (named, code, words) in [
            (json!({"target": "heigth"}), "unknown_outcome", "Did you mean 'height'?"),
            (json!({"exposure": "dosis"}), "unknown_exposure", "no column 'dosis'"),
            (
                json!({"target": "side"}),
                "unusable_outcome",
                "one value only. Give rows",
            ),
            (
                json!({"exposure": "patient"}),
                "unusable_exposure",
                "declare its type in a codebook",
            ),
            (json!({"given": ["side"]}), "unusable_given", "'side' cannot be tested"),
            (json!({"subject": "nobody"}), "unknown_subject", "no column 'nobody'"),
            (json!({"time": "side"}), "unusable_time", "one value only"),
            (json!({"given": ["kind"]}), "unusable_given", "--exposure"),
            (
                json!({"target": "height", "exposure": "height"}),
                "unusable_exposure",
                "as the outcome and as",
            ),
            (
                json!({"target": "kind", "exposure": "height", "given": ["weight"]}),
                "unusable_given",
                "'kind' is neither",
            ),
        ] {
            let (found, message) = check(named.clone(), one).unwrap();
            assert_eq!(found, code, "{named}");
            assert!(message.contains(words), "{message}");
            assert!(NamedFault::part_of_code(code).is_some());
        }
        for named in [
            json!({"target": "weight", "exposure": "height", "given": ["kind"], "subject": "patient"}),
            json!({"target": "weight"}),
            json!({}),
        ] {
            assert_eq!(check(named, one), None);
        }
        assert_eq!(NamedFault::part_of_code("empty_table"), None);
    }

    #[test]
    fn one_table_of_several_is_enough() {
        let tables = tables();
        assert_eq!(check(json!({"target": "side"}), &tables), None);
        assert_eq!(check(json!({"target": "dose"}), &tables), None);
        assert_eq!(
            check(json!({"target": "nothing"}), &tables).unwrap().0,
            "unknown_outcome"
        );
    }
}
