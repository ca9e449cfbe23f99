//! The follow-ups that a run could ask for, counted before looking: from the question, the types of the columns and the
//! plan alone. Choosing among them by looking at results is paid for by this count: each follow-up owns its part of the
//! tier's error rate, and what was not asked counts as asked in vain.

use std::collections::{BTreeMap, BTreeSet};

use super::{Rules, heuristic::Interest, pair};
use crate::message::{PROPOSALS, ProposeHypotheses, ResearchPlan};
use crate::science::{Column, HypothesisKind, Profile, kind};

/// A kind of follow-up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// With the strongest common companion of both columns held fixed: one for each pair.
    Adjusted,
    /// With several of them held fixed at once: one for each pair.
    Jointly,
    /// Whether it depends on a third column: by the strongest companion, one for each pair; of a pair that the question
    /// names, by any other column.
    Moderated,
    /// Inside the levels of a third column: one for each pair.
    Strata,
    /// By steps of the exposure: one for each pair.
    Dose,
    /// By the rule of a family of its own: one for each pair.
    Rule(HypothesisKind),
    /// A pair that the first cycle had no room for.
    LeftOut,
}

/// The part of the tier that what cannot be counted has, where a model or an agent proposes.
const FREE: f64 = 0.25;

/// Moderators of one pair that the question names, at most.
pub(super) const MOST_MODERATORS: usize = 12;

/// How much of the tier's rate a class has, relative to the others.
fn part(class: &Class) -> f64 {
    match class {
        Class::Adjusted | Class::Jointly | Class::Moderated => 1.0,
        Class::Strata | Class::Dose | Class::Rule(_) => 0.5,
        Class::LeftOut => 0.1,
    }
}

/// How many follow-ups of a class there could be.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    /// Of all pairs.
    all: usize,
    /// Of the pairs that the question names.
    named: usize,
}

/// How many follow-ups of each class there could be.
#[derive(Debug, Clone)]
pub(super) struct Catalogue {
    sizes: BTreeMap<Class, Size>,
    /// The part of the tier that these classes have.
    counted: f64,
}

impl Catalogue {
    /// Counts over all tables.
    pub(super) fn count(request: &ProposeHypotheses, rules: &Rules) -> Self {
        let mut sizes: BTreeMap<Class, Size> = BTreeMap::new();
        for (_, profile) in &request.profiles {
            let table = Countable::of(profile, rules, Interest::read(&request.plan, profile));
            for (place, first) in table.usable.iter().copied().enumerate() {
                for second in table.usable.iter().copied().skip(place + 1) {
                    table.count_pair(first, second, &mut sizes);
                }
            }
        }
        let free = if free_per_cycle(&request.plan) != [0, 0] {
            FREE
        } else {
            0.0
        };
        Self {
            sizes,
            counted: 1.0 - free,
        }
    }

    /// The part of the tier's rate that a follow-up of this class owns. Half of what a class has belongs to the pairs
    /// that the question names.
    pub(super) fn weight(&self, class: &Class, named: bool) -> f64 {
        let total: f64 = self.sizes.keys().map(part).sum();
        let Some(size) = self.sizes.get(class) else {
            return 0.0;
        };
        let of_class = self.counted * part(class) / total;
        match (named, size.named) {
            (_, 0) => of_class / size.all as f64,
            (true, tests) => 0.5 * of_class / tests as f64,
            (false, _) => 0.5 * of_class / size.all as f64,
        }
    }
}

/// A table whose pairs are counted. What is the same for many pairs is found once: tables may have thousands of columns.
struct Countable<'p> {
    rules: &'p Rules,
    interest: Interest,
    usable: Vec<&'p Column>,
    /// Columns that make strata.
    strata: Vec<&'p str>,
    /// For each column, the others that tell of it by construction.
    kin: BTreeMap<&'p str, BTreeSet<&'p str>>,
    /// Durations with an event, and these events, which no pair is tested of.
    timed: BTreeSet<&'p str>,
}

impl<'p> Countable<'p> {
    fn of(profile: &'p Profile, rules: &'p Rules, interest: Interest) -> Self {
        let usable: Vec<&Column> = profile.columns.iter().filter(|column| column.usable).collect();
        let mut kin: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for pair in &profile.tautologies {
            kin.entry(&pair.x).or_default().insert(&pair.y);
            kin.entry(&pair.y).or_default().insert(&pair.x);
        }
        let strata = usable.iter().filter(|column| pair::makes_strata(column));
        Self {
            rules,
            interest,
            strata: strata.map(|column| column.name.as_str()).collect(),
            usable,
            kin,
            timed: profile
                .survival
                .iter()
                .flat_map(|pair| [&*pair.duration, &*pair.event])
                .collect(),
        }
    }

    fn is_kin(&self, a: &str, b: &str) -> bool {
        self.kin.get(a).is_some_and(|kin| kin.contains(b))
    }

