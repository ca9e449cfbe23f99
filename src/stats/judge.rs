//! The verdict on a cycle's family.

use super::{
    agreement::{self, Judged},
    weighted_q_values, wording,
};
use crate::message::{JudgeCycle, TestDraft};
use crate::science::{Caveat, Effect, FamilyRecord, PartEstimate, PartResult, TestRecord, Untested};

/// Verdicts and what could not be judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    #[allow(missing_docs)]
    pub family: FamilyRecord,
    /// By q, p and id.
    pub records: Vec<TestRecord>,
    /// By id.
    pub untested: Vec<Untested>,
}

/// Both parts of the rows must show an association at this level, in the same direction, for it to count
/// as replicated.
const REPLICATION_LEVEL: f64 = 0.05;

/// Judges every draft of a cycle and arm as one family. A pure function: the order of the drafts does
/// not matter.
pub fn judge(request: &JudgeCycle) -> Judgement {
    let mut drafts: Vec<&TestDraft> = request.drafts.iter().collect();
    drafts.sort_by(|a, b| a.hypothesis.id.cmp(&b.hypothesis.id));
    let mut judged = Vec::new();
    let mut untested = Vec::new();
    for draft in drafts {
        match agreement::judged(draft) {
            Ok(found) => judged.push((draft, found)),
            Err(reason) => untested.push(not_judged(draft, request.cycle, reason)),
        }
    }
    let tests: Vec<(f64, f64)> = judged
        .iter()
        .map(|(draft, found)| (found.p, draft.hypothesis.weight))
        .collect();
    // Reported on the run's own scale: a family with a smaller share needs a smaller q to count.
    let scale = if request.family_alpha > 0.0 {
        request.alpha / request.family_alpha
    } else {
        f64::INFINITY
    };
    let mut records: Vec<TestRecord> = judged
        .iter()
        .zip(weighted_q_values(&tests))
        .map(|((draft, found), q)| record(draft, found, (q * scale).min(1.0), request))
        .collect();
    records.sort_by(|a, b| {
        a.q.total_cmp(&b.q)
            .then(a.p.total_cmp(&b.p))
            .then_with(|| a.id.cmp(&b.id))
    });
    let family = FamilyRecord {
        cycle: request.cycle,
        arm: request.arm,
        alpha: request.family_alpha,
        tests: records.len() as u64,
        significant: records.iter().filter(|record| record.significant).count() as u64,
    };
    Judgement {
        family,
        records,
        untested,
    }
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
