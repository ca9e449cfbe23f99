//! How an event changes what the director knows.

use super::state::{Phase, ResearchState};
use crate::message::{
    AnalyseResult, DeadLettered, Design, DesignExperiment, ExperimentDesigned, ExperimentFinished, ExperimentTask,
    FindingDrafted, Outgoing, Payload, RepairScript, ResearchPlan, RunExperiment, TestDraft, agent,
};
use crate::sandbox::{Outcome, Output, TimeLimit};
use crate::science::{
    Arm, DatasetRecord, EndReason, ExperimentId, ExperimentRecord, ExperimentState, FigureRecord, HypothesisId, RunEnd,
    RunStatus, Untested, kind, template,
};
use kosmos_core::run_files;

impl ResearchState {
    /// Takes an event in. The commands returned are its direct continuation (run what was designed,
    /// analyse what was run); what needs the whole picture is decided afterwards.
    pub(super) fn fold_event(&mut self, event: &Payload) -> Vec<Outgoing> {
        match event {
            Payload::StartResearch(plan) => self.start_research(plan),
            Payload::HypothesesProposed(proposals) if proposals.cycle == self.cycle => {
                self.current.proposing.remove(&proposals.arm);
                self.record_remarks(agent::HYPOTHESIS_GENERATOR, proposals.cycle, &proposals.remarks);
                // Both arms ask the same, and pay for it once.
                if proposals.arm == Arm::Observed {
                    self.thinking.answers.add(&proposals.model);
                }
                self.current.proposals.insert(proposals.arm, (**proposals).clone());
                Vec::new()
            }
            Payload::ExperimentDesigned(answer) => self.take_design(answer),
            Payload::ExperimentFinished(finished) => self.take_finished_experiment(finished),
            Payload::DataProfiled(profiled) => {
                if let Some(dataset) = self
                    .datasets
                    .iter_mut()
                    .find(|dataset| dataset.name == profiled.dataset)
                {
                    dataset.profile = Some(profiled.profile.clone());
                    dataset.experiment = Some(profiled.experiment.clone());
                }
                if let Some(sha256) = &profiled.table_sha256 {
                    self.tables.insert(profiled.dataset.clone(), sha256.clone());
                }
                Vec::new()
            }
            Payload::FindingDrafted(drafted) => self.take_draft(drafted),
            Payload::CycleJudged(verdict) if verdict.cycle == self.cycle => {
                self.current.judging.remove(&verdict.arm);
                self.families.extend(verdict.all_families().cloned());
                let records = verdict.records.iter().map(|record| (record.id.clone(), record.clone()));
                self.records.entry(verdict.arm).or_default().extend(records);
                let descriptions = verdict.descriptions.iter();
                self.descriptions
                    .extend(descriptions.map(|description| (description.id.clone(), description.clone())));
                self.untested
                    .entry(verdict.arm)
                    .or_default()
                    .extend(verdict.untested.clone());
                Vec::new()
            }
            Payload::KnowledgeRecorded(recorded) => {
                self.recording.remove(&recorded.cycle);
                Vec::new()
            }
            Payload::KnowledgeRecalled(recalled) => {
                self.memory.get_or_insert_with(|| (**recalled).clone());
                Vec::new()
            }
            Payload::BudgetSpent(spent) => {
                self.spent
                    .get_or_insert_with(|| (spent.budget.clone(), spent.detail.clone()));
                if !spent.budget.is_of_model() {
                    self.call_off(&spent.detail);
                }
                Vec::new()
            }
            Payload::ModelLost(lost) => {
                self.failure.get_or_insert(RunEnd {
                    status: RunStatus::Failed,
                    reason: EndReason::Outage,
                    message: lost.detail.clone(),
                });
                Vec::new()
            }
            Payload::Deliberated(answer) => {
                self.take_deliberation(answer);
                Vec::new()
            }
            Payload::FindingsInterpreted(answer) => {
                self.take_interpretations(answer);
                Vec::new()
            }
            Payload::Contribution(answer) => {
                self.take_contribution(answer);
                Vec::new()
            }
            Payload::DeadLettered(letter) => {
                self.take_dead_letter(letter);
                Vec::new()
            }
            // The answers to an earlier cycle come too late.
            Payload::HypothesesProposed(_) | Payload::CycleJudged(_) => Vec::new(),
            // The director answers this one itself, with the model; its state changes with the answer.
            Payload::Deliberate(_) => Vec::new(),
            // These are for others.
            Payload::EndRun(_)
            | Payload::ProposeHypotheses(_)
            | Payload::DesignExperiment(_)
            | Payload::RepairScript(_)
            | Payload::RunExperiment(_)
            | Payload::AnalyseResult(_)
            | Payload::JudgeCycle(_)
            | Payload::RecallKnowledge(_)
            | Payload::RecordKnowledge(_)
            | Payload::InterpretFindings(_)
            | Payload::Notify(_) => Vec::new(),
        }
    }

