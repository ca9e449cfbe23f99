//! The state that a run ends in: whether what was asked was tested.

use super::state::ResearchState;
use crate::policy::{AskedPart, AskedSources, AskedState, list_asked_parts};
use crate::science::{Arm, BudgetName, EndReason, RunEnd, RunStatus, TestRecord};

/// Reasons that the end of a run names.
const MOST_REASONS: usize = 3;

/// The state of the question.
enum Progress {
    /// All of it that can be tested was.
    Tested,
    /// None of it can be tested, for these reasons.
    Untestable(Vec<String>),
    /// Some of it was not reached.
    Open,
}

impl ResearchState {
    /// The state that the run ends in.
    pub(super) fn verdict_on_run(&self) -> RunEnd {
        let complete = |status: RunStatus, message: String| RunEnd {
            status,
            reason: EndReason::Complete,
            message,
        };
        let parts = self.asked_parts(false);
        let what = if parts.is_empty() {
            "the question names no outcome or exposure, so all pairs that can be tested were tested"
        } else if parts.iter().all(|part| part.described().is_some()) {
            "what was asked was described"
        } else {
            "everything that was asked was tested"
        };
        match (self.progress_of_question(), self.budget_that_ended()) {
            (Progress::Open, Some((budget, detail))) => RunEnd {
                status: RunStatus::BudgetSpent,
                reason: EndReason::Budget { budget: budget.clone() },
                message: format!("the budget `{budget}` is spent: {detail}"),
            },
            (Progress::Untestable(reasons), _) => complete(RunStatus::NotAnswerable, reasons.join("; ")),
            (Progress::Tested, Some((budget, detail))) => RunEnd {
                status: RunStatus::Answered,
                reason: EndReason::Budget { budget: budget.clone() },
                message: format!("{what}; then the budget `{budget}` was spent: {detail}"),
            },
            (Progress::Tested | Progress::Open, None) => {
                complete(RunStatus::Answered, format!("{what}; nothing new is left to ask"))
            }
        }
    }

    /// The budget that ended the run before everything had been asked, with a sentence on it.
    fn budget_that_ended(&self) -> Option<(BudgetName, String)> {
        // A budget that ran out with nothing left to ask has cost the research nothing.
        let cut_short = |(budget, _): &&(BudgetName, String)| *budget != BudgetName::Cycles || self.left_out > 0;
        let spent = self.spent.as_ref().filter(cut_short).cloned();
        spent.or_else(|| {
            (self.left_out > 0).then(|| {
                let detail = format!("{} hypotheses were left out", self.left_out);
                (BudgetName::Tests, detail)
            })
        })
    }

    fn progress_of_question(&self) -> Progress {
        let tests: Vec<&TestRecord> = self.records_of(Arm::Observed).collect();
        let parts = self.asked_parts(self.budget_that_ended().is_some());
        if parts.is_empty() {
            return self.progress_of_survey(&tests);
        }
        if parts.iter().any(|part| part.state == AskedState::Open) {
            return Progress::Open;
        }
        let reasons: Vec<&str> = parts
            .iter()
            .filter_map(|part| match &part.state {
                AskedState::Untestable(reason) => Some(reason.text.as_str()),
                AskedState::Tested | AskedState::Open => None,
            })
            .collect();
        match reasons.len() < parts.len() {
            true => Progress::Tested,
            false => Progress::Untestable(first_reasons(&reasons)),
        }
    }

    /// The relations that the question asks for by name, each with its state. `ended_early` says that something may not
    /// have been reached.
    pub fn asked_parts(&self, ended_early: bool) -> Vec<AskedPart> {
        let Some(plan) = &self.plan else { return Vec::new() };
        let tests: Vec<&TestRecord> = self.records_of(Arm::Observed).collect();
        list_asked_parts(&AskedSources {
            question: &plan.question,
            roles: plan.declared_roles(),
            datasets: &self.datasets,
            tests: &tests,
            descriptions: &self.descriptions,
            untested: self.untested.get(&Arm::Observed).map_or(&[], Vec::as_slice),
            settled: self.memory.as_ref().map_or(&[], |memory| &memory.settled),
            ended_early,
            called_off_in: self.called_off_in,
        })
    }

    /// For a question about everything, which the survey of all pairs answers.
    fn progress_of_survey(&self, tests: &[&TestRecord]) -> Progress {
        let first_called_off = self.called_off_in.is_some_and(|cycle| cycle <= 1);
        let left_out = self.cycles.last().map_or(self.left_out, |cycle| cycle.left_out);
        let never_began = self.cycles.is_empty() && self.spent.is_some();
        if first_called_off || left_out > 0 || never_began {
            return Progress::Open;
        }
        if !tests.is_empty() || self.has_earlier_verdicts() {
            return Progress::Tested;
        }
        let untested = self.untested.get(&Arm::Observed).into_iter().flatten();
        let reasons: Vec<&str> = untested.map(|test| test.reason.as_str()).collect();
        Progress::Untestable(match reasons.is_empty() {
            true => vec!["no test was registered".to_owned()],
            false => first_reasons(&reasons),
        })
    }
}

/// The first of the reasons, each once.
fn first_reasons(reasons: &[&str]) -> Vec<String> {
    let mut first: Vec<String> = Vec::new();
    for reason in reasons {
        if first.len() < MOST_REASONS && !first.iter().any(|told| told == reason) {
            first.push((*reason).to_owned());
        }
    }
    first
}
