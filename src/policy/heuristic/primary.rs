//! The analyses that a question asks for by name where a pair of columns is not enough: with columns held fixed, several
//! exposures of one outcome in one model, the terms of a designed experiment. They come from the question and the types
//! of the columns alone, so that they are judged on all rows.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::{Interest, JointModel};
use crate::message::ProposeHypotheses;
use crate::policy::{asked::find_given_problem, pair, statement::statement};
use crate::science::{Column, Hypothesis, HypothesisId, Part, Profile, Role, Tier, kind};

/// Levels of a number that is a factor of an experiment, at most.
const MOST_LEVELS: u64 = 8;

/// Factors of an experiment whose interactions are asked for, at most.
const MOST_FACTORS: usize = 3;

/// An analysis of a relation that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Planned {
    kind: &'static str,
    covariates: Vec<String>,
    by: Option<String>,
}

/// The primary analyses that are more than a pair of columns.
pub(super) fn propose(request: &ProposeHypotheses, tested: &HashSet<&HypothesisId>) -> Vec<Hypothesis> {
    let mut seen = HashSet::new();
    let mut asked = Vec::new();
    for (name, profile) in &request.profiles {
        let interest = Interest::read(&request.plan, profile);
        for (x, y, planned) in analyses_of(&interest, profile) {
            let mut hypothesis = Hypothesis {
                id: HypothesisId::unnamed(),
                dataset: name.clone(),
                arm: request.arm,
                kind: planned.kind.to_owned(),
                x: x.name.clone(),
                y: y.name.clone(),
                covariates: planned.covariates,
                by: planned.by,
                event: None,
                part: Part::Whole,
                statement: String::new(),
                predicted: None,
                parent: None,
                rationale: "the question asks for it".to_owned(),
                scores: pair::scores(&interest, profile, x, y),
                tier: Tier::Primary,
                weight: 1.0,
                proposed_by: None,
                analysis: None,
                directions: BTreeMap::new(),
            };
            if planned.kind == kind::DESIGNED {
                // Two factors and their interaction are one claim, whichever is named first.
                pair::order_moderator(&mut hypothesis);
            }
            hypothesis.statement = statement(&hypothesis);
            let hypothesis = hypothesis.with_id();
            if !tested.contains(&hypothesis.id) && seen.insert(hypothesis.id.clone()) {
                asked.push(hypothesis);
            }
        }
    }
    asked
}

/// Exposure, outcome and analysis of each that the question asks for: those of the relations that it names, and the
/// joint model of an outcome whose other side it leaves open.
fn analyses_of<'p>(interest: &Interest, profile: &'p Profile) -> Vec<(&'p Column, &'p Column, Planned)> {
    let usable = |name: &str| profile.column_named(name).filter(|column| column.usable);
    let mut analyses = Vec::new();
    for (x, y) in interest.asked_relations() {
        let (Some(x), Some(y)) = (usable(x), usable(y)) else {
            continue;
        };
        let planned = plan(interest, profile, x, y).into_iter();
        analyses.extend(planned.map(|planned| (x, y, planned)));
    }
    if let Some(model) = JointModel::plan(interest, profile) {
        for exposure in &model.exposures {
            let (Some(x), Some(y)) = (usable(exposure), usable(&model.outcome)) else {
                continue;
            };
            let planned = Planned {
                kind: kind::ADJUSTED,
                covariates: model.covariates_of(exposure),
                by: None,
            };
            analyses.push((x, y, planned));
        }
    }
    analyses
}

/// The analyses of a relation that is asked for; none where the pair alone is what is asked for.
pub(super) fn plan(interest: &Interest, profile: &Profile, x: &Column, y: &Column) -> Vec<Planned> {
    let by_construction = profile.find_tautology(&x.name, &y.name).is_some();
    let is_timed = profile.is_timed_event(&x.name) || profile.is_timed_event(&y.name);
    if by_construction || is_timed || profile.are_tested_elsewhere(x, y) {
        return Vec::new();
    }
    let designed = designed_terms(interest, profile, x, y);
    if !designed.is_empty() {
        return designed;
    }
    let Some(covariates) = covariates_of(interest, profile, x, y) else {
        return Vec::new();
    };
    let (kind, by) = match pair::count_kind(profile, x, y, interest) {
        Some((kind, _, count, of)) if count.name == y.name && !covariates.contains(&of.to_owned()) => {
            (kind, Some(of.to_owned()))
        }
        _ => (kind::ADJUSTED, None),
    };
    vec![Planned { kind, covariates, by }]
}

