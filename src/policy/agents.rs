//! What agents that are folders propose: held to the same rules as the ideas of a model.

use super::llm::{
    admit::Admission,
    ideas::{Idea, IdeaKind, Predicted},
};
use crate::message::{
    AgentName, AgentProposal, ModelPlan, ProposeHypotheses, ProposedAnalysis, ProposedFamily, ProposedHypothesis,
    ProposedKind,
};
use crate::science::Hypothesis;

/// The hypotheses that a proposal comes to, named by the agent: of an analysis with several exposures one for each.
///
/// # Errors
/// Why it cannot be tested, in a sentence. A proposal is admitted as a whole or not at all.
pub(crate) fn admit(
    request: &ProposeHypotheses,
    agent: &AgentName,
    proposal: &AgentProposal,
) -> Result<Vec<Hypothesis>, String> {
    let (dataset, ideas) = match proposal {
        AgentProposal::Hypothesis(proposed) => (&proposed.dataset, vec![idea_of_hypothesis(proposed)]),
        AgentProposal::Analysis(proposed) => (&proposed.dataset, ideas_of_analysis(proposed)?),
    };
    let mut request = request.clone();
    request.profiles.retain(|(name, _)| name == dataset);
    if request.profiles.is_empty() {
        return Err(format!("`{dataset}` is no table of this run"));
    }
    let room = ModelPlan {
        hypotheses: usize::MAX,
        analyses: 0,
        max_repairs: 0,
    };
    let admission = Admission::new(&request, &room);
    let admission = match proposal {
        AgentProposal::Hypothesis(_) => admission,
        AgentProposal::Analysis(_) => admission.with_named_outcome(),
    };
    let admit_idea = |idea: &Idea| {
        let found = admission.hypothesis(idea, agent.as_str())?;
        match admission.is_tested(&found) {
            true => Err(format!("{} was tested before", found.statement)),
            false => Ok(found),
        }
    };
    ideas.iter().map(admit_idea).collect()
}

fn idea_of_hypothesis(proposed: &ProposedHypothesis) -> Idea {
    Idea {
        kind: match proposed.kind {
            ProposedKind::Association => IdeaKind::Association,
            ProposedKind::Adjusted => IdeaKind::Adjusted,
            ProposedKind::Stratified => IdeaKind::Stratified,
            ProposedKind::Interaction => IdeaKind::Interaction,
            ProposedKind::DoseResponse => IdeaKind::DoseResponse,
        },
        x: proposed.x.clone(),
        y: proposed.y.clone(),
        covariates: proposed.covariates.clone(),
        by: proposed.by.clone(),
        event: None,
        // Ours, which claims no more than the test can tell.
        statement: String::new(),
        predicted: read_direction(proposed.predicted.as_deref()),
        rationale: proposed.rationale.clone(),
    }
}

/// One idea for each exposure, with the others held fixed: the coefficients of a model with all of them.
fn ideas_of_analysis(proposed: &ProposedAnalysis) -> Result<Vec<Idea>, String> {
    let holds_fixed = !proposed.given.is_empty() || proposed.exposures.len() > 1;
    let family = proposed.family.unwrap_or(match (&proposed.moderator, holds_fixed) {
        (Some(_), _) => ProposedFamily::Interaction,
        (None, true) => ProposedFamily::Adjusted,
        (None, false) => ProposedFamily::Association,
    });
    let kind = match family {
        ProposedFamily::Association => IdeaKind::Association,
        ProposedFamily::Adjusted => IdeaKind::Adjusted,
        ProposedFamily::Stratified => IdeaKind::Stratified,
        ProposedFamily::Interaction => IdeaKind::Interaction,
        ProposedFamily::DoseResponse => IdeaKind::DoseResponse,
        ProposedFamily::Paired => IdeaKind::Paired,
        ProposedFamily::Survival => IdeaKind::Survival,
    };
    let takes_moderator = matches!(family, ProposedFamily::Stratified | ProposedFamily::Interaction);
    // What the family does not go by is never left out silently: another analysis would be made than was proposed.
    if holds_fixed && family != ProposedFamily::Adjusted {
        return Err(format!("the family `{}` holds no columns fixed", family.as_str()));
    }
    if proposed.moderator.is_some() && !takes_moderator {
        return Err(format!("the family `{}` has no moderator", family.as_str()));
    }
    let idea = |exposure: &String| Idea {
        kind,
        x: exposure.clone(),
        y: proposed.outcome.clone(),
        covariates: {
            let others = proposed.exposures.iter().filter(|other| *other != exposure);
            proposed.given.iter().chain(others).cloned().collect()
        },
        by: proposed.moderator.clone(),
        event: None,
        statement: String::new(),
        predicted: read_direction(proposed.predicted.as_deref()),
        rationale: proposed.rationale.clone(),
    };
    Ok(proposed.exposures.iter().map(idea).collect())
}

