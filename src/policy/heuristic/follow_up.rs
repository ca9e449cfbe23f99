//! Later cycles: what the explore part of the rows suggested, to be judged on the rows held back.
//!
//! The second cycle looks behind associations (one confounder held fixed, strata, dose), the third further (all
//! confounders at once, moderators). Families with a rule of their own come after these, in `declared`. Part of each
//! cycle goes to pairs that nothing pointed to.

use std::collections::{BTreeMap, HashSet};

use super::{declared, survey::untested_pairs};
use crate::message::{HypothesesProposed, KnownTest, ModelAnswers, ProposeHypotheses};
use crate::policy::{Rules, pair, statement::statement};
use crate::science::{Hypothesis, HypothesisId, Part, Profile, Scores, kind};

/// Proposals that follow from what is known.
pub(super) fn propose(request: &ProposeHypotheses, rules: &Rules) -> HypothesesProposed {
    let tested: HashSet<&HypothesisId> = request.tested.iter().collect();
    let tables = || request.profiles.iter().filter(|(_, profile)| profile.split.possible);
    let built_in = tables().flat_map(|(name, profile)| Ideas::of(request, name, profile).all(request.cycle));
    let declared = tables().flat_map(|(name, profile)| declared::ideas(request, rules, name, profile));
    let mut ideas = ranked(built_in);
    ideas.extend(ranked(declared));
    let mut seen = HashSet::new();
    ideas.retain(|idea| !tested.contains(&idea.id) && seen.insert(idea.id.clone()));

    let explore_slots = (request.limit as f64 * request.plan.explore_ratio).round() as usize;
    let (mut surveyed, mut beyond) = untested_pairs(
        request,
        &tested,
        explore_slots.max(request.limit.saturating_sub(ideas.len())),
    );
    let exploit_slots = request.limit.saturating_sub(surveyed.len().min(explore_slots));
    ideas.truncate(exploit_slots);
    let room = request.limit - ideas.len();
    beyond += surveyed.len().saturating_sub(room) as u64;
    surveyed.truncate(room);
    let rationale = match (ideas.len(), surveyed.len()) {
        (0, 0) => "nothing new is left to ask",
        (_, 0) => "what the first part of the rows suggested about the associations found",
        (0, _) => "pairs that were left out so far",
        _ => "what the first part of the rows suggested, and pairs that were left out so far",
    };
    ideas.extend(surveyed);
    HypothesesProposed {
        cycle: request.cycle,
        arm: request.arm,
        hypotheses: ideas,
        left_out: beyond,
        rationale: rationale.to_owned(),
        remarks: Vec::new(),
        model: ModelAnswers::default(),
    }
}

/// Best first.
fn ranked(ideas: impl Iterator<Item = Hypothesis>) -> Vec<Hypothesis> {
    let mut ideas: Vec<Hypothesis> = ideas.collect();
    ideas.sort_by(|a, b| {
        b.scores
            .combined_score()
            .total_cmp(&a.scores.combined_score())
            .then_with(|| a.id.cmp(&b.id))
    });
    ideas
}

/// What is known of one data set, ready to be combined.
struct Ideas<'a> {
    request: &'a ProposeHypotheses,
    profile: &'a Profile,
    /// Simple associations seen on the explore part, strongest first.
    crude: Vec<&'a KnownTest>,
    /// p on the explore part, by the two columns in order of name.
    strength: BTreeMap<(&'a str, &'a str), f64>,
}

impl<'a> Ideas<'a> {
    fn of(request: &'a ProposeHypotheses, dataset: &str, profile: &'a Profile) -> Self {
        let mut crude: Vec<&KnownTest> = request
            .known
            .iter()
            .filter(|known| {
                known.hypothesis.dataset == dataset && pair::SIMPLE.contains(&known.hypothesis.kind.as_str())
            })
            .collect();
        crude.sort_by(|a, b| {
            p_of(a)
                .total_cmp(&p_of(b))
                .then_with(|| a.hypothesis.id.cmp(&b.hypothesis.id))
        });
        let strength = crude
            .iter()
            .map(|known| (ordered(&known.hypothesis.x, &known.hypothesis.y), p_of(known)))
            .collect();
        Self {
            request,
            profile,
            crude,
            strength,
        }
    }

    fn all(&self, cycle: u32) -> Vec<Hypothesis> {
        let mut ideas = Vec::new();
        for known in &self.crude {
            let confounders = self.confounders(known);
            match cycle {
                2 => {
                    let strata = self.strata(known, &confounders);
                    // Strata of a column already hold it fixed: the same test is not made twice.
                    let by = strata.as_ref().and_then(|idea| idea.by.clone());
                    let fixed = confounders.first().filter(|z| by.as_deref() != Some(**z));
                    ideas.extend(fixed.and_then(|z| self.adjusted(known, &[z])));
                    ideas.extend(strata);
                    ideas.extend(self.dose(known));
                }
                3 => {
                    let most: Vec<&str> = confounders.iter().copied().take(pair::MOST_COVARIATES).collect();
                    if most.len() > 1 {
                        ideas.extend(self.adjusted(known, &most));
                    }
                    ideas.extend(self.moderated(known, &confounders));
                }
                _ => {}
            }
        }
        ideas
    }