/// Whether the relation of two columns is analysed as a part of a designed experiment, so that the pair alone, without
/// its other factors and blocks, is not: a factor or the blocks, with the outcome.
pub(super) fn plans_design(interest: &Interest, profile: &Profile, a: &Column, b: &Column) -> bool {
    let is_term = |planned: &Planned| planned.kind == kind::DESIGNED;
    let designed = |x: &Column, y: &Column| plan(interest, profile, x, y).iter().any(is_term);
    let is_block = |column: &Column| profile.blocks.first() == Some(&column.name);
    let has_factor = |y: &Column| {
        let mut factors = interest
            .exposures_of(&y.name)
            .filter_map(|name| profile.column_named(name));
        factors.any(|factor| designed(factor, y))
    };
    let within = |x: &Column, y: &Column| {
        (interest.relates(&x.name, &y.name) && designed(x, y)) || (is_block(x) && has_factor(y))
    };
    within(a, b) || within(b, a)
}

/// The columns that the analysis of a relation holds fixed, in order of name: those that the question holds fixed, and
/// the other exposures of the same outcome. None where it holds none; the other exposures are left out where not all of
/// them can be in one model.
fn covariates_of(interest: &Interest, profile: &Profile, x: &Column, y: &Column) -> Option<Vec<String>> {
    let given = &interest.inquiry.given;
    let others = interest.other_exposures(&x.name, &y.name);
    let all: BTreeSet<&String> = given.iter().chain(&others).collect();
    let sets = [all.into_iter().cloned().collect(), given.iter().cloned().collect()];
    sets.into_iter().find_map(|covariates: BTreeSet<String>| {
        let covariates: Vec<String> = covariates.into_iter().collect();
        let possible = !covariates.is_empty() && find_given_problem(profile, &covariates, &x.name, &y.name).is_none();
        possible.then_some(covariates)
    })
}

/// The terms of an experiment in which the exposure is a factor: its main effect, and its interaction with each other
/// factor. None where the exposures are no factors of one, or where there is one alone, without blocks.
fn designed_terms(interest: &Interest, profile: &Profile, x: &Column, y: &Column) -> Vec<Planned> {
    let others = interest.other_exposures(&x.name, &y.name);
    let factors: Option<Vec<&Column>> = std::iter::once(&x.name)
        .chain(&others)
        .map(|name| profile.column_named(name).filter(|column| column.usable))
        .collect();
    let Some(factors) = factors else { return Vec::new() };
    let blocks = blocks_of(profile, x, y);
    let is_alone = factors.len() < 2 && blocks.is_empty() && !repeats_conditions(profile, x);
    if is_alone || y.role != Role::Numeric || !are_factors(profile, &factors, &blocks) {
        return Vec::new();
    }
    let given: BTreeSet<&String> = interest.inquiry.given.iter().chain(&others).chain(&blocks).collect();
    let covariates: Vec<String> = given.into_iter().filter(|name| **name != x.name).cloned().collect();
    if find_given_problem(profile, &covariates, &x.name, &y.name).is_some() {
        return Vec::new();
    }
    let term = |by: Option<String>| Planned {
        kind: kind::DESIGNED,
        covariates: covariates
            .iter()
            .filter(|name| Some(*name) != by.as_ref())
            .cloned()
            .collect(),
        by,
    };
    let mut terms = vec![term(None)];
    if factors.len() <= MOST_FACTORS {
        terms.extend(others.into_iter().map(|other| term(Some(other))));
    }
    terms
}

/// Whether each subject has one row in each of three or more conditions. Two are a pair.
fn repeats_conditions(profile: &Profile, x: &Column) -> bool {
    let subjects = profile.units.as_ref().and_then(|units| units.n_units);
    x.distinct > 2 && subjects.is_some_and(|subjects| subjects * x.distinct == profile.rows)
}

/// The column of blocks of an experiment; none where it is a side of the relation.
fn blocks_of(profile: &Profile, x: &Column, y: &Column) -> Vec<String> {
    let block = profile.blocks.first();
    block
        .filter(|name| **name != x.name && **name != y.name)
        .into_iter()
        .cloned()
        .collect()
}