    /// Columns beside two others, but for those that tell of one of them by construction.
    fn others(&self, x: &str, y: &str) -> usize {
        let kin = [x, y].into_iter().filter_map(|side| self.kin.get(side)).flatten();
        let beside: BTreeSet<&&str> = kin.filter(|name| **name != x && **name != y).collect();
        let usable = |name: &&&str| self.usable.iter().any(|column| column.name == ***name);
        (self.usable.len() - 2).saturating_sub(beside.iter().filter(|name| usable(name)).count())
    }

    /// Adds the follow-ups that a pair could have.
    fn count_pair(&self, first: &Column, second: &Column, sizes: &mut BTreeMap<Class, Size>) {
        let is_timed = |column: &Column| self.timed.contains(column.name.as_str());
        if self.is_kin(&first.name, &second.name) || is_timed(first) || is_timed(second) {
            return;
        }
        let Some((kind, x, y)) = pair::kind(first, second, &self.interest) else {
            return;
        };
        let named = self.interest.asks(&x.name, &y.name);
        let mut add = |class: Class, tests: usize| {
            let size = sizes.entry(class).or_default();
            size.all += tests;
            size.named += if named { tests } else { 0 };
        };
        add(Class::LeftOut, 1);
        let is_outcome = pair::is_outcome(y);
        let others = if is_outcome { self.others(&x.name, &y.name) } else { 0 };
        if others > 0 {
            add(Class::Adjusted, 1);
            add(Class::Moderated, if named { others.min(MOST_MODERATORS) } else { 1 });
        }
        if others > 1 {
            add(Class::Jointly, 1);
        }
        let apart = |name: &&&str| {
            let sides = [x.name.as_str(), y.name.as_str()];
            sides.iter().all(|side| *side != **name && !self.is_kin(side, name))
        };
        if kind == kind::NUMERIC_NUMERIC && self.strata.iter().any(|name| apart(&name)) {
            add(Class::Strata, 1);
        }
        if is_outcome && pair::is_graded(x) {
            add(Class::Dose, 1);
        }
        for (family, rule) in self.rules.iter() {
            let follows = |earlier: &str| earlier == kind || !pair::SIMPLE.contains(&earlier);
            let fits = rule.fits_roles(x, y) || rule.fits_roles(y, x);
            if fits && rule.follows.iter().any(|earlier| follows(earlier)) {
                add(Class::Rule(family.clone()), 1);
            }
        }
    }
}

/// The columns that the relation of two others may depend on, in the table's order.
pub(super) fn moderators<'p>(profile: &'p Profile, x: &Column, y: &Column) -> impl Iterator<Item = &'p Column> {
    let sides = [x.name.clone(), y.name.clone()];
    profile.columns.iter().filter(move |column| {
        let apart = |side: &String| *side != column.name && profile.find_tautology(side, &column.name).is_none();
        column.usable && sides.iter().all(apart)
    })
}

/// What may be proposed in a cycle without being counted, at most: claims for the built-in families, by a model and by
/// agents, and analyses that a model writes the code of.
fn free_per_cycle(plan: &ResearchPlan) -> [usize; 2] {
    let model = plan.model.as_ref();
    let proposes = |kinds: &[String]| kinds.iter().any(|kind| PROPOSALS.contains(&kind.as_str()));
    let of_agents = plan.agents.iter().any(|agent| proposes(&agent.publishes));
    let claims = model.map_or(0, |model| model.hypotheses) + if of_agents { plan.follow_ups } else { 0 };
    [claims, model.map_or(0, |model| model.analyses)]
}