fn read_direction(predicted: Option<&str>) -> Predicted {
    match predicted {
        Some("+") => Predicted::Rising,
        Some("-") => Predicted::Falling,
        _ => Predicted::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::science::{Part, Tier, kind};

    fn request(cycle: u32) -> ProposeHypotheses {
        let column =
            |name: &str| json!({"name": name, "role": "numeric", "usable": true, "missing": 0, "distinct": 90});
        let columns = ["height", "weight", "age", "income"].map(column);
        let proposer = json!({
            "name": "proposer", "version": "1", "description": "Proposes.", "subscribes": ["cycle_started"],
            "publishes": ["propose_analysis"],
        });
        serde_json::from_value(json!({
            "cycle": cycle, "arm": "observed", "limit": 100, "known": [], "leads": [], "tested": [],
            "plan": {
                "question": "What goes with income?", "target": null, "datasets": [], "randomised": [], "seed": 1,
                "alpha": 0.05, "explore_share": 0.5, "explore_ratio": 0.3, "batch": 25, "follow_ups": 20,
                "shuffled_run": false, "permutations": 99, "check_rows": 1000, "max_cycles": 4, "max_experiments": 100,
                "max_tests": 100, "max_repairs": 2, "model": null, "agents": [proposer],
            },
            "profiles": [["d", {
                "problem": null, "rows": 100, "split": {"possible": true}, "tautologies": [],
                "columns": columns,
            }]],
        }))
        .unwrap()
    }

    fn admit_analysis(cycle: u32, changes: Value) -> Result<Vec<Hypothesis>, String> {
        let mut proposed = json!({
            "dataset": "d", "exposures": ["height"], "outcome": "income", "rationale": "It may.",
        });
        proposed
            .as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        let proposal = AgentProposal::Analysis(serde_json::from_value(proposed).unwrap());
        admit(&request(cycle), &"proposer".into(), &proposal)
    }

    #[test]
    fn the_family_follows_from_the_columns_unless_it_is_named() {
        let kind_of = |changes: Value| {
            let found = admit_analysis(2, changes).unwrap();
            assert_eq!(found.len(), 1);
            found[0].kind.clone()
        };
        assert_eq!(kind_of(json!({})), kind::NUMERIC_NUMERIC);
        assert_eq!(kind_of(json!({"given": ["age"]})), kind::ADJUSTED);
        assert_eq!(kind_of(json!({"moderator": "age"})), kind::INTERACTION);
        assert_eq!(kind_of(json!({"family": "dose_response"})), kind::DOSE_RESPONSE);
    }

    #[test]
    fn each_of_several_exposures_is_tested_with_the_others_held_fixed() {
        let found = admit_analysis(2, json!({"exposures": ["height", "weight"], "given": ["age"]})).unwrap();
        let told: Vec<_> = found
            .iter()
            .map(|one| (&*one.x, &*one.y, one.covariates.join(" ")))
            .collect();
        assert_eq!(
            told,
            [
                ("height", "income", "age weight".to_owned()),
                ("weight", "income", "age height".to_owned()),
            ]
        );
    }

    #[test]
    fn a_model_has_the_outcome_that_is_named_whatever_the_order_of_the_columns() {
        for (changes, expected) in [
            (json!({"given": ["age"]}), ("income", "height")),
            (json!({"family": "dose_response"}), ("income", "height")),
            (json!({"moderator": "weight"}), ("income", "height")),
            // An association is the same claim either way.
            (json!({}), ("height", "income")),
        ] {
            let mut changes = changes;
            changes["exposures"] = json!(["income"]);
            changes["outcome"] = json!("height");
            let found = admit_analysis(2, changes.clone()).unwrap().remove(0);
            assert_eq!((&*found.x, &*found.y), expected, "{changes}");
        }
    }

    #[test]
    fn it_is_a_free_proposal_that_held_back_rows_judge() {
        let weight = |cycle: u32| {
            let found = admit_analysis(cycle, json!({"given": ["age"]})).unwrap().remove(0);
            assert_eq!((found.tier, found.part), (Tier::FollowUp, Part::Confirm));
            assert_eq!(found.proposed_by.as_deref(), Some("proposer"));
            found.weight
        };
        assert!(weight(2) > 0.0);
        assert!((weight(2) - 2.0 * weight(3)).abs() < 1e-12);
    }

    #[test]
    fn what_would_be_another_analysis_is_refused() {
        for (changes, reason) in [
            (
                json!({"given": ["age"], "family": "association"}),
                "`association` holds no columns fixed",
            ),
            (
                json!({"given": ["age"], "moderator": "weight"}),
                "`interaction` holds no columns fixed",
            ),
            (
                json!({"moderator": "age", "family": "adjusted"}),
                "`adjusted` has no moderator",
            ),
            (json!({"family": "stratified"}), "a third column is needed"),
            (json!({"family": "paired"}), "not two measurements of the same units"),
            (json!({"exposures": ["height", "height"]}), "one to four columns"),
            (json!({"exposures": ["height", "luck"]}), "`luck` is no column"),
            (json!({"dataset": "e"}), "`e` is no table of this run"),
        ] {
            let refused = admit_analysis(2, changes.clone()).unwrap_err();
            assert!(refused.contains(reason), "{changes}: {refused}");
        }
    }
}
