//! How hypotheses are put into experiments: tests of one kind on one table share a script.

use std::collections::BTreeMap;

use super::{custom, state::ResearchState};
use crate::message::{DesignExperiment, ErrorShare, ExperimentTask, ResearchPlan, TestPlan};
use crate::science::{Arm, Column, Hypothesis, HypothesisKind, Profile, Role, Tier, kind};

/// Columns that a test is adjusted for one at a time, at most.
const MOST_CHECKS: usize = 12;

/// What the script of a description is told instead of a level where a count is out of a number of trials.
const TRIALS: &str = "trials";

/// Levels of a column that strata are made of, at most.
const MOST_STRATA: usize = 8;

/// Scripts of one arm and cycle, about: a wide survey has larger ones rather than more.
const MOST_SCRIPTS: usize = 40;

/// Tests that share a script.
pub(super) struct Batch {
    pub(super) arm: Arm,
    pub(super) hypotheses: Vec<Hypothesis>,
}

impl Batch {
    /// Experiments that it takes.
    fn experiments_needed(&self) -> u64 {
        if self.hypotheses.iter().any(|hypothesis| hypothesis.kind == kind::CUSTOM) {
            custom::EXPERIMENTS
        } else {
            1
        }
    }
}

/// The batches of a cycle.
pub(super) struct Batches {
    pub(super) list: Vec<Batch>,
    /// Hypotheses on the data as given that found no place.
    pub(super) short: u64,
}

/// Batches for at most `room` experiments. Each arm gets as many as the other, so that the shuffled run
/// stays comparable; what is best ranked comes first.
pub(super) fn plan_batches(plan: &ResearchPlan, fresh: &BTreeMap<Arm, Vec<Hypothesis>>, room: u64) -> Batches {
    let size = |hypotheses: &[Hypothesis]| plan.batch.max(hypotheses.len().div_ceil(MOST_SCRIPTS)).max(1);
    let mut arms: Vec<std::vec::IntoIter<Batch>> = fresh
        .iter()
        .map(|(arm, hypotheses)| split_into_batches(*arm, hypotheses, size(hypotheses)).into_iter())
        .collect();
    let mut list = Vec::new();
    let mut short = 0;
    let mut room = room;
    loop {
        let round: Vec<Batch> = arms.iter_mut().filter_map(Iterator::next).collect();
        if round.is_empty() {
            return Batches { list, short };
        }
        let cost: u64 = round.iter().map(Batch::experiments_needed).sum();
        if cost <= room && short == 0 {
            room -= cost;
            list.extend(round);
        } else {
            let observed = round.iter().filter(|batch| batch.arm == Arm::Observed);
            short += observed.map(|batch| batch.hypotheses.len() as u64).sum::<u64>();
        }
    }
}

/// Chunks of one kind and table, ordered by their best-ranked hypothesis.
fn split_into_batches(arm: Arm, hypotheses: &[Hypothesis], size: usize) -> Vec<Batch> {
    let mut open: BTreeMap<(&str, &HypothesisKind), usize> = BTreeMap::new();
    let mut batches: Vec<Batch> = Vec::new();
    for hypothesis in hypotheses {
        // Code that a model writes tests one hypothesis.
        let size = if hypothesis.kind == kind::CUSTOM { 1 } else { size };
        let key = (hypothesis.dataset.as_str(), &hypothesis.kind);
        let place = open
            .get(&key)
            .copied()
            .filter(|place| batches.get(*place).is_some_and(|batch| batch.hypotheses.len() < size));
        let place = place.unwrap_or_else(|| {
            batches.push(Batch {
                arm,
                hypotheses: Vec::new(),
            });
            batches.len() - 1
        });
        open.insert(key, place);
        if let Some(batch) = batches.get_mut(place) {
            batch.hypotheses.push(hypothesis.clone());
        }
    }
    batches
}

/// The requests for a batch of a family with this share of the error rate; none when its table is not there.
pub(super) fn batch_design_requests(
    plan: &ResearchPlan,
    state: &ResearchState,
    batch: &Batch,
    share: ErrorShare,
) -> Option<Vec<DesignExperiment>> {
    let first = batch.hypotheses.first()?;
    if first.kind == kind::CUSTOM {
        return custom::custom_design_requests(plan, state, first, share, |twin| {
            let mut tests = batch_test_plan(plan, state, std::slice::from_ref(twin))?;
            tests.confirms = true;
            Some(tests)
        });
    }
    let tests = batch_test_plan(plan, state, &batch.hypotheses)?;
    Some(vec![DesignExperiment {
        cycle: state.cycle,
        arm: batch.arm,
        dataset: first.dataset.clone(),
        seed: plan.seed,
        task: ExperimentTask::Tests(Box::new(tests)),
    }])
}

