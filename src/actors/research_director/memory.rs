//! The knowledge of the project's earlier runs and its consequences: no claim that was judged on the same data is
//! tested again, and what was found in other data is held against what is found here.

use std::collections::{BTreeMap, BTreeSet};

use super::state::{Phase, ResearchState};
use crate::message::{
    Echo, Elsewhere, Known, KnownTest, Lead, Outgoing, RecallKnowledge, RecalledTable, ResearchPlan, Says, agent,
};
use crate::science::{Arm, ClaimId, Hypothesis, HypothesisId, Part, Scores, TestRecord, Tier, kind};

impl ResearchState {
    /// Asks what the project knows, or goes on where there is none.
    pub(super) fn request_recall(&mut self, plan: &ResearchPlan) -> Vec<Outgoing> {
        let Some(project) = plan.project.clone() else {
            return self.next_cycle(plan);
        };
        self.phase = Phase::Recalling;
        let tables = self.datasets.iter().map(|dataset| {
            let columns = dataset.profile.iter().flat_map(|profile| &profile.columns);
            let usable = columns.filter(|column| column.usable);
            let sketch = dataset.profile.iter().flat_map(|profile| &profile.row_sketch);
            RecalledTable {
                name: dataset.name.clone(),
                sha256: dataset.sha256.clone(),
                columns: usable.map(|column| column.name.clone()).collect(),
                row_sketch: sketch.copied().collect(),
            }
        });
        let request = RecallKnowledge {
            project,
            target: plan.target.clone(),
            datasets: tables.collect(),
        };
        vec![Outgoing::new(agent::KNOWLEDGE_GRAPH_WRITER, request)]
    }

    pub(super) fn leave_recalling(&mut self, plan: &ResearchPlan) -> Vec<Outgoing> {
        match (&self.spent, &self.memory) {
            (Some(_), _) => self.close_run(),
            (None, Some(_)) => self.next_cycle(plan),
            (None, None) => Vec::new(),
        }
    }

    /// Whether anything was judged on the same data before.
    pub(super) fn has_earlier_verdicts(&self) -> bool {
        self.memory.as_ref().is_some_and(|memory| !memory.settled.is_empty())
    }

    /// Cycles that families of this run come after: what was spent on the same data stays spent.
    pub(super) fn cycles_before(&self) -> u32 {
        let memory = self.memory.iter();
        memory
            .flat_map(|memory| memory.cycles.values().copied())
            .max()
            .unwrap_or(0)
    }

    /// Cycles that tested something, or are about to.
    pub fn cycles_used(&self) -> u32 {
        self.cycle.saturating_sub(self.idle)
    }

    fn settled_tests(&self) -> impl Iterator<Item = &Known> {
        self.memory.iter().flat_map(|memory| &memory.settled)
    }

    /// Ids under which what is settled could be proposed.
    pub(super) fn settled_ids(&self, arm: Arm) -> impl Iterator<Item = HypothesisId> {
        self.settled_tests().flat_map(move |known| {
            let given = hypothesis_of_known(known, arm);
            let turned = Hypothesis {
                x: given.y.clone(),
                y: given.x.clone(),
                ..given.clone()
            };
            let claim = given.derive_claim_id();
            let both = [given, turned]
                .into_iter()
                .filter(move |hypothesis| hypothesis.derive_claim_id() == claim);
            both.flat_map(|hypothesis| hypothesis.ids_on_any_part())
        })
    }

    /// Gives the claims that this run has registered or that earlier runs have judged on the same data.
    pub(super) fn claimed_so_far(&self) -> BTreeSet<(Arm, &String, ClaimId)> {
        let own = self
            .hypotheses
            .values()
            .map(|known| (known.arm, &known.dataset, known.derive_claim_id()));
        let arms = [Arm::Observed, Arm::Shuffled];
        let settled = self
            .settled_tests()
            .flat_map(|known| arms.map(|arm| (arm, &known.dataset, known.claim.clone())));
        own.chain(settled).collect()
    }

    /// Gives the results of earlier runs on the explore part of the same data whose p passes `keep`.
    pub(super) fn remembered_tests(&self, arm: Arm, keep: impl Fn(f64) -> bool) -> Vec<KnownTest> {
        if arm != Arm::Observed {
            return Vec::new();
        }
        let seen = self.settled_tests().filter_map(|known| {
            let explore = known.explore.clone()?;
            let rebuilt = known.kind != kind::CUSTOM && explore.p.is_some_and(&keep);
            rebuilt.then(|| KnownTest {
                hypothesis: hypothesis_of_known(known, arm).with_id(),
                explore,
            })
        });
        seen.collect()
    }

    /// Gives the results of earlier runs on the same data whose p passes `keep`.
    pub(super) fn remembered_leads(&self, arm: Arm, keep: impl Fn(f64) -> bool) -> Vec<Lead> {
        if arm != Arm::Observed {
            return Vec::new();
        }
        let kept = self
            .settled_tests()
            .filter(|known| known.kind != kind::CUSTOM && keep(known.p));
        kept.map(|known| Lead {
            hypothesis: hypothesis_of_known(known, arm).with_id(),
            p: known.p,
            direction: known.direction.clone(),
        })
        .collect()
    }

    /// The hypothesis of that id, of this run or of an earlier one.
    pub(super) fn find_hypothesis(&self, id: &HypothesisId) -> Option<Hypothesis> {
        let earlier = || {
            let rebuilt = self
                .settled_tests()
                .map(|known| hypothesis_of_known(known, Arm::Observed).with_id());
            rebuilt.into_iter().find(|known| known.id == *id)
        };
        self.hypotheses.get(id).cloned().or_else(earlier)
    }