    fn start_research(&mut self, plan: &ResearchPlan) -> Vec<Outgoing> {
        self.phase = Phase::Profiling;
        self.plan = Some(plan.clone());
        self.datasets = plan
            .datasets
            .iter()
            .map(|data| DatasetRecord {
                name: data.name.clone(),
                path: data.path.display().to_string(),
                sha256: data.sha256.clone(),
                bytes: data.bytes,
                joined: data
                    .joined
                    .iter()
                    .flat_map(|joined| &joined.parts)
                    .map(|part| part.name.clone())
                    .collect(),
                experiment: None,
                profile: None,
            })
            .collect();
        let request = |data: &crate::message::DatasetPlan| DesignExperiment {
            cycle: 0,
            arm: crate::science::Arm::Observed,
            dataset: data.name.clone(),
            seed: plan.seed,
            task: ExperimentTask::Profile {
                data: Box::new(data.clone()),
                question: plan.question.clone(),
                target: plan.target.clone(),
                exposure: plan.exposure.clone(),
                given: plan.given.clone(),
                subject: plan.subject.clone(),
                time: plan.time.clone(),
                randomised: plan.randomised.clone(),
            },
        };
        plan.datasets
            .iter()
            .map(|data| Outgoing::new(agent::CODE_GENERATOR, request(data)))
            .collect()
    }

    fn take_design(&mut self, answer: &ExperimentDesigned) -> Vec<Outgoing> {
        if answer.template == template::FIGURES && answer.repairs.is_none() {
            self.drawing_designs = self.drawing_designs.saturating_sub(1);
        }
        if answer.arm == Arm::Observed {
            self.thinking.answers.add(&answer.model);
        }
        if answer.designs.is_empty() {
            let reason = answer
                .declined
                .clone()
                .unwrap_or_else(|| "no script could be written".to_owned());
            self.settle_failed(&answer.requested, &reason, answer.repairs.as_ref());
            if let Some(failed) = &answer.repairs {
                self.profile_or_figure_failed(failed, &reason);
            }
            return Vec::new();
        }
        let over = self.called_off;
        answer
            .designs
            .iter()
            .filter_map(|design| self.run_design(design, answer, over))
            .collect()
    }

    fn run_design(&mut self, design: &Design, answer: &ExperimentDesigned, over: bool) -> Option<Outgoing> {
        if over || self.is_settled(&design.protocol.hypotheses) {
            return None;
        }
        if self.experiments.contains_key(&design.id) {
            if answer.repairs.is_some() {
                let reason = self.reason_with_way(Some(&design.request), "its repair is a script that was run before");
                self.settle_failed(&design.protocol.hypotheses, &reason, Some(&design.id));
            }
            return None;
        }
        self.experiments.insert(
            design.id.clone(),
            ExperimentRecord {
                id: design.id.clone(),
                protocol: design.protocol.clone(),
                script_sha256: design.script_sha256.clone(),
                state: ExperimentState::Running,
                outcome: None,
                usage: None,
                result_sha256: None,
                artefacts: Vec::new(),
                failure: None,
                advice: Vec::new(),
                written_by: answer.written_by.clone(),
            },
        );
        self.requests.insert(design.id.clone(), design.request.clone());
        if design.protocol.template == template::FIGURES {
            self.drawing.insert(design.id.clone());
        }
        let run = RunExperiment {
            id: design.id.clone(),
            protocol: design.protocol.clone(),
            script_sha256: design.script_sha256.clone(),
        };
        Some(Outgoing::new(agent::SANDBOX_EXECUTOR, run))
    }

    fn take_finished_experiment(&mut self, finished: &ExperimentFinished) -> Vec<Outgoing> {
        let Some(record) = self.experiments.get_mut(&finished.id) else {
            return Vec::new();
        };
        if record.state != ExperimentState::Running {
            return Vec::new();
        }
        record.outcome = Some(finished.outcome.clone());
        record.usage = Some(finished.usage);
        record.advice.clone_from(&finished.advice);
        record.artefacts.clone_from(&finished.artefacts);
        record.result_sha256 = finished
            .artefacts
            .iter()
            .find(|artefact| artefact.path.as_str() == run_files::RESULT)
            .map(|artefact| artefact.sha256.clone());
        let good = finished.outcome == Outcome::Ok && record.result_sha256.is_some();
        if !good {
            let reason = finished
                .failure
                .clone()
                .unwrap_or_else(|| "the script left no result".to_owned());
            return self.experiment_failed(&finished.id, reason);
        }
        record.state = ExperimentState::Finished;
        let record = record.clone();
        if record.protocol.template == template::FIGURES {
            self.drawing.remove(&finished.id);
            let drawn = record
                .artefacts
                .iter()
                .filter_map(|artefact| figure_record(&record, artefact.path.as_str()));
            for mut figure in drawn.collect::<Vec<_>>() {
                if let Some(hypothesis) = self.hypotheses.get(&figure.finding) {
                    figure.alt = format!("{} against {}", hypothesis.y, hypothesis.x);
                }
                self.figures.push(figure);
            }
            return Vec::new();
        }
        vec![Outgoing::new(agent::DATA_ANALYST, AnalyseResult { experiment: record })]
    }

