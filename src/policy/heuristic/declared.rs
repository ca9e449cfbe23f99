//! What the families' own rules propose: `[proposed]` in a `template.toml`, with no code here for any of them.

use super::{Interest, STAGES, follow_up::openness};
use crate::message::{Lead, ProposeHypotheses};
use crate::policy::{
    Rules,
    catalogue::{Catalogue, Class},
};
use crate::science::{Hypothesis, Part, Profile, Scores, Tier};

/// How far such a family is from what was tested before: as much as any other that has no place of its own.
const NOVELTY: f64 = 0.4;

/// The last cycle in which rules propose: one beyond those that have questions of their own, so that a rule by which
/// much follows does not keep a run from its end.
const LAST: u32 = STAGES + 1;

/// What follows by the rules from what looked promising in one data set.
pub(super) fn ideas(
    request: &ProposeHypotheses,
    rules: &Rules,
    catalogue: &Catalogue,
    dataset: &str,
    profile: &Profile,
) -> Vec<Hypothesis> {
    let mut ideas = Vec::new();
    if request.cycle > LAST {
        return ideas;
    }
    let interest = Interest::read(&request.plan, profile);
    for known in &request.leads {
        let crude = &known.hypothesis;
        if crude.dataset != dataset {
            continue;
        }
        for (kind, rule) in rules.iter().filter(|(_, rule)| rule.follows.contains(&crude.kind)) {
            // As the earlier test has them, which knows the target; turned where only that fits.
            let both = [(&crude.x, &crude.y), (&crude.y, &crude.x)];
            if let Some((x, y)) = both.into_iter().find(|(x, y)| rule.fits(profile, x, y)) {
                let named = interest.asks(x, y);
                let idea = Hypothesis {
                    kind: kind.clone(),
                    weight: catalogue.weight(&Class::Rule(kind.clone()), named),
                    statement: rule.statement(x, y),
                    directions: rule.directions(x, y),
                    rationale: rule.rationale.clone(),
                    ..follow(request, known, x, y)
                };
                ideas.push(idea.with_id());
            }
        }
    }
    ideas
}

