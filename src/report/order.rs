//! The orders of tests and findings.

use std::collections::{BTreeMap, BTreeSet};

use super::dossier::Dossier;
use crate::policy::heuristic::Interest;
use crate::science::{HypothesisId, Part, TestRecord, Tier, kind};

/// The relevance of what was not asked for by name, at most.
const MOST_UNASKED: f64 = 0.9;

/// Kinds of test that give the estimate of a relation without other columns, the most direct first.
const CRUDE: [&str; 8] = [
    kind::SURVIVAL,
    kind::PROPORTION,
    kind::COUNTS,
    kind::PAIRED,
    kind::NUMERIC_BINARY,
    kind::GROUP_NUMERIC,
    kind::CATEGORICAL_CATEGORICAL,
    kind::NUMERIC_NUMERIC,
];

/// Kinds of test that can hold columns fixed.
const ADJUSTED: [&str; 4] = [kind::ADJUSTED, kind::DESIGNED, kind::PROPORTION, kind::COUNTS];

/// How much relations have to do with the question.
pub(crate) struct Relevance<'d> {
    dossier: &'d Dossier,
    /// The question against the columns of each table.
    interests: BTreeMap<&'d str, Interest>,
}

impl<'d> Relevance<'d> {
    /// Reads the question against the tables of a run.
    pub(crate) fn of(dossier: &'d Dossier) -> Self {
        let read = |dataset: &'d crate::science::DatasetRecord| {
            let profile = dataset.profile.as_ref().filter(|profile| profile.problem.is_none())?;
            let interest = Interest::of(&dossier.question, dossier.declared_roles(), profile);
            Some((dataset.name.as_str(), interest))
        };
        Self {
            dossier,
            interests: dossier.datasets.iter().filter_map(read).collect(),
        }
    }

    /// The question against the columns of a table; none where the table could not be read.
    pub(crate) fn interest(&self, dataset: &str) -> Option<&Interest> {
        self.interests.get(dataset)
    }

    /// Whether the relation of two columns is asked for by name.
    pub(crate) fn is_asked(&self, dataset: &str, x: &str, y: &str) -> bool {
        let mut parts = self.dossier.asked.iter().filter(|part| part.dataset == dataset);
        parts.any(|part| {
            part.relation()
                .is_some_and(|(a, b)| (a == x && b == y) || (a == y && b == x))
        })
    }

    /// From 0 to 1; 1 for what is asked for by name.
    pub(crate) fn of_relation(&self, dataset: &str, x: &str, y: &str) -> f64 {
        if self.is_asked(dataset, x, y) {
            return 1.0;
        }
        let interest = self.interest(dataset);
        interest.map_or(0.0, |interest| interest.relevance(x, y).min(MOST_UNASKED))
    }

    fn of_test(&self, test: &TestRecord) -> f64 {
        self.of_relation(&test.dataset, &test.x, &test.y)
    }
}

/// The significant tests, but for those that an agent's veto took out, as they were judged: replicated first, then by
/// q, p and id.
pub(crate) fn judged_findings(dossier: &Dossier) -> Vec<&TestRecord> {
    let mut findings: Vec<_> = dossier.tests.iter().filter(|test| test.is_finding()).collect();
    findings.sort_by(|a, b| a.finding_order(b));
    findings
}

/// The same by their relevance: what was asked for first, then question-named pairs, pairs with the outcome, and the
/// rest.
pub(crate) fn ordered_findings(dossier: &Dossier) -> Vec<&TestRecord> {
    let relevance = Relevance::of(dossier);
    let mut findings: Vec<_> = judged_findings(dossier)
        .into_iter()
        .map(|test| (relevance.of_test(test), test))
        .collect();
    findings.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    findings.into_iter().map(|(_, test)| test).collect()
}

/// All tests: by cycle, then q, p and id.
pub(crate) fn ordered_tests(dossier: &Dossier) -> Vec<&TestRecord> {
    let mut tests: Vec<_> = dossier.tests.iter().collect();
    tests.sort_by(|a, b| a.test_order(b));
    tests
}

/// What the first screen names, in order: for each relation that is asked for the test that answers it, whether it
/// found anything or not, then the findings.
pub(crate) fn headline_tests(dossier: &Dossier) -> Vec<&TestRecord> {
    let mut headlines: Vec<&TestRecord> = Vec::new();
    for (x, y) in dossier.asked.iter().filter_map(|part| part.relation()) {
        let about: Vec<&TestRecord> = dossier
            .tests
            .iter()
            .filter(|test| (test.x == x && test.y == y) || (test.x == y && test.y == x))
            .collect();
        // What the question holds fixed is held fixed in its answer.
        headlines.extend(given_test(&about));
        headlines.extend(crude_test(&about));
    }
    headlines.extend(ordered_findings(dossier));
    let mut told: BTreeSet<&HypothesisId> = BTreeSet::new();
    headlines.retain(|test| told.insert(&test.id));
    headlines
}

/// Of the tests of a relation, the one without other columns that answers whether there is one: a finding before
/// others, then the most direct kind.
pub(crate) fn crude_test<'d>(tests: &[&'d TestRecord]) -> Option<&'d TestRecord> {
    let rank = |test: &TestRecord| CRUDE.iter().position(|kind| *kind == test.kind);
    tests
        .iter()
        .copied()
        .filter(|test| rank(test).is_some() && test.covariates.is_empty())
        .min_by(|a, b| {
            (!a.is_finding(), rank(a))
                .cmp(&(!b.is_finding(), rank(b)))
                .then_with(|| a.test_order(b))
        })
}

/// Of the tests of a relation, the one that holds fixed what was planned to be; where nothing was, the one that holds
/// most columns fixed, on all rows before one on the rows held back.
pub(crate) fn adjusted_test<'d>(tests: &[&'d TestRecord]) -> Option<&'d TestRecord> {
    tests
        .iter()
        .copied()
        .filter(|test| !test.covariates.is_empty() && !test.is_interaction())
        .filter(|test| ADJUSTED.contains(&test.kind.as_str()))
        .min_by(|a, b| {
            let is_planned = |test: &TestRecord| test.tier == Some(Tier::Primary);
            (is_planned(b), b.covariates.len(), a.part)
                .cmp(&(is_planned(a), a.covariates.len(), b.part))
                .then_with(|| a.test_order(b))
        })
}

/// Of the tests of a relation, the one that the question asks for with columns held fixed: it is on all rows.
fn given_test<'d>(tests: &[&'d TestRecord]) -> Option<&'d TestRecord> {
    adjusted_test(tests).filter(|test| test.part == Part::Whole && test.parent.is_none())
}

/// Whether a test is about the run's target.
pub(crate) fn is_about_target(dossier: &Dossier, test: &TestRecord) -> bool {
    dossier
        .target
        .as_ref()
        .is_some_and(|target| *target == test.x || *target == test.y)
}