    /// An experiment gave nothing: its script is repaired while repairs and budget last.
    fn experiment_failed(&mut self, id: &ExperimentId, reason: String) -> Vec<Outgoing> {
        let affordable = self.experiments_used() < self.plan.as_ref().map_or(0, |plan| plan.max_experiments);
        let request = self.requests.get(id);
        let (repairs, told) = (self.repairs_allowed(request), self.reason_with_way(request, &reason));
        let waited_for = |record: &ExperimentRecord| !self.is_settled(&record.protocol.hypotheses);
        let waited_for = self.experiments.get(id).is_some_and(waited_for);
        let over = self.called_off;
        let Some(record) = self.experiments.get_mut(id) else {
            return Vec::new();
        };
        record.failure = Some(reason.clone());
        let repairable = record.protocol.attempt <= repairs && affordable && !over && waited_for;
        match self.requests.get(id) {
            Some(request) if repairable => {
                record.state = ExperimentState::Repaired;
                let repair = RepairScript {
                    failed: record.clone(),
                    request: request.clone(),
                };
                vec![Outgoing::new(agent::CODE_GENERATOR, repair)]
            }
            _ => {
                record.state = ExperimentState::Failed;
                let hypotheses = record.protocol.hypotheses.clone();
                self.settle_failed(&hypotheses, &told, Some(id));
                self.profile_or_figure_failed(id, &reason);
                Vec::new()
            }
        }
    }

    fn take_draft(&mut self, drafted: &FindingDrafted) -> Vec<Outgoing> {
        if let Some(reason) = &drafted.invalid {
            return self.experiment_failed(&drafted.experiment, reason.clone());
        }
        let Some(record) = self.experiments.get(&drafted.experiment).cloned() else {
            return Vec::new();
        };
        for (index, result) in drafted.tests.iter().enumerate() {
            let Ok(id) = result.id.parse::<HypothesisId>() else {
                continue;
            };
            let Some(hypothesis) = self.hypotheses.get(&id).filter(|_| self.current.open.contains(&id)) else {
                continue;
            };
            if hypothesis.kind == kind::CUSTOM {
                let hypothesis = hypothesis.clone();
                self.take_custom_draft(&record, &hypothesis, index, result);
                continue;
            }
            let draft = TestDraft {
                hypothesis: hypothesis.clone(),
                experiment: record.id.clone(),
                script_sha256: record.script_sha256.clone(),
                result_sha256: record.result_sha256.clone().unwrap_or_default(),
                index,
                result: result.clone(),
                written_by: None,
                confirmation: None,
            };
            self.current.open.remove(&id);
            self.current.drafts.insert(id, draft);
        }
        Vec::new()
    }

    fn take_dead_letter(&mut self, letter: &DeadLettered) {
        let reason = format!(
            "`{}` failed on it {} times: {}",
            letter.agent, letter.attempts, letter.reason
        );
        match &letter.payload {
            Payload::ProposeHypotheses(request) => {
                self.current.proposing.remove(&request.arm);
            }
            Payload::DesignExperiment(request) => {
                if matches!(request.task, ExperimentTask::Figures { .. }) {
                    self.drawing_designs = self.drawing_designs.saturating_sub(1);
                }
                if matches!(request.task, ExperimentTask::Profile { .. }) {
                    self.fail_run(format!(
                        "the table `{}` could not be described: {reason}",
                        request.dataset
                    ));
                }
                self.settle_failed(&requested_hypotheses(request), &reason, None);
            }
            Payload::RepairScript(repair) => {
                self.settle_failed(&repair.failed.protocol.hypotheses, &reason, Some(&repair.failed.id));
                self.profile_or_figure_failed(&repair.failed.id, &reason);
            }
            Payload::RunExperiment(run) => self.abandon_experiment(&run.id, &reason),
            Payload::AnalyseResult(request) => self.abandon_experiment(&request.experiment.id, &reason),
            Payload::JudgeCycle(_) => self.fail_run(format!("the cycle could not be judged: {reason}")),
            Payload::RecordKnowledge(request) => {
                self.recording.remove(&request.cycle);
            }
            Payload::RecallKnowledge(_) => self.fail_run(format!("what the project knows could not be read: {reason}")),
            Payload::Notify(notice) => self.record_missing_answer(&letter.agent, notice, &letter.reason),
            Payload::Deliberate(request) => {
                self.thinking.deliberating = false;
                self.record_remarks(letter.agent.as_str(), request.cycle, &[reason]);
            }
            Payload::InterpretFindings(request) => {
                self.thinking.interpreting = false;
                self.record_remarks(letter.agent.as_str(), request.cycle, &[reason]);
            }
            _ => {}
        }
    }

