//! The verdicts on the tests of a cycle.

use super::{
    agreement::{self, Judged},
    describe::describe_draft,
    holm_adjusted, step_up, wording,
};
use crate::message::{JudgeCycle, TestDraft};
use crate::science::{
    Caveat, DescriptionRecord, Effect, FamilyRecord, PartEstimate, PartResult, TestRecord, Tier, Untested,
};

/// Verdicts and what could not be judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// By tier.
    pub families: Vec<FamilyRecord>,
    /// By q, p and id.
    pub records: Vec<TestRecord>,
    /// What is not judged because it tests nothing, by id.
    pub descriptions: Vec<DescriptionRecord>,
    /// By id.
    pub untested: Vec<Untested>,
}

/// Both parts of the rows must show an association at this level, in the same direction, for it to count
/// as replicated.
const REPLICATION_LEVEL: f64 = 0.05;

/// Judges every draft of a cycle and arm, each tier as a family of its own. A pure function: the order of the drafts
/// does not matter.
pub fn judge(request: &JudgeCycle) -> Judgement {
    let mut drafts: Vec<&TestDraft> = request.drafts.iter().collect();
    drafts.sort_by(|a, b| a.hypothesis.id.cmp(&b.hypothesis.id));
    let mut judged = Vec::new();
    let mut untested = Vec::new();
    let mut descriptions = Vec::new();
    for draft in drafts {
        if draft.hypothesis.is_description() {
            match describe_draft(draft, request.cycle) {
                Ok(description) => descriptions.push(description),
                Err(reason) => untested.push(not_judged(draft, request.cycle, reason)),
            }
            continue;
        }
        match agreement::judged(draft) {
            Ok(found) => judged.push((draft, found)),
            Err(reason) => untested.push(not_judged(draft, request.cycle, reason)),
        }
    }
    let q_values = q_values(request, &judged);
    let mut records: Vec<TestRecord> = judged
        .iter()
        .zip(q_values)
        .map(|((draft, found), q)| record(draft, found, q, request))
        .collect();
    records.sort_by(|a, b| {
        a.q.total_cmp(&b.q)
            .then(a.p.total_cmp(&b.p))
            .then_with(|| a.id.cmp(&b.id))
    });
    let families = request.tiers.iter().map(|plan| {
        let of_tier = || records.iter().filter(|record| record.tier == Some(plan.tier));
        FamilyRecord {
            cycle: request.cycle,
            arm: request.arm,
            tier: plan.tier,
            alpha: plan.alpha,
            tests: of_tier().count() as u64,
            significant: of_tier().filter(|record| record.significant).count() as u64,
        }
    });
    Judgement {
        families: families.collect(),
        records,
        descriptions,
        untested,
    }
}

