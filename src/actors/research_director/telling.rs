//! Tests and hypotheses in the form that agents receive: with their relation and their analysis.

use std::collections::BTreeMap;

use super::state::ResearchState;
use crate::message::{KnownTest, ToldHypothesis, ToldKnownTest, ToldTest};
use crate::policy::{AskedPart, heuristic::Interest, is_relation_turned};
use crate::science::{AnalysisRecord, Hypothesis, Profile, TestRecord};
use crate::study::RelationId;

/// Reads the relations of a run's tests, as the report does.
pub(super) struct Telling<'s> {
    state: &'s ResearchState,
    asked: Vec<AskedPart>,
    /// The readable tables, with the question against their columns.
    tables: BTreeMap<&'s str, (&'s Profile, Interest)>,
}

impl<'s> Telling<'s> {
    pub(super) fn of(state: &'s ResearchState) -> Self {
        let plan = state.plan.as_ref();
        let tables = state.datasets.iter().filter_map(|dataset| {
            let profile = dataset.profile.as_ref().filter(|profile| profile.problem.is_none())?;
            Some((dataset.name.as_str(), (profile, Interest::read(plan?, profile))))
        });
        Self {
            state,
            asked: state.asked_parts(false),
            tables: tables.collect(),
        }
    }

    pub(super) fn test(&self, record: &TestRecord) -> ToldTest {
        let contrast = self.state.contrasts.get(&record.id).cloned();
        ToldTest {
            relation: Some(self.relation(&record.dataset, &record.x, &record.y)),
            analysis: Some(AnalysisRecord::of_test(record, contrast)),
            record: record.clone(),
        }
    }

    pub(super) fn hypothesis(&self, hypothesis: &Hypothesis) -> ToldHypothesis {
        let relation =
            (!hypothesis.is_description()).then(|| self.relation(&hypothesis.dataset, &hypothesis.x, &hypothesis.y));
        ToldHypothesis::new(hypothesis.clone(), relation)
    }

    pub(super) fn known_test(&self, known: &KnownTest) -> ToldKnownTest {
        ToldKnownTest {
            hypothesis: self.hypothesis(&known.hypothesis),
            explore: known.explore.clone(),
        }
    }

    fn relation(&self, dataset: &str, x: &str, y: &str) -> RelationId {
        let asked = self.asked.iter().filter(|part| part.dataset == dataset);
        let table = self.tables.get(dataset);
        let (profile, interest) = (table.map(|(profile, _)| *profile), table.map(|(_, interest)| interest));
        match is_relation_turned((x, y), asked, interest, profile) {
            false => RelationId::derive(dataset, x, y, None),
            true => RelationId::derive(dataset, y, x, None),
        }
    }
}
