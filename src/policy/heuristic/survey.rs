//! The first cycle: every pair of columns that may be tested, ranked by the question and the columns'
//! types. Nothing here looks at how columns go together, so the family may be judged on all rows.

use std::collections::{BTreeSet, HashSet};

use super::{Interest, described, primary, replicate};
use crate::message::{HypothesesProposed, ModelAnswers, ProposeHypotheses};
use crate::policy::{Rules, pair, statement::statement};
use crate::science::{Arm, Column, Hypothesis, HypothesisId, HypothesisKind, Part, Profile, Scores, Tier, kind};

/// A pair that may be tested, before it is spelt out.
struct Candidate<'a> {
    dataset: &'a str,
    kind: &'static str,
    x: &'a Column,
    y: &'a Column,
    unit: Option<&'a str>,
    scores: Scores,
    predicted: Option<&'static str>,
    /// The question asks for it by name.
    asked: bool,
    /// It is what the question asks for, and not the same with columns held fixed.
    primary: bool,
}

/// The pairs of all data sets, best first.
pub(super) fn propose(request: &ProposeHypotheses, rules: &Rules) -> HypothesesProposed {
    let tested: HashSet<&HypothesisId> = request.tested.iter().collect();
    let mut hypotheses = described::propose(request, &tested);
    hypotheses.extend(primary::propose(request, &tested));
    hypotheses.extend(replicate::beyond_pairs(request, rules, &tested));
    let again = hypotheses.len();
    hypotheses.truncate(request.limit);
    let beyond = (again - hypotheses.len()) as u64;
    let (pairs, left_out) = untested_pairs(request, &tested, request.limit - hypotheses.len());
    hypotheses.extend(pairs);
    let rationale = match (request.elsewhere.found.is_empty(), tested.is_empty()) {
        (false, _) => {
            "what earlier runs of the project found in other data, and every pair of columns that can be tested"
        }
        (true, false) => "every pair of columns that earlier runs of the project have not tested on this data",
        (true, true) => "every pair of columns that can be tested, the question's own first",
    };
    HypothesesProposed {
        cycle: request.cycle,
        arm: request.arm,
        hypotheses,
        left_out: left_out + beyond,
        rationale: rationale.to_owned(),
        remarks: Vec::new(),
        model: ModelAnswers::default(),
    }
}

/// Up to `limit` pairs that are not in `tested`, best first, and how many more there are.
pub(super) fn untested_pairs(
    request: &ProposeHypotheses,
    tested: &HashSet<&HypothesisId>,
    limit: usize,
) -> (Vec<Hypothesis>, u64) {
    let mut candidates: Vec<Candidate<'_>> = request
        .profiles
        .iter()
        .flat_map(|(name, profile)| candidates(request, name, profile))
        .collect();
    candidates.sort_by(|a, b| {
        let by_score = b.scores.combined_score().total_cmp(&a.scores.combined_score());
        b.asked.cmp(&a.asked).then(by_score)
    });
    let found = replicate::Found::of(request);
    let mut fresh = candidates
        .iter()
        .map(|candidate| found.expect(spell_out(candidate, request.arm)))
        .filter(|hypothesis| !tested.contains(&hypothesis.id));
    let chosen: Vec<Hypothesis> = fresh.by_ref().take(limit).collect();
    let left_out = if tested.is_empty() {
        candidates.len() - chosen.len()
    } else {
        fresh.count()
    };
    (chosen, left_out as u64)
}

fn candidates<'a>(request: &ProposeHypotheses, dataset: &'a str, profile: &'a Profile) -> Vec<Candidate<'a>> {
    let interest = Interest::read(&request.plan, profile);
    let tautologies: BTreeSet<(&str, &str)> = profile
        .tautologies
        .iter()
        .flat_map(|pair| [(pair.x.as_str(), pair.y.as_str()), (pair.y.as_str(), pair.x.as_str())])
        .collect();
    let usable: Vec<&Column> = profile.columns.iter().filter(|column| column.usable).collect();
    let mut candidates = Vec::new();
    let mut push = |kind: &'static str, x: &'a Column, y: &'a Column, unit: Option<&'a str>| {
        let predicted = interest
            .direction
            .filter(|_| interest.is_outcome(&y.name) && interest.names(&x.name) && kind != kind::GROUP_NUMERIC);
        let scores = pair::scores(&interest, profile, x, y);
        candidates.push(Candidate {
            dataset,
            kind,
            x,
            y,
            unit,
            scores,
            predicted,
            asked: interest.asks(&x.name, &y.name),
            primary: interest.asks(&x.name, &y.name) && primary::plan(&interest, profile, x, y).is_empty(),
        });
    };
    for (place, first) in usable.iter().copied().enumerate() {
        for second in usable.iter().copied().skip(place + 1) {
            if primary::plans_design(&interest, profile, first, second) {
                continue;
            }
            let by_construction = tautologies.contains(&(first.name.as_str(), second.name.as_str()));
            let is_timed = profile.is_timed_event(&first.name) || profile.is_timed_event(&second.name);
            if by_construction || is_timed || profile.are_tested_elsewhere(first, second) {
                continue;
            }
            if let Some((kind, x, y, of)) = pair::count_kind(profile, first, second, &interest) {
                push(kind, x, y, Some(of));
            } else if let Some((kind, x, y)) = pair::kind(first, second, &interest) {
                push(kind, x, y, None);
            }
        }
    }
    for pair in &profile.paired {
        if let (Some(x), Some(y)) = (profile.column_named(&pair.x), profile.column_named(&pair.y))
            && !profile.are_tested_elsewhere(x, y)
        {
            push(kind::PAIRED, x, y, pair.unit.as_deref());
        }
    }
    for survival in &profile.survival {
        let (Some(duration), Some(event)) = (
            profile.column_named(&survival.duration),
            profile.column_named(&survival.event),
        ) else {
            continue;
        };
        for x in usable.iter().copied() {
            let own = x.name == duration.name || x.name == event.name;
            let taut = tautologies.contains(&(x.name.as_str(), duration.name.as_str()))
                || tautologies.contains(&(x.name.as_str(), event.name.as_str()));
            let elsewhere = profile.are_tested_elsewhere(x, duration);
            if !own && !taut && !elsewhere {
                push(kind::SURVIVAL, x, duration, Some(survival.event.as_str()));
            }
        }
    }
    candidates
}

fn spell_out(candidate: &Candidate<'_>, arm: Arm) -> Hypothesis {
    let kind: HypothesisKind = candidate.kind.to_owned();
    let survival = candidate.kind == kind::SURVIVAL;
    let mut hypothesis = Hypothesis {
        id: HypothesisId::unnamed(),
        dataset: candidate.dataset.to_owned(),
        arm,
        kind,
        x: candidate.x.name.clone(),
        y: candidate.y.name.clone(),
        covariates: Vec::new(),
        by: candidate.unit.filter(|_| !survival).map(str::to_owned),
        event: candidate.unit.filter(|_| survival).map(str::to_owned),
        part: Part::Whole,
        statement: String::new(),
        predicted: candidate.predicted.map(str::to_owned),
        parent: None,
        rationale: "a pair of the first survey".to_owned(),
        scores: candidate.scores,
        tier: if candidate.primary { Tier::Primary } else { Tier::Survey },
        weight: if candidate.primary {
            1.0
        } else {
            pair::weight(candidate.scores.relevance)
        },
        proposed_by: None,
        analysis: None,
        directions: pair::time_directions(candidate.kind, candidate.x, candidate.y),
    };
    hypothesis.statement = statement(&hypothesis);
    hypothesis.with_id()
}