    /// Columns that go with both sides of an association, by the weaker of the two links, strongest first.
    fn confounders(&self, known: &KnownTest) -> Vec<&'a str> {
        let (x, y) = (known.hypothesis.x.as_str(), known.hypothesis.y.as_str());
        let mut found: Vec<(f64, &'a str)> = self
            .profile
            .columns
            .iter()
            .filter(|column| column.usable && column.name != x && column.name != y)
            .filter_map(|column| {
                let with_x = self.strength.get(&ordered(x, &column.name))?;
                let with_y = self.strength.get(&ordered(y, &column.name))?;
                Some((with_x.max(*with_y), column.name.as_str()))
            })
            .collect();
        found.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(b.1)));
        found.into_iter().map(|(_, name)| name).collect()
    }

    fn adjusted(&self, known: &KnownTest, covariates: &[&str]) -> Option<Hypothesis> {
        if !pair::is_outcome(self.profile.column_named(&known.hypothesis.y)?) {
            return None;
        }
        let mut covariates: Vec<String> = covariates.iter().map(|name| (*name).to_owned()).collect();
        covariates.sort();
        Some(self.follow(
            known,
            kind::ADJUSTED,
            "a confounder could explain the association",
            |idea| idea.covariates = covariates,
        ))
    }

    fn strata(&self, known: &KnownTest, confounders: &[&str]) -> Option<Hypothesis> {
        if known.hypothesis.kind != kind::NUMERIC_NUMERIC {
            return None;
        }
        let by = confounders
            .iter()
            .find(|name| self.profile.column_named(name).is_some_and(pair::makes_strata))?;
        Some(self.follow(
            known,
            kind::STRATIFIED,
            "the association could differ or turn round inside groups",
            |idea| {
                idea.by = Some((*by).to_owned());
            },
        ))
    }

    fn dose(&self, known: &KnownTest) -> Option<Hypothesis> {
        let x = self.profile.column_named(&known.hypothesis.x)?;
        let graded = pair::is_graded(x) && pair::is_outcome(self.profile.column_named(&known.hypothesis.y)?);
        graded.then(|| self.follow(known, kind::DOSE_RESPONSE, "a cause would show a steady trend", |_| {}))
    }

    fn moderated(&self, known: &KnownTest, confounders: &[&str]) -> Option<Hypothesis> {
        if !pair::is_outcome(self.profile.column_named(&known.hypothesis.y)?) {
            return None;
        }
        let by = confounders.first()?;
        Some(self.follow(
            known,
            kind::INTERACTION,
            "the association could depend on a third column",
            |idea| {
                idea.by = Some((*by).to_owned());
                idea.predicted = None;
                pair::order_moderator(idea);
            },
        ))
    }

    fn follow(
        &self,
        known: &KnownTest,
        kind: &str,
        rationale: &str,
        refine: impl FnOnce(&mut Hypothesis),
    ) -> Hypothesis {
        let crude = &known.hypothesis;
        let direction = known.explore.direction.clone().filter(|way| way == "+" || way == "-");
        let mut idea = Hypothesis {
            kind: kind.to_owned(),
            part: Part::Confirm,
            parent: Some(crude.id.clone()),
            rationale: rationale.to_owned(),
            predicted: direction,
            scores: Scores {
                information: openness(known),
                novelty: novelty(kind),
                ..crude.scores
            },
            arm: self.request.arm,
            weight: 1.0,
            // The pair may be a model's; what follows from it is not.
            proposed_by: None,
            ..crude.clone()
        };
        refine(&mut idea);
        idea.statement = statement(&idea);
        idea.with_id()
    }
}

/// The strongest associations are the ones whose explanation matters most.
pub(super) fn openness(known: &KnownTest) -> f64 {
    (-p_of(known).max(1e-12).log10() / 12.0).clamp(0.0, 1.0)
}

fn novelty(kind: &str) -> f64 {
    match kind {
        kind::ADJUSTED => 0.9,
        kind::STRATIFIED => 0.8,
        kind::INTERACTION => 0.6,
        _ => 0.4,
    }
}

fn p_of(known: &KnownTest) -> f64 {
    known.explore.p.unwrap_or(1.0)
}

fn ordered<'s>(a: &'s str, b: &'s str) -> (&'s str, &'s str) {
    if a <= b { (a, b) } else { (b, a) }
}
