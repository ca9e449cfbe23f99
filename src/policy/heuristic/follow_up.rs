//! Later cycles: what follows from the tests so far, on all rows. Each follow-up is counted against all that could have
//! been asked (`catalogue`), so that choosing after looking is paid for.
//!
//! The second cycle looks behind associations (one confounder held fixed, strata, dose), the third further (all
//! confounders at once, moderators). What the question names is followed up whatever its test showed, its moderators
//! already in the second. Families with a
//! rule of their own come after these, in `declared`. Part of each cycle goes to pairs that nothing pointed to.

use std::collections::{BTreeMap, HashSet};

use super::{Interest, declared, survey::untested_pairs};
use crate::message::{HypothesesProposed, Lead, ModelAnswers, ProposeHypotheses};
use crate::policy::{
    Rules,
    catalogue::{Catalogue, Class, MOST_MODERATORS, moderators},
    pair,
    statement::statement,
};
use crate::science::{Hypothesis, HypothesisId, Part, Profile, Scores, Tier, kind};

/// Proposals that follow from what is known.
pub(super) fn propose(request: &ProposeHypotheses, rules: &Rules) -> HypothesesProposed {
    let tested: HashSet<&HypothesisId> = request.tested.iter().collect();
    let catalogue = Catalogue::count(request, rules);
    let tables = || request.profiles.iter();
    let built_in =
        tables().flat_map(|(name, profile)| Ideas::of(request, &catalogue, name, profile).all(request.cycle));
    let declared = tables().flat_map(|(name, profile)| declared::ideas(request, rules, &catalogue, name, profile));
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
    for pair in &mut surveyed {
        pair.tier = Tier::FollowUp;
        pair.weight = catalogue.weight(&Class::LeftOut, false);
    }
    let exploit_slots = request.limit.saturating_sub(surveyed.len().min(explore_slots));
    ideas.truncate(exploit_slots);
    let room = request.limit - ideas.len();
    beyond += surveyed.len().saturating_sub(room) as u64;
    surveyed.truncate(room);
    let rationale = match (ideas.len(), surveyed.len()) {
        (0, 0) => "nothing new is left to ask",
        (_, 0) => "what the tests so far suggested about the associations found",
        (0, _) => "pairs that were left out so far",
        _ => "what the tests so far suggested, and pairs that were left out so far",
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

/// A p at which two columns go together.
const SEEN: f64 = 0.05;

/// What is known of one data set, ready to be combined.
struct Ideas<'a> {
    request: &'a ProposeHypotheses,
    catalogue: &'a Catalogue,
    profile: &'a Profile,
    interest: Interest,
    /// Simple associations that were seen or asked for, strongest first.
    crude: Vec<&'a Lead>,
    /// p of those that were seen, by the two columns in order of name.
    strength: BTreeMap<(&'a str, &'a str), f64>,
}

impl<'a> Ideas<'a> {
    fn of(request: &'a ProposeHypotheses, catalogue: &'a Catalogue, dataset: &str, profile: &'a Profile) -> Self {
        let mut crude: Vec<&Lead> = request
            .leads
            .iter()
            .filter(|known| {
                known.hypothesis.dataset == dataset && pair::SIMPLE.contains(&known.hypothesis.kind.as_str())
            })
            .collect();
        crude.sort_by(|a, b| a.p.total_cmp(&b.p).then_with(|| a.hypothesis.id.cmp(&b.hypothesis.id)));
        let strength = crude
            .iter()
            .filter(|known| known.p < SEEN)
            .map(|known| (ordered(&known.hypothesis.x, &known.hypothesis.y), known.p))
            .collect();
        Self {
            request,
            catalogue,
            profile,
            interest: Interest::read(&request.plan, profile),
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
                    // Strata of a column already hold it fixed: without a question about it, once is enough.
                    let by = strata.as_ref().and_then(|idea| idea.by.clone());
                    let named = self.interest.asks(&known.hypothesis.x, &known.hypothesis.y);
                    let fixed = confounders.first().filter(|z| named || by.as_deref() != Some(**z));
                    ideas.extend(fixed.and_then(|z| self.adjusted(known, &Class::Adjusted, &[z])));
                    ideas.extend(strata);
                    ideas.extend(self.dose(known));
                    // Where the two do not go together by themselves, nothing else would lead to a third column.
                    if named {
                        ideas.extend(self.moderated(known, &confounders));
                    }
                }
                3 => {
                    let most: Vec<&str> = confounders.iter().copied().take(pair::MOST_CONFOUNDERS).collect();
                    if most.len() > 1 {
                        ideas.extend(self.adjusted(known, &Class::Jointly, &most));
                    }
                    ideas.extend(self.moderated(known, &confounders));
                }
                _ => {}
            }
        }
        ideas
    }

    /// Columns that go with both sides of an association, by the weaker of the two links, strongest first.
    fn confounders(&self, known: &Lead) -> Vec<&'a str> {
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

    fn adjusted(&self, known: &Lead, class: &Class, covariates: &[&str]) -> Option<Hypothesis> {
        if !pair::is_outcome(self.profile.column_named(&known.hypothesis.y)?) {
            return None;
        }
        let mut covariates: Vec<String> = covariates.iter().map(|name| (*name).to_owned()).collect();
        covariates.sort();
        Some(self.follow(
            known,
            (kind::ADJUSTED, class),
            "a confounder could explain the association",
            |idea| idea.covariates = covariates,
        ))
    }

    fn strata(&self, known: &Lead, confounders: &[&str]) -> Option<Hypothesis> {
        if known.hypothesis.kind != kind::NUMERIC_NUMERIC {
            return None;
        }
        let by = confounders
            .iter()
            .find(|name| self.profile.column_named(name).is_some_and(pair::makes_strata))?;
        Some(self.follow(
            known,
            (kind::STRATIFIED, &Class::Strata),
            "the association could differ or turn round inside groups",
            |idea| {
                idea.by = Some((*by).to_owned());
            },
        ))
    }

    fn dose(&self, known: &Lead) -> Option<Hypothesis> {
        let x = self.profile.column_named(&known.hypothesis.x)?;
        let graded = pair::is_graded(x) && pair::is_outcome(self.profile.column_named(&known.hypothesis.y)?);
        graded.then(|| {
            self.follow(
                known,
                (kind::DOSE_RESPONSE, &Class::Dose),
                "a cause would show a steady trend",
                |_| {},
            )
        })
    }

    /// Whether it depends on a third column: on the strongest companion; of a relation that the question names, on any
    /// other column.
    fn moderated(&self, known: &Lead, confounders: &[&'a str]) -> Vec<Hypothesis> {
        let column = |name: &str| self.profile.column_named(name);
        let (Some(x), Some(y)) = (column(&known.hypothesis.x), column(&known.hypothesis.y)) else {
            return Vec::new();
        };
        if !pair::is_outcome(y) {
            return Vec::new();
        }
        let third: Vec<&str> = match self.interest.asks(&x.name, &y.name) {
            true => moderators(self.profile, x, y)
                .take(MOST_MODERATORS)
                .map(|column| column.name.as_str())
                .collect(),
            false => confounders.iter().copied().take(1).collect(),
        };
        let moderated = third.into_iter().map(|by| {
            self.follow(
                known,
                (kind::INTERACTION, &Class::Moderated),
                "the association could depend on a third column",
                |idea| {
                    idea.by = Some(by.to_owned());
                    idea.predicted = None;
                    pair::order_moderator(idea);
                },
            )
        });
        moderated.collect()
    }

    fn follow(
        &self,
        known: &Lead,
        (kind, class): (&str, &Class),
        rationale: &str,
        refine: impl FnOnce(&mut Hypothesis),
    ) -> Hypothesis {
        let crude = &known.hypothesis;
        let direction = known.direction.clone().filter(|way| way == "+" || way == "-");
        let named = self.interest.asks(&crude.x, &crude.y);
        let mut idea = Hypothesis {
            kind: kind.to_owned(),
            part: Part::Whole,
            tier: Tier::FollowUp,
            parent: Some(crude.id.clone()),
            rationale: rationale.to_owned(),
            predicted: direction,
            scores: Scores {
                information: openness(known),
                novelty: novelty(kind),
                ..crude.scores
            },
            arm: self.request.arm,
            weight: self.catalogue.weight(class, named),
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
pub(super) fn openness(known: &Lead) -> f64 {
    (-known.p.max(1e-12).log10() / 12.0).clamp(0.0, 1.0)
}

fn novelty(kind: &str) -> f64 {
    match kind {
        kind::ADJUSTED => 0.9,
        kind::STRATIFIED => 0.8,
        kind::INTERACTION => 0.6,
        _ => 0.4,
    }
}

fn ordered<'s>(a: &'s str, b: &'s str) -> (&'s str, &'s str) {
    if a <= b { (a, b) } else { (b, a) }
}