/// A claim on two columns that follows from a test of them. Its direction is another matter than the one that was seen.
fn follow(request: &ProposeHypotheses, known: &Lead, x: &str, y: &str) -> Hypothesis {
    let crude = &known.hypothesis;
    Hypothesis {
        arm: request.arm,
        x: x.to_owned(),
        y: y.to_owned(),
        covariates: Vec::new(),
        by: None,
        event: None,
        part: Part::Whole,
        tier: Tier::FollowUp,
        predicted: None,
        parent: Some(crude.id.clone()),
        scores: Scores {
            information: openness(known),
            novelty: NOVELTY,
            ..crude.scores
        },
        weight: 1.0,
        proposed_by: None,
        analysis: None,
        ..crude.clone()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::policy::heuristic::propose;
    use crate::policy::rules::tests::rule;
    use crate::science::{ClaimId, HypothesisId};

    fn rules() -> Rules {
        [("wobble".to_owned(), rule())].into_iter().collect()
    }

    fn known(kind: &str, x: &str, y: &str, p: f64) -> Value {
        json!({
            "hypothesis": {
                "id": HypothesisId::derive(format!("{kind}-{x}-{y}")), "dataset": "d", "arm": "observed", "kind": kind, "x": x, "y": y,
                "part": "whole", "statement": "s", "predicted": "+", "parent": null, "rationale": "", "weight": 3.0,
                "scores": {"relevance": 0.8, "information": 1.0, "novelty": 1.0, "testability": 1.0},
                "proposed_by": "a-model",
            },
            "p": p, "direction": "+",
        })
    }

    fn request(cycle: u32, limit: usize, known: Vec<Value>) -> ProposeHypotheses {
        let column = |name: &str, role: &str| {
            let levels = (role == "binary").then(|| json!([{"level": "u", "n": 50}, {"level": "v", "n": 50}]));
            json!({"name": name, "role": role, "usable": name != "unusable", "missing": 0, "distinct": 90, "levels": levels})
        };
        serde_json::from_value(json!({
            "cycle": cycle, "arm": "observed", "limit": limit, "known": [], "leads": known, "tested": [],
            "plan": {
                "question": "q", "target": null, "datasets": [], "randomised": [], "seed": 1, "alpha": 0.05,
                "explore_share": 0.5, "explore_ratio": 0.3, "batch": 25, "follow_ups": 24, "shuffled_run": false,
                "permutations": 99, "check_rows": 1000, "max_cycles": 4, "max_experiments": 100, "max_tests": 100,
                "max_repairs": 2, "model": null,
            },
            "profiles": [["d", {
                "problem": null, "rows": 100, "split": {"possible": true},
                "columns": [column("a", "numeric"), column("b", "numeric"), column("g", "binary"),
                    column("unusable", "numeric"), column("twice_a", "numeric")],
                "tautologies": [{"x": "a", "y": "twice_a", "reason": "twice"}],
            }]],
        }))
        .unwrap()
    }

    fn wobbles(request: &ProposeHypotheses) -> Vec<Hypothesis> {
        let mut all = propose(request, &rules()).hypotheses;
        all.retain(|idea| idea.kind == "wobble");
        all
    }

    #[test]
    fn a_rule_proposes_what_follows_and_pays_for_all_that_it_could_have_proposed() {
        for cycle in [2, 3, 4] {
            let request = request(cycle, 24, vec![known("numeric_numeric", "a", "b", 1e-4)]);
            let [idea] = wobbles(&request).try_into().unwrap();
            assert_eq!((idea.x.as_str(), idea.y.as_str(), idea.part), ("a", "b", Part::Whole));
            assert_eq!(idea.statement, "`b` wobbles with `a`");
            assert_eq!(idea.directions["+"], "`b` wobbles more at higher `a`");
            assert_eq!(idea.parent, Some(HypothesisId::derive("numeric_numeric-a-b")));
            assert_eq!(
                (idea.predicted, idea.proposed_by, idea.tier),
                (None, None, Tier::FollowUp)
            );
            let weight = Catalogue::count(&request, &rules()).weight(&Class::Rule("wobble".to_owned()), false);
            assert!(weight > 0.0 && idea.weight == weight, "{weight}");
        }
        for cycle in [1, 5] {
            assert_eq!(
                wobbles(&request(cycle, 24, vec![known("numeric_numeric", "a", "b", 1e-4)])),
                []
            );
        }
    }

    #[test]
    fn what_was_found_in_other_data_is_put_to_the_test_on_all_rows() {
        let mut request = request(1, 24, Vec::new());
        let found = |y: &str| {
            json!({
                "claim": ClaimId::derive(y), "dataset": "d", "tested_on": "0", "run": "r", "statement": "s",
                "kind": "wobble", "x": "a", "y": y, "significant": true, "wording": "association", "direction": "-",
                "levels": null, "p": 0.001, "q": 0.01,
                "effect": {"name": "rho", "value": -0.5, "ci_low": -0.7, "ci_high": -0.2},
            })
        };
        request.elsewhere =
            serde_json::from_value(json!({"found": [found("b"), found("g")], "open": [], "refuted": []})).unwrap();
        let [idea] = wobbles(&request).try_into().unwrap();
        assert_eq!((idea.y.as_str(), idea.part), ("b", Part::Whole));
        assert_eq!(
            (idea.statement.as_str(), idea.predicted.as_deref()),
            ("`b` wobbles with `a`", Some("-"))
        );
        assert_eq!(idea.directions.len(), 2);
    }

    #[test]
    fn other_kinds_other_roles_and_pairs_by_construction_do_not_count() {
        let others = vec![
            known("group_numeric", "g", "b", 1e-4),
            known("numeric_numeric", "g", "b", 1e-4),
            known("numeric_numeric", "a", "unusable", 1e-4),
            known("numeric_numeric", "a", "twice_a", 1e-4),
            known("numeric_numeric", "a", "gone", 1e-4),
        ];
        assert_eq!(wobbles(&request(2, 24, others)), []);
    }

    #[test]
    fn columns_are_turned_where_only_that_fits() {
        let mut rule = rule();
        rule.follows = vec!["group_numeric".to_owned()];
        rule.y = vec![crate::science::Role::Binary];
        let rules: Rules = [("wobble".to_owned(), rule)].into_iter().collect();
        let request = request(2, 24, vec![known("group_numeric", "g", "b", 1e-4)]);
        let catalogue = Catalogue::count(&request, &rules);
        let found = ideas(&request, &rules, &catalogue, "d", &request.profiles[0].1);
        assert_eq!((found[0].x.as_str(), found[0].y.as_str()), ("b", "g"));
    }

    #[test]
    fn it_comes_after_the_built_in_follow_ups_within_the_limit_and_never_twice() {
        let both = || {
            vec![
                known("numeric_numeric", "a", "b", 1e-4),
                known("numeric_numeric", "b", "a", 1e-9),
                known("numeric_numeric", "b", "a", 1e-9),
            ]
        };
        let full = propose(&request(2, 24, both()), &rules()).hypotheses;
        let place = |idea: &Hypothesis| idea.kind == "wobble";
        let first = full.iter().position(place).unwrap();
        assert!(first > 0);
        // One for each order of the columns: which of them explains is part of the claim.
        let follow_ups: Vec<&Hypothesis> = full.iter().filter(|idea| idea.parent.is_some()).collect();
        assert_eq!(wobbles(&request(2, 24, both())).len(), 2);
        assert!(follow_ups.iter().rev().take(2).all(|idea| place(idea)));
        assert_eq!(wobbles(&request(2, first, both())), []);
        let mut again = request(3, 24, both());
        let tested: Vec<HypothesisId> = full.iter().flat_map(Hypothesis::ids_on_any_part).collect();
        again.tested = tested;
        assert_eq!(wobbles(&again), []);
    }
}
