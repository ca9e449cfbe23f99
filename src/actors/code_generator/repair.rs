//! The retries after a script failed: each test on its own, then with fewer checks.

use crate::message::{DesignExperiment, ExperimentTask, RepairScript, TestPlan};
use crate::sandbox::Outcome;

/// Requests that may fare better; none when there is nothing left to try.
pub(super) fn narrow_requests(request: &RepairScript) -> Vec<DesignExperiment> {
    let ExperimentTask::Tests(plan) = &request.request.task else {
        return Vec::new();
    };
    let with = |plan: TestPlan| DesignExperiment {
        task: ExperimentTask::Tests(Box::new(plan)),
        ..request.request.clone()
    };
    if plan.hypotheses.len() > 1 {
        return (0..plan.hypotheses.len())
            .map(|place| with(plan_of_single_test(plan, place)))
            .collect();
    }
    let starved = matches!(
        request.failed.outcome,
        Some(Outcome::TimedOut { .. } | Outcome::OutOfMemory)
    );
    let lighter = TestPlan {
        permutations: 0,
        check_rows: plan.check_rows / 4,
        checks: vec![Vec::new()],
        ..(**plan).clone()
    };
    if starved && lighter != **plan {
        vec![with(lighter)]
    } else {
        Vec::new()
    }
}

/// The plan with only its test at `place`.
fn plan_of_single_test(plan: &TestPlan, place: usize) -> TestPlan {
    let at = |list: &[Vec<String>]| list.get(place).cloned().into_iter().collect();
    TestPlan {
        hypotheses: plan.hypotheses.get(place).cloned().into_iter().collect(),
        checks: at(&plan.checks),
        y_levels: plan.y_levels.get(place).cloned().into_iter().collect(),
        levels: plan.levels.get(place).copied().into_iter().collect(),
        ..plan.clone()
    }
}