/// The part of the tier's rate that a free proposal of a model or an agent owns. Claims and analyses have half of what
/// free proposals have, or all of it where there are none of the others; half of that is for the second cycle, half of
/// the rest for the third, and so on, shared among as many as a cycle takes.
pub(super) fn free_weight(plan: &ResearchPlan, cycle: u32, is_analysis: bool) -> f64 {
    let halvings = i32::try_from(cycle.saturating_sub(1)).unwrap_or(i32::MAX).min(1000);
    let [claims, analyses] = free_per_cycle(plan);
    let of_kind = if claims > 0 && analyses > 0 { 0.5 } else { 1.0 };
    match if is_analysis { analyses } else { claims } {
        0 => 0.0,
        tests => FREE * of_kind * 0.5_f64.powi(halvings) / tests as f64,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::policy::heuristic::propose;
    use crate::science::Tier;

    fn request(question: &str, cycle: u32, leads: Vec<Value>) -> ProposeHypotheses {
        let column =
            |name: &str| json!({"name": name, "role": "numeric", "usable": true, "missing": 0, "distinct": 90});
        let columns = ["height", "weight", "age", "income", "steps"].map(column);
        serde_json::from_value(json!({
            "cycle": cycle, "arm": "observed", "limit": 100, "known": [], "leads": leads, "tested": [],
            "plan": {
                "question": question, "target": null, "datasets": [], "randomised": [], "seed": 1, "alpha": 0.05,
                "explore_share": 0.5, "explore_ratio": 0.3, "batch": 25, "follow_ups": 24, "shuffled_run": false,
                "permutations": 99, "check_rows": 1000, "max_cycles": 4, "max_experiments": 100, "max_tests": 100,
                "max_repairs": 2, "model": null,
            },
            "profiles": [["d", {
                "problem": null, "rows": 100, "split": {"possible": true}, "tautologies": [],
                "columns": columns,
            }]],
        }))
        .unwrap()
    }

    fn lead(x: &str, y: &str, p: f64) -> Value {
        json!({
            "hypothesis": {
                "id": crate::science::HypothesisId::derive(format!("{x}-{y}")), "dataset": "d", "arm": "observed",
                "kind": "numeric_numeric", "x": x, "y": y, "part": "whole", "statement": "s", "predicted": null, "parent": null,
                "rationale": "", "weight": 1.0,
                "scores": {"relevance": 1.0, "information": 1.0, "novelty": 1.0, "testability": 1.0},
            },
            "p": p, "direction": "+",
        })
    }

    /// The parts of all follow-ups that could be asked.
    fn sum(catalogue: &Catalogue) -> f64 {
        let of_class = |(class, size): (&Class, &Size)| {
            catalogue.weight(class, false) * (size.all - size.named) as f64
                + catalogue.weight(class, true) * size.named as f64
        };
        catalogue.sizes.iter().map(of_class).sum()
    }

    #[test]
    fn what_all_could_own_is_no_more_than_the_tier_has() {
        let rules = Rules::default();
        for question in ["What is there?", "Does height go with weight?"] {
            let mut request = request(question, 2, Vec::new());
            let catalogue = Catalogue::count(&request, &rules);
            assert!(sum(&catalogue) <= 1.0 + 1e-12, "{question}");
            request.plan.model =
                Some(serde_json::from_value(json!({"hypotheses": 5, "analyses": 2, "max_repairs": 1})).unwrap());
            let of_cycle =
                |cycle| 5.0 * free_weight(&request.plan, cycle, false) + 2.0 * free_weight(&request.plan, cycle, true);
            let free: f64 = (2..60).map(of_cycle).sum();
            assert!((free - FREE).abs() < 1e-9, "{free}");
            assert!(
                sum(&Catalogue::count(&request, &rules)) + free <= 1.0 + 1e-12,
                "{question}"
            );
        }
    }

    #[test]
    fn half_of_each_class_belongs_to_what_the_question_names() {
        let catalogue = Catalogue::count(
            &request("Does height go with weight?", 2, Vec::new()),
            &Rules::default(),
        );
        let size = catalogue.sizes[&Class::Jointly];
        assert_eq!((size.all, size.named), (10, 1));
        let (named, other) = (
            catalogue.weight(&Class::Jointly, true),
            catalogue.weight(&Class::Jointly, false),
        );
        assert!((named / other - 10.0).abs() < 1e-9);
        let size = catalogue.sizes[&Class::Moderated];
        assert_eq!((size.all, size.named), (12, 3));
    }

    #[test]
    fn what_is_proposed_owns_what_was_counted_for_it() {
        let leads = vec![
            lead("height", "weight", 0.4),
            lead("height", "age", 1e-4),
            lead("weight", "age", 1e-4),
            lead("height", "income", 1e-4),
            lead("weight", "income", 1e-4),
        ];
        for cycle in [2, 3] {
            let request = request("Does height go with weight?", cycle, leads.clone());
            let rules = Rules::default();
            let catalogue = Catalogue::count(&request, &rules);
            let ideas = propose(&request, &rules).hypotheses;
            let follow_ups: Vec<_> = ideas.iter().filter(|idea| idea.parent.is_some()).collect();
            assert!(
                follow_ups
                    .iter()
                    .all(|idea| idea.tier == Tier::FollowUp && idea.weight > 0.0)
            );
            // The relation that the question names is followed up though its own test showed nothing.
            let (class, covariates) = if cycle == 2 {
                (Class::Adjusted, 1)
            } else {
                (Class::Jointly, 2)
            };
            let asked = follow_ups
                .iter()
                .find(|idea| idea.kind == kind::ADJUSTED && (idea.x.as_str(), idea.y.as_str()) == ("height", "weight"));
            let asked = asked.unwrap();
            assert_eq!(asked.covariates.len(), covariates);
            assert_eq!(asked.weight, catalogue.weight(&class, true));
            let total: f64 = follow_ups.iter().map(|idea| idea.weight).sum();
            assert!(total < 1.0, "{total}");
        }
    }
}