/// Whether columns are the factors of one experiment: each has few levels, and a number is a factor only where it was
/// assigned, or where all combinations can have the same number of rows.
fn are_factors(profile: &Profile, factors: &[&Column], blocks: &[String]) -> bool {
    let few = |column: &&Column| match column.role {
        Role::Binary | Role::Categorical => column.distinct <= MOST_LEVELS,
        Role::Numeric => column.distinct <= MOST_LEVELS && column.missing == 0,
        _ => false,
    };
    if !factors.iter().all(few) {
        return false;
    }
    let assigned = profile
        .structure
        .as_ref()
        .and_then(|structure| structure.assigned.as_ref());
    let is_assigned = |column: &&Column| assigned.is_some_and(|part| part.columns.contains(&column.name));
    let cells: u64 = factors.iter().map(|column| column.distinct).product();
    let even = |column: &&Column| {
        let counts: BTreeSet<u64> = column.levels.iter().flatten().map(|level| level.n).collect();
        counts.len() <= 1
    };
    let is_even = cells > 0 && profile.rows.is_multiple_of(cells) && factors.iter().all(even);
    let replicates = profile.rows / cells.max(1);
    factors.iter().all(is_assigned) || (is_even && (replicates >= 2 || !blocks.is_empty()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::policy::{Rules, heuristic};

    /// A table of 60 rows: a number, two even factors, another number, a count with its trials.
    fn request(question: &str, more: Value) -> ProposeHypotheses {
        let level = |name: &str, rows: u64| json!({"level": name, "n": rows});
        let number = |name: &str, distinct: u64| json!({"name": name, "role": "numeric", "usable": true, "missing": 0, "distinct": distinct});
        let mut profile = json!({
            "problem": null, "rows": 60, "split": {"possible": true}, "tautologies": [],
            "columns": [
                number("gain", 60),
                {"name": "feed", "role": "binary", "usable": true, "missing": 0, "distinct": 2,
                    "levels": [level("algae", 30), level("grain", 30)]},
                number("warmth", 3), number("age", 41), number("sprouted", 20), number("sown", 25),
            ],
            "counts": [{"count": "sprouted", "of": "sown", "trials": true}],
        });
        profile
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        serde_json::from_value(json!({
            "cycle": 1, "arm": "observed", "limit": 100, "known": [], "tested": [],
            "plan": {
                "question": question, "target": null, "datasets": [], "randomised": [], "seed": 1, "alpha": 0.05,
                "explore_share": 0.5, "explore_ratio": 0.3, "batch": 25, "follow_ups": 24, "shuffled_run": false,
                "permutations": 99, "check_rows": 1000, "max_cycles": 4, "max_experiments": 100, "max_tests": 100,
                "max_repairs": 2, "model": null,
            },
            "profiles": [["d", profile]],
        }))
        .unwrap()
    }

    /// Kind, exposure, outcome, and the other columns of each primary analysis.
    fn primary(question: &str, more: Value) -> Vec<(String, String, String, Vec<String>)> {
        let proposed = heuristic::propose(&request(question, more), &Rules::default());
        let primary = proposed
            .hypotheses
            .into_iter()
            .filter(|idea| idea.tier == Tier::Primary);
        primary
            .map(|idea| {
                let others = idea.covariates.into_iter().chain(idea.by).collect();
                (idea.kind, idea.x, idea.y, others)
            })
            .collect()
    }

    fn told(kind: &str, x: &str, y: &str, others: &[&str]) -> (String, String, String, Vec<String>) {
        let others = others.iter().map(|name| (*name).to_owned()).collect();
        (kind.to_owned(), x.to_owned(), y.to_owned(), others)
    }

    #[test]
    fn a_pair_is_asked_for_as_it_is() {
        assert_eq!(
            primary("Does age go with gain?", json!({})),
            [told("numeric_numeric", "gain", "age", &[])]
        );
    }

    #[test]
    fn even_factors_are_the_terms_of_one_experiment() {
        let terms = primary("How do feed and warmth change gain?", json!({}));
        let expected = [
            told("designed", "feed", "gain", &["warmth"]),
            told("designed", "feed", "gain", &["warmth"]),
            told("designed", "warmth", "gain", &["feed"]),
        ];
        assert_eq!(terms, expected);
    }

    #[test]
    fn one_factor_with_blocks_is_an_experiment() {
        let terms = primary("How does feed change gain?", json!({"blocks": ["warmth"]}));
        assert_eq!(terms, [told("designed", "feed", "gain", &["warmth"])]);
        let alone = primary("How does feed change gain?", json!({}));
        assert_eq!(alone, [told("group_numeric", "feed", "gain", &[])]);
    }

    #[test]
    fn blocks_are_tested_like_any_column_where_no_experiment_is_asked_for() {
        let blocks = || json!({"blocks": ["warmth"]});
        let pair = |question: &str| {
            let proposed = heuristic::propose(&request(question, blocks()), &Rules::default());
            let mut pairs = proposed.hypotheses.into_iter();
            pairs.any(|idea| {
                idea.kind != kind::DESIGNED
                    && [&idea.x, &idea.y].contains(&&"warmth".to_owned())
                    && [&idea.x, &idea.y].contains(&&"gain".to_owned())
            })
        };
        assert!(pair("What goes with gain?"));
        assert!(!pair("How does feed change gain?"));
    }

    #[test]
    fn conditions_that_each_subject_has_are_an_experiment() {
        let units = json!({"units": {"column": "who", "n_units": 20}});
        let terms = primary("How does warmth change gain?", units);
        assert_eq!(terms, [told("designed", "warmth", "gain", &[])]);
    }

    #[test]
    fn several_exposures_are_in_one_model() {
        let found = primary("How do age and feed change gain?", json!({}));
        let expected = [
            told("adjusted", "age", "gain", &["feed"]),
            told("adjusted", "feed", "gain", &["age"]),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_count_is_analysed_with_its_trials() {
        assert_eq!(
            primary("Does feed change sprouted?", json!({})),
            [told("proportion", "feed", "sprouted", &["sown"])]
        );
        let given = primary("Does feed change sprouted, with age held fixed?", json!({}));
        assert_eq!(given, [told("proportion", "feed", "sprouted", &["age", "sown"])]);
    }
}
