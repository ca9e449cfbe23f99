//! What earlier runs of the project found in other data, as hypotheses for this one. It was chosen without a look at
//! these rows, so that it may be judged on all of them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::Interest;
use crate::message::{Known, ProposeHypotheses};
use crate::policy::{Rules, pair, statement::statement};
use crate::science::{ClaimId, Hypothesis, HypothesisId, Part, Profile, Scores, Tier, kind};

/// Kinds that the survey proposes by itself, for every pair.
const SURVEYED: [&str; 6] = [
    kind::NUMERIC_NUMERIC,
    kind::GROUP_NUMERIC,
    kind::NUMERIC_BINARY,
    kind::CATEGORICAL_CATEGORICAL,
    kind::PAIRED,
    kind::SURVIVAL,
];

/// Its weight in the error control: as much as what the question asks for.
const WEIGHT: f64 = 3.0;

/// Directions of what was found in other data, by table and claim.
pub(super) struct Found<'a>(BTreeMap<(&'a str, &'a ClaimId), Option<&'a str>>);

impl<'a> Found<'a> {
    pub(super) fn of(request: &'a ProposeHypotheses) -> Self {
        let mut found = BTreeMap::new();
        for known in &request.elsewhere.found {
            // The best comes first.
            let key = (known.dataset.as_str(), &known.claim);
            found.entry(key).or_insert(known.direction.as_deref());
        }
        Self(found)
    }

    /// The hypothesis with what is expected of it.
    pub(super) fn expect(&self, mut idea: Hypothesis) -> Hypothesis {
        if let Some(direction) = self.0.get(&(idea.dataset.as_str(), &idea.derive_claim_id())) {
            idea.predicted = direction.map(str::to_owned);
            if idea.tier == Tier::Survey {
                idea.weight = idea.weight.max(WEIGHT);
            }
            REASON.clone_into(&mut idea.rationale);
        }
        idea
    }
}

const REASON: &str = "an earlier run of the project found it in other data";

/// What was found beyond pairs of columns (with others held fixed, in strata, by dose), best first.
pub(super) fn beyond_pairs(
    request: &ProposeHypotheses,
    rules: &Rules,
    tested: &HashSet<&HypothesisId>,
) -> Vec<Hypothesis> {
    let mut seen = BTreeSet::new();
    let found = request.elsewhere.found.iter();
    let ideas = found.filter_map(|known| {
        let surveyed = SURVEYED.contains(&known.kind.as_str()) || known.kind == kind::CUSTOM;
        let (_, profile) = request.profiles.iter().find(|(name, _)| *name == known.dataset)?;
        let idea = (!surveyed).then(|| again(request, rules, known, profile)).flatten()?;
        (!tested.contains(&idea.id) && seen.insert(idea.id.clone())).then_some(idea)
    });
    ideas.collect()
}

/// The claim on this table; none where its columns do not allow it here.
fn again(request: &ProposeHypotheses, rules: &Rules, known: &Known, profile: &Profile) -> Option<Hypothesis> {
    let usable = |name: &String| profile.column_named(name).filter(|column| column.usable);
    let (x, y) = (usable(&known.x)?, usable(&known.y)?);
    let others: Vec<&String> = known.covariates.iter().chain(&known.by).collect();
    if !others.iter().all(|name| usable(name).is_some()) || profile.find_tautology(&x.name, &y.name).is_some() {
        return None;
    }
    let by = known.by.as_ref().and_then(usable);
    let fits = match known.kind.as_str() {
        kind::ADJUSTED | kind::INTERACTION => pair::is_outcome(y),
        kind::STRATIFIED => by.is_some_and(pair::makes_strata),
        kind::DOSE_RESPONSE => pair::is_graded(x) && pair::is_outcome(y),
        kind => rules.of(kind).is_some_and(|rule| rule.fits(profile, &x.name, &y.name)),
    };
    if !fits {
        return None;
    }
    let interest = Interest::read(&request.plan, profile);
    let mut idea = Hypothesis {
        id: HypothesisId::unnamed(),
        dataset: known.dataset.clone(),
        arm: request.arm,
        kind: known.kind.clone(),
        x: known.x.clone(),
        y: known.y.clone(),
        covariates: known.covariates.clone(),
        by: known.by.clone(),
        event: None,
        part: Part::Whole,
        statement: String::new(),
        predicted: known.direction.clone().filter(|way| way == "+" || way == "-"),
        parent: None,
        rationale: REASON.to_owned(),
        scores: Scores {
            novelty: 0.0,
            ..pair::scores(&interest, profile, x, y)
        },
        tier: Tier::Survey,
        weight: WEIGHT,
        proposed_by: None,
        analysis: None,
        directions: BTreeMap::new(),
    };
    match rules.of(&idea.kind) {
        Some(rule) => {
            idea.statement = rule.statement(&idea.x, &idea.y);
            idea.directions = rule.directions(&idea.x, &idea.y);
        }
        None => idea.statement = statement(&idea),
    }
    Some(idea.with_id())
}