/// The tests of hypotheses of one kind on one table.
fn batch_test_plan(plan: &ResearchPlan, state: &ResearchState, hypotheses: &[Hypothesis]) -> Option<TestPlan> {
    let first = hypotheses.first()?;
    let dataset = state.dataset_named(&first.dataset)?;
    let profile = dataset.profile.as_ref()?;
    let y_level = |hypothesis: &Hypothesis| {
        if hypothesis.is_description() && !hypothesis.covariates.is_empty() {
            let counts = profile.find_count(&hypothesis.y)?;
            return counts.trials.then(|| TRIALS.to_owned());
        }
        let y = profile.column_named(&hypothesis.y)?;
        if y.role == Role::Binary {
            y.yes_level.clone()
        } else {
            None
        }
    };
    Some(TestPlan {
        table: dataset.experiment.clone()?,
        table_sha256: state.tables.get(&dataset.name)?.clone(),
        checks: hypotheses
            .iter()
            .map(|hypothesis| columns_to_hold_fixed(profile, hypothesis))
            .collect(),
        y_levels: hypotheses.iter().map(y_level).collect(),
        levels: hypotheses
            .iter()
            .map(|hypothesis| level_of(state, hypothesis))
            .collect(),
        hypotheses: hypotheses.to_vec(),
        unit: profile.units.as_ref().map(|unit| unit.column.clone()),
        clusters: profile.blocks.clone(),
        time: profile.time.as_ref().map(|time| time.column.clone()),
        explore_share: plan.explore_share,
        permutations: plan.permutations,
        check_rows: plan.check_rows,
        confirms: false,
    })
}

/// The p-value below which a test counts if no other test of its tier does: of the tier's rate a primary analysis has an
/// equal part, a pair of the survey the part of its weight, a follow-up what it owns.
fn level_of(state: &ResearchState, hypothesis: &Hypothesis) -> Option<f64> {
    let tiers = state.current.tiers.get(&hypothesis.arm)?;
    let planned = tiers.iter().find(|planned| planned.tier == hypothesis.tier)?;
    let part = match hypothesis.tier {
        Tier::Primary => 1.0 / planned.tests as f64,
        Tier::Survey => hypothesis.weight / planned.weight,
        Tier::FollowUp => hypothesis.weight,
    };
    Some(planned.alpha * part).filter(|level| *level > 0.0)
}

/// The columns to hold fixed one at a time: those with few levels first, then numbers, in the table's
/// order; never one that tells of either side by construction.
fn columns_to_hold_fixed(profile: &Profile, hypothesis: &Hypothesis) -> Vec<String> {
    let (x, y) = (hypothesis.x.as_str(), hypothesis.y.as_str());
    let apart = |column: &&Column| {
        column.usable
            && column.name != x
            && column.name != y
            && profile.find_tautology(&column.name, x).is_none()
            && profile.find_tautology(&column.name, y).is_none()
    };
    let few_levels = |column: &&Column| {
        column
            .levels
            .as_ref()
            .is_some_and(|levels| (2..=MOST_STRATA).contains(&levels.len()))
    };
    let candidates: Vec<&Column> = profile.columns.iter().filter(apart).collect();
    let strata = candidates.iter().copied().filter(few_levels);
    let numbers = candidates.iter().copied().filter(|column| column.role == Role::Numeric);
    strata
        .chain(numbers)
        .take(MOST_CHECKS)
        .map(|column| column.name.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::message::TierPlan;

    #[test]
    fn a_test_has_the_level_of_what_it_owns_of_its_tier() {
        let hypothesis = |tier: Tier, weight: f64| -> Hypothesis {
            let mut hypothesis: Hypothesis = serde_json::from_value(json!({
                "id": "h-000000000000", "dataset": "t", "arm": "observed", "kind": "numeric_numeric", "x": "a", "y": "b",
                "part": "whole", "statement": "s", "predicted": null, "parent": null, "rationale": "", "weight": weight,
                "scores": {"relevance": 0.8, "information": 1.0, "novelty": 1.0, "testability": 1.0},
            }))
            .unwrap();
            hypothesis.tier = tier;
            hypothesis
        };
        let planned = |tier: Tier, alpha: f64, tests: u64, weight: f64| TierPlan {
            tier,
            alpha,
            tests,
            weight,
        };
        let mut state = ResearchState::default();
        assert_eq!(level_of(&state, &hypothesis(Tier::Primary, 1.0)), None);
        let tiers = vec![
            planned(Tier::Primary, 0.015, 3, 3.0),
            planned(Tier::Survey, 0.02, 10, 25.0),
            planned(Tier::FollowUp, 0.015, 2, 0.2),
        ];
        state.current.tiers.insert(Arm::Observed, tiers);
        for (tier, weight, expected) in [
            (Tier::Primary, 1.0, 0.005),
            (Tier::Survey, 3.0, 0.0024),
            (Tier::FollowUp, 0.1, 0.0015),
        ] {
            let level = level_of(&state, &hypothesis(tier, weight)).unwrap();
            assert!((level - expected).abs() < 1e-12, "{tier:?}: {level}");
        }
    }
}