    fn abandon_experiment(&mut self, id: &ExperimentId, reason: &str) {
        let Some(record) = self.experiments.get_mut(id) else {
            return;
        };
        record.state = ExperimentState::Failed;
        record.failure = Some(reason.to_owned());
        let hypotheses = record.protocol.hypotheses.clone();
        let told = self.reason_with_way(self.requests.get(id), reason);
        self.settle_failed(&hypotheses, &told, Some(id));
        self.profile_or_figure_failed(id, reason);
    }

    fn profile_or_figure_failed(&mut self, id: &ExperimentId, reason: &str) {
        self.drawing.remove(id);
        let profile = self
            .experiments
            .get(id)
            .filter(|record| record.protocol.template == template::PROFILE)
            .map(|record| record.protocol.dataset.clone());
        if let Some(dataset) = profile {
            let outcome = self.experiments.get(id).and_then(|record| record.outcome.as_ref());
            let remedy = outcome.and_then(reader_setting_to_raise);
            let remedy = remedy.map(|key| format!("; raise `{key}`")).unwrap_or_default();
            self.fail_run(format!(
                "the table `{dataset}` could not be described: {reason}{remedy}"
            ));
        }
    }

    fn fail_run(&mut self, message: String) {
        self.failure.get_or_insert(RunEnd {
            status: RunStatus::Failed,
            reason: EndReason::Engine,
            message,
        });
    }

    fn settle_failed(&mut self, ids: &[HypothesisId], reason: &str, experiment: Option<&ExperimentId>) {
        for id in ids {
            if !self.current.open.remove(id) {
                continue;
            }
            if let Some(hypothesis) = self.hypotheses.get(id) {
                let untested = Untested {
                    id: id.clone(),
                    dataset: hypothesis.dataset.clone(),
                    cycle: self.cycle,
                    statement: hypothesis.statement.clone(),
                    kind: hypothesis.kind.clone(),
                    x: hypothesis.x.clone(),
                    y: hypothesis.y.clone(),
                    reason: reason.to_owned(),
                    experiment: experiment.cloned(),
                };
                self.current.failed.insert(id.clone(), untested);
            }
        }
    }

    /// A budget is spent: whatever is open is not waited for.
    fn call_off(&mut self, reason: &str) {
        self.called_off = true;
        let open: Vec<HypothesisId> = self.current.open.iter().cloned().collect();
        if !open.is_empty() || !self.current.proposing.is_empty() {
            self.called_off_in.get_or_insert(self.cycle);
        }
        self.settle_failed(&open, &format!("not tested: {reason}"), None);
        self.current.proposing.clear();
        self.drawing.clear();
        self.drawing_designs = 0;
        self.thinking.deliberating = false;
        self.thinking.interpreting = false;
        self.stop_listening(reason);
    }
}

fn requested_hypotheses(request: &DesignExperiment) -> Vec<HypothesisId> {
    match &request.task {
        ExperimentTask::Tests(plan) => plan.hypotheses.iter().map(|hypothesis| hypothesis.id.clone()).collect(),
        ExperimentTask::Custom(plan) => vec![plan.hypothesis.id.clone()],
        ExperimentTask::Profile { .. } | ExperimentTask::Figures { .. } => Vec::new(),
    }
}

/// The finding that a file of a figures experiment shows: `figures/<finding>.png`.
fn figure_record(record: &ExperimentRecord, path: &str) -> Option<FigureRecord> {
    let finding = path.strip_prefix("figures/")?.strip_suffix(".png")?;
    Some(FigureRecord {
        finding: finding.parse().ok()?,
        experiment: record.id.clone(),
        file: path.to_owned(),
        alt: String::new(),
    })
}

/// Names the setting that stopped the script that reads a data file.
fn reader_setting_to_raise(outcome: &Outcome) -> Option<&'static str> {
    match outcome {
        Outcome::TimedOut { limit: TimeLimit::Wall } => Some("sandbox.reader.wall"),
        Outcome::TimedOut { limit: TimeLimit::Cpu } => Some("sandbox.reader.cpu"),
        Outcome::OutOfMemory => Some("sandbox.reader.memory"),
        Outcome::OutputTooLarge { what: Output::File } => Some("sandbox.reader.file_size"),
        Outcome::OutputTooLarge {
            what: Output::Workspace,
        } => Some("sandbox.reader.workspace"),
        _ => None,
    }
}