    /// Gives the knowledge about other data.
    pub(super) fn known_elsewhere(&self) -> Elsewhere {
        match &self.memory {
            None => Elsewhere::default(),
            Some(memory) => Elsewhere {
                found: memory.found.clone(),
                open: memory.open.clone(),
                refuted: memory.refuted.clone(),
            },
        }
    }

    /// Relates verdicts to the same claims in other data.
    pub(super) fn echoes_of(&self, records: &[TestRecord]) -> Vec<Echo> {
        let mut found: BTreeMap<_, Vec<&Known>> = BTreeMap::new();
        for known in self.memory.iter().flat_map(|memory| &memory.found) {
            found
                .entry((&known.dataset, known.claim.as_str()))
                .or_default()
                .push(known);
        }
        let mut echoes = Vec::new();
        for record in records {
            let Some(claim) = self.hypotheses.get(&record.id).map(Hypothesis::derive_claim_id) else {
                continue;
            };
            for known in found.get(&(&record.dataset, claim.as_str())).into_iter().flatten() {
                echoes.push(Echo {
                    finding: record.id.clone(),
                    says: compare_verdicts(record, known),
                    earlier: (*known).clone(),
                });
            }
        }
        echoes
    }
}

/// The hypothesis that was tested, on this run's table.
fn hypothesis_of_known(known: &Known, arm: Arm) -> Hypothesis {
    Hypothesis {
        id: HypothesisId::unnamed(),
        dataset: known.dataset.clone(),
        arm,
        kind: known.kind.clone(),
        x: known.x.clone(),
        y: known.y.clone(),
        covariates: known.covariates.clone(),
        by: known.by.clone(),
        event: known.event.clone(),
        part: Part::Whole,
        statement: known.statement.clone(),
        predicted: None,
        parent: None,
        rationale: "an earlier run of the project tested it".to_owned(),
        scores: Scores {
            relevance: 0.5,
            information: 1.0,
            novelty: 0.0,
            testability: 1.0,
        },
        tier: Tier::Survey,
        weight: 1.0,
        proposed_by: None,
        analysis: None,
        directions: BTreeMap::new(),
    }
}

/// Relates a verdict to an earlier finding of the same claim.
fn compare_verdicts(record: &TestRecord, earlier: &Known) -> Says {
    if !record.significant {
        return Says::Fails;
    }
    if record.y_level != earlier.y_level {
        return Says::Differs;
    }
    let (here, there) = (record.direction.as_deref(), earlier.direction.as_deref());
    if here == there {
        return Says::Replicates;
    }
    let sign = |way: Option<&str>| matches!(way, Some("+" | "-"));
    let mut levels = record.groups.iter().flatten().map(|group| group.level.as_str());
    // Of two groups, the other one leads.
    let two = record.groups.as_ref().map(Vec::len) == Some(2) && earlier.levels == Some(2);
    let turned = two && there.is_some_and(|there| levels.any(|level| level == there));
    match (sign(here) && sign(there)) || turned {
        true => Says::Contradicts,
        false => Says::Differs,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::words::tests::finding;

    fn known(direction: Option<&str>, levels: Option<u64>) -> Known {
        serde_json::from_value(json!({
            "claim": "c-0000000000000001", "dataset": "d", "tested_on": "0", "run": "r", "statement": "s", "kind": "group_numeric",
            "x": "a", "y": "b", "significant": true, "wording": "association", "direction": direction,
            "levels": levels, "p": 0.001, "q": 0.01,
            "effect": {"name": "hedges_g", "value": 1.0, "ci_low": 0.5, "ci_high": 1.5},
        }))
        .unwrap()
    }

    fn record(direction: Option<&str>, levels: &[&str], significant: bool) -> TestRecord {
        let groups = levels
            .iter()
            .map(|level| serde_json::from_value(json!({"level": level, "n": 5, "value": 1.0})));
        TestRecord {
            direction: direction.map(str::to_owned),
            groups: (!levels.is_empty()).then(|| groups.collect::<Result<_, _>>().unwrap()),
            y_level: None,
            significant,
            ..finding()
        }
    }

    #[test]
    fn a_verdict_is_held_against_an_earlier_one() {
        for (here, levels, significant, there, earlier, expected) in [
            (Some("+"), &[][..], true, Some("+"), None, Says::Replicates),
            (Some("+"), &[], true, Some("-"), None, Says::Contradicts),
            (Some("+"), &[], false, Some("-"), None, Says::Fails),
            (None, &[], true, None, None, Says::Replicates),
            (Some("m"), &["m", "f"], true, Some("m"), Some(2), Says::Replicates),
            (Some("m"), &["m", "f"], true, Some("f"), Some(2), Says::Contradicts),
            (Some("m"), &["m", "f"], true, Some("woman"), Some(2), Says::Differs),
            (Some("a"), &["a", "b", "c"], true, Some("b"), Some(3), Says::Differs),
            (Some("a"), &["a", "b"], true, Some("b"), Some(3), Says::Differs),
        ] {
            let told = compare_verdicts(&record(here, levels, significant), &known(there, earlier));
            assert_eq!(
                told, expected,
                "{here:?} of {levels:?}, earlier {there:?} of {earlier:?}"
            );
        }
        let turned = Known {
            y_level: Some("yes".to_owned()),
            ..known(Some("+"), None)
        };
        assert_eq!(compare_verdicts(&record(Some("-"), &[], true), &turned), Says::Differs);
    }
}
