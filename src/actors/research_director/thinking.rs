//! The model's part in the state: where the director's own model wants to look, and what another says of the findings.
//!
//! It is asked between two cycles, when nothing else is under way, and once after the last. What it says changes what
//! is proposed, never a verdict.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::state::{Phase, ResearchState};
use crate::message::{
    Deliberate, Deliberated, FindingsInterpreted, InterpretFindings, Interpretation, KnownTest, ModelAnswers, Outgoing,
    ResearchPlan, agent,
};
use crate::policy::heuristic::Interest;
use crate::science::{Arm, ModelRemark, TestRecord};

/// Findings that are put into words, at most, best first.
const MOST_INTERPRETED: usize = 24;

/// Tests that are told as refuted, at most, most relevant first.
const MOST_REFUTED: usize = 30;

/// An explore part above this is told as refuted.
const NOTHING_SEEN: f64 = 0.2;

/// Remarks that are kept of a run.
const MOST_REMARKS: usize = 200;

/// The model's part in the research.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Thinking {
    /// A deliberation is awaited.
    pub deliberating: bool,
    /// Where the next cycle should look.
    pub focus: Option<String>,
    /// Nothing more is asked of the model that proposes.
    pub stopped: bool,
    /// Words for the findings are awaited.
    pub interpreting: bool,
    /// Words for the findings.
    pub interpretations: Vec<Interpretation>,
    /// Remarks for the report.
    pub remarks: Vec<ModelRemark>,
    /// How the model's questions ended, those about the data as given.
    #[serde(default)]
    pub answers: ModelAnswers,
}

impl ResearchState {
    /// Keeps what an agent remarks, once.
    pub(super) fn record_remarks(&mut self, agent: &str, cycle: u32, texts: &[String]) {
        for text in texts {
            let remark = ModelRemark {
                cycle,
                agent: agent.to_owned(),
                text: text.clone(),
            };
            if self.thinking.remarks.len() < MOST_REMARKS && !self.thinking.remarks.contains(&remark) {
                self.thinking.remarks.push(remark);
            }
        }
    }

    /// Whether a budget of the model alone is spent: what needs no model goes on to the end of its cycle.
    pub(super) fn only_the_model_is_spent(&self) -> bool {
        self.spent.as_ref().is_some_and(|(budget, _)| budget.is_of_model())
    }

    /// Asks the director's own model where to look, or goes on where there is none.
    pub(super) fn request_deliberation(&mut self, plan: &ResearchPlan) -> Vec<Outgoing> {
        self.thinking.focus = None;
        if plan.model.is_none() || self.thinking.stopped {
            return self.next_cycle(plan);
        }
        self.phase = Phase::Deliberating;
        self.thinking.deliberating = true;
        let question = Deliberate {
            cycle: self.cycle + 1,
            question: plan.question.clone(),
            target: plan.target.clone(),
            profiles: self.known_profiles(),
            known: self.promising_tests(Arm::Observed),
            refuted: self.tests_without_signal(plan, Arm::Observed),
            elsewhere: self.known_elsewhere(),
        };
        vec![Outgoing::new(agent::RESEARCH_DIRECTOR, question)]
    }

    /// Folds the answer.
    pub(super) fn take_deliberation(&mut self, answer: &Deliberated) {
        if !self.thinking.deliberating || answer.cycle != self.cycle + 1 {
            return;
        }
        self.thinking.deliberating = false;
        self.thinking.focus.clone_from(&answer.focus);
        self.thinking.stopped = answer.stop;
        self.record_remarks(agent::RESEARCH_DIRECTOR, answer.cycle, &answer.remarks);
        self.thinking.answers.add(&answer.model);
        if answer.stop {
            let told = "the model sees nothing left to propose: the rule book goes on without it".to_owned();
            self.record_remarks(agent::RESEARCH_DIRECTOR, answer.cycle, &[told]);
        }
    }

    pub(super) fn leave_deliberating(&mut self, plan: &ResearchPlan) -> Vec<Outgoing> {
        if self.thinking.deliberating {
            Vec::new()
        } else if self.spent.is_some() {
            self.request_figures(plan)
        } else {
            self.next_cycle(plan)
        }
    }

    /// Asks for words on the findings, or goes on where there are none to be had.
    pub(super) fn request_interpretation(&mut self, plan: &ResearchPlan) -> Vec<Outgoing> {
        self.phase = Phase::Interpreting;
        if plan.model.is_none() || self.called_off || self.only_the_model_is_spent() {
            return Vec::new();
        }
        let mut findings: Vec<&TestRecord> = self
            .records_of(Arm::Observed)
            .filter(|record| record.significant)
            .collect();
        if findings.is_empty() {
            return Vec::new();
        }
        findings.sort_by(|a, b| a.finding_order(b));
        findings.truncate(MOST_INTERPRETED);
        let request = InterpretFindings {
            cycle: self.cycle,
            question: plan.question.clone(),
            target: plan.target.clone(),
            randomised: plan.randomised.clone(),
            findings: findings.into_iter().cloned().collect(),
            tests: self.records_of(Arm::Observed).count() as u64,
        };
        self.thinking.interpreting = true;
        vec![Outgoing::new(agent::DATA_ANALYST, request)]
    }

    /// Folds the words.
    pub(super) fn take_interpretations(&mut self, answer: &FindingsInterpreted) {
        if std::mem::take(&mut self.thinking.interpreting) {
            self.thinking.interpretations.clone_from(&answer.interpretations);
            self.record_remarks(agent::DATA_ANALYST, self.cycle, &answer.remarks);
            self.thinking.answers.add(&answer.model);
        }
    }

    pub(super) fn leave_interpreting(&mut self, plan: &ResearchPlan) -> Vec<Outgoing> {
        if self.thinking.interpreting {
            return Vec::new();
        }
        self.phase = Phase::Concluding;
        self.notify_research_finished(plan)
    }

    /// Gives the tests that showed nothing on the explore part, most relevant to the question first. No held-back row
    /// is in it.
    pub(super) fn tests_without_signal(&self, plan: &ResearchPlan, arm: Arm) -> Vec<KnownTest> {
        let interests: BTreeMap<&str, Interest> = self
            .datasets
            .iter()
            .filter_map(|dataset| Some((dataset.name.as_str(), Interest::read(plan, dataset.profile.as_ref()?))))
            .collect();
        let mut refuted: Vec<(f64, KnownTest)> = self
            .records_of(arm)
            .filter_map(|record| {
                let explore = record
                    .explore
                    .clone()
                    .filter(|part| part.p.is_some_and(|p| p > NOTHING_SEEN))?;
                let hypothesis = self.hypotheses.get(&record.id)?.clone();
                let interest = interests.get(hypothesis.dataset.as_str())?;
                let relevance = interest.relevance(&hypothesis.x, &hypothesis.y);
                Some((relevance, KnownTest { hypothesis, explore }))
            })
            .collect();
        refuted.sort_by(|a, b| {
            b.0.total_cmp(&a.0)
                .then_with(|| a.1.hypothesis.id.cmp(&b.1.hypothesis.id))
        });
        refuted.truncate(MOST_REFUTED);
        refuted.into_iter().map(|(_, test)| test).collect()
    }
}