/// The q of each test on the run's own scale: a tier with a smaller share of the rate needs a smaller q to count. In
/// the order given. Primary analyses by Holm's procedure, the others by the weighted one of Benjamini and Hochberg: the
/// survey with weights that are scaled to what was registered, follow-ups with the part of the rate that each owns.
fn q_values(request: &JudgeCycle, judged: &[(&TestDraft, Judged<'_>)]) -> Vec<f64> {
    let mut q_values = vec![1.0; judged.len()];
    for plan in &request.tiers {
        let members: Vec<(usize, f64, f64)> = judged
            .iter()
            .enumerate()
            .filter(|(_, (draft, _))| draft.hypothesis.tier == plan.tier)
            .map(|(place, (draft, found))| (place, found.p, draft.hypothesis.weight))
            .collect();
        let weighted = |total: f64| {
            let tests: Vec<(f64, f64)> = members.iter().map(|(_, p, weight)| (*p, weight / total)).collect();
            step_up(&tests)
        };
        let of_tier = match plan.tier {
            Tier::Primary => {
                let p: Vec<f64> = members.iter().map(|(_, p, _)| *p).collect();
                holm_adjusted(&p, usize::try_from(plan.tests).unwrap_or(usize::MAX))
            }
            Tier::Survey => weighted(
                members
                    .iter()
                    .map(|(_, _, weight)| weight)
                    .sum::<f64>()
                    .max(plan.weight),
            ),
            Tier::FollowUp => weighted(1.0),
        };
        let scale = if plan.alpha > 0.0 {
            request.alpha / plan.alpha
        } else {
            f64::INFINITY
        };
        for ((place, p, _), q) in members.iter().zip(of_tier) {
            if let Some(known) = q_values.get_mut(*place) {
                // Whatever its weight, nothing is found whose own p is above the rate.
                *known = (q * scale).min(1.0).max(*p);
            }
        }
    }
    q_values
}

fn record(draft: &TestDraft, found: &Judged<'_>, q: f64, request: &JudgeCycle) -> TestRecord {
    let hypothesis = &draft.hypothesis;
    let (result, estimate, p) = (found.result, found.estimate, found.p);
    let significant = q <= request.alpha;
    // Among three or more groups the two largest may well be as good as equal, and trade places.
    let many_groups = result.groups.as_ref().is_some_and(|groups| groups.len() > 2);
    let replicated = replicated(result.explore.as_ref(), result.confirm.as_ref(), many_groups);
    let randomised = request.randomised.contains(&hypothesis.x);
    let mut caveats = result.caveats.clone();
    if significant && replicated == Some(false) {
        caveats.push(Caveat::NotReplicated);
    }
    let mut caveat_notes = result.caveat_notes.clone();
    if let Some(model) = found.written_by {
        caveats.push(Caveat::ModelWritten);
        caveat_notes.insert(Caveat::ModelWritten, model.to_owned());
    }
    caveats.sort();
    caveats.dedup();
    TestRecord {
        id: hypothesis.id.clone(),
        dataset: hypothesis.dataset.clone(),
        cycle: request.cycle,
        statement: found.statement.unwrap_or(&hypothesis.statement).to_owned(),
        parent: hypothesis.parent.clone(),
        x: hypothesis.x.clone(),
        y: hypothesis.y.clone(),
        kind: hypothesis.kind.clone(),
        covariates: hypothesis.covariates.clone(),
        by: hypothesis.by.clone(),
        tier: Some(hypothesis.tier),
        part: hypothesis.part,
        test: result.test.clone().unwrap_or_default(),
        why: result.why.clone().unwrap_or_default(),
        assumptions: result.assumptions.clone(),
        n: estimate.n,
        statistic: estimate.statistic,
        p,
        q,
        effect: estimate.effect.clone().unwrap_or(Effect {
            name: "none".to_owned(),
            value: None,
            ci_low: None,
            ci_high: None,
        }),
        direction: estimate.direction.clone(),
        directions: hypothesis.directions.clone(),
        predicted: hypothesis.predicted.clone(),
        groups: result.groups.clone(),
        y_level: result.y_level.clone(),
        significant,
        replicated,
        explore: result.explore.as_ref().map(part),
        confirm: result.confirm.as_ref().map(part),
        variants: result.variants.clone(),
        // What explains an association away is of interest where there is one; the rest stays with its experiment.
        adjusted: if p < 0.05 { result.adjusted.clone() } else { Vec::new() },
        caveats,
        caveat_notes,
        mde: result.mde.clone(),
        wording: wording(significant, replicated, p, randomised),
        proposed_by: hypothesis.proposed_by.clone(),
        evidence: found.evidence.clone(),
        confirmed_by: found.confirmed_by.clone(),
    }
}

/// Whether both parts show it; none where one of them could not be tested.
fn replicated(explore: Option<&PartEstimate>, confirm: Option<&PartEstimate>, any_direction: bool) -> Option<bool> {
    let (explore, confirm) = (explore?, confirm?);
    let (p_explore, p_confirm) = (explore.p?, confirm.p?);
    let level = p_explore < REPLICATION_LEVEL && p_confirm < REPLICATION_LEVEL;
    Some(level && (any_direction || explore.direction == confirm.direction))
}

fn part(estimate: &PartEstimate) -> PartResult {
    PartResult {
        n: estimate.n,
        p: estimate.p,
        effect: estimate.effect.clone(),
        direction: estimate.direction.clone(),
    }
}

fn not_judged(draft: &TestDraft, cycle: u32, reason: String) -> Untested {
    let hypothesis = &draft.hypothesis;
    Untested {
        id: hypothesis.id.clone(),
        dataset: hypothesis.dataset.clone(),
        cycle,
        statement: hypothesis.statement.clone(),
        kind: hypothesis.kind.clone(),
        x: hypothesis.x.clone(),
        y: hypothesis.y.clone(),
        reason,
        experiment: Some(draft.experiment.clone()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::message::TierPlan;
    use crate::science::{Arm, HypothesisId};

    fn draft(name: &str, tier: Tier, weight: f64, p: f64) -> TestDraft {
        let id = HypothesisId::derive(name);
        serde_json::from_value(json!({
            "hypothesis": {
                "id": id, "dataset": "d", "arm": "observed", "kind": "numeric_numeric", "x": "a", "y": "b", "part": "whole",
                "statement": "s", "predicted": null, "parent": null, "rationale": "", "weight": weight, "tier": tier,
                "scores": {"relevance": 1.0, "information": 1.0, "novelty": 1.0, "testability": 1.0},
            },
            "experiment": "e-000000000001", "script_sha256": "", "result_sha256": "", "index": 0,
            "result": {
                "id": id, "status": "ok",
                "whole": {"n": 100, "statistic": 1.0, "p": p, "direction": "+",
                    "effect": {"name": "pearson_r", "value": 0.3, "ci_low": 0.1, "ci_high": 0.5}},
            },
        }))
        .unwrap()
    }

    fn planned(tier: Tier, alpha: f64, tests: u64, weight: f64) -> TierPlan {
        TierPlan {
            tier,
            alpha,
            tests,
            weight,
        }
    }

    fn judged(tiers: Vec<TierPlan>, drafts: Vec<TestDraft>) -> Judgement {
        judge(&JudgeCycle {
            cycle: 1,
            arm: Arm::Observed,
            alpha: 0.05,
            tiers,
            randomised: Vec::new(),
            drafts,
        })
    }

    fn q_of(judgement: &Judgement, name: &str) -> f64 {
        let id = HypothesisId::derive(name);
        judgement.records.iter().find(|record| record.id == id).unwrap().q
    }

    #[test]
    fn each_tier_is_a_family_of_its_own() {
        let tiers = vec![
            planned(Tier::Primary, 0.015, 2, 2.0),
            planned(Tier::Survey, 0.02, 4, 4.0),
            planned(Tier::FollowUp, 0.015, 1, 0.01),
        ];
        let drafts = vec![
            draft("asked", Tier::Primary, 1.0, 0.006),
            draft("asked too", Tier::Primary, 1.0, 0.5),
            draft("surveyed", Tier::Survey, 1.0, 0.006),
            draft("beside it", Tier::Survey, 1.0, 0.9),
            draft("followed", Tier::FollowUp, 0.01, 0.0001),
        ];
        let judgement = judged(tiers, drafts);
        // Holm among two, at .3 of the rate.
        assert!((q_of(&judgement, "asked") - 0.006 * 2.0 / 0.3).abs() < 1e-12);
        // Benjamini-Hochberg among four that were registered, of which two gave a p, at .4 of the rate.
        assert!((q_of(&judgement, "surveyed") - 0.006 * 4.0 / 0.4).abs() < 1e-12);
        // One of a hundred that could have been asked.
        assert!((q_of(&judgement, "followed") - 0.0001 * 100.0 / 0.3).abs() < 1e-12);
        let found: Vec<(Tier, u64, u64)> = judgement
            .families
            .iter()
            .map(|family| (family.tier, family.tests, family.significant))
            .collect();
        let expected = [(Tier::Primary, 2, 1), (Tier::Survey, 2, 0), (Tier::FollowUp, 1, 1)];
        assert_eq!(found, expected);
    }

    #[test]
    fn no_weight_makes_a_finding_of_a_p_above_the_rate() {
        let judgement = judged(
            vec![planned(Tier::Survey, 0.05, 2, 1.01)],
            vec![
                draft("heavy", Tier::Survey, 1.0, 0.06),
                draft("light", Tier::Survey, 0.01, 1e-9),
            ],
        );
        assert_eq!(q_of(&judgement, "heavy"), 0.06);
        assert!(q_of(&judgement, "light") < 0.05);
    }
}
