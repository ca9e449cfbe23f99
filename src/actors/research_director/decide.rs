//! The director's decisions: one phase after another, each left when nothing of it is open.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    design::{self, Batch},
    state::{CycleState, Phase, ResearchState},
};
use crate::message::{
    DesignExperiment, ErrorShare, ExperimentTask, JudgeCycle, KnownTest, Lead, Outgoing, ProposeHypotheses,
    RecordKnowledge, ResearchPlan, TierPlan, agent,
};
use crate::policy::{AskedPart, check_named_columns, heuristic};
use crate::science::{
    Arm, BudgetName, CycleSummary, EndReason, Hypothesis, HypothesisId, Profile, RunEnd, RunStatus, TestRecord, Tier,
};
use crate::stats::{run_rate, tier_alpha};

/// Findings that get a figure, at most.
const MOST_FIGURES: usize = 25;

/// A test at least this clear is worth a follow-up.
const PROMISING: f64 = 0.05;

/// Tests of one tier, at most, as its error rate is told to a script.
const MOST_TESTS: f64 = 1e12;

impl ResearchState {
    /// Goes from phase to phase as far as nothing is awaited: each `leave_…` stays in its phase while something is,
    /// and else begins the next.
    pub(super) fn advance_phases(&mut self) -> Vec<Outgoing> {
        let Some(plan) = self.plan.clone() else {
            return Vec::new();
        };
        let mut commands = Vec::new();
        loop {
            if let Some(failure) = self.failure.take() {
                commands.push(self.end_run(failure));
            }
            let before = self.phase;
            match self.phase {
                Phase::Profiling => commands.extend(self.leave_profiling(&plan)),
                Phase::Recalling => commands.extend(self.leave_recalling(&plan)),
                Phase::Proposing => commands.extend(self.leave_proposing(&plan)),
                Phase::Testing => commands.extend(self.leave_testing(&plan)),
                Phase::Judging => commands.extend(self.leave_judging()),
                Phase::Reviewing => commands.extend(self.leave_reviewing(&plan)),
                Phase::Deliberating => commands.extend(self.leave_deliberating(&plan)),
                Phase::Drawing => commands.extend(self.leave_drawing(&plan)),
                Phase::Interpreting => commands.extend(self.leave_interpreting(&plan)),
                Phase::Concluding => commands.extend(self.leave_concluding()),
                Phase::Recording => commands.extend(self.leave_recording()),
                Phase::Waiting | Phase::Over => {}
            }
            if self.phase == before && self.failure.is_none() {
                return commands;
            }
        }
    }

    fn leave_profiling(&mut self, plan: &ResearchPlan) -> Vec<Outgoing> {
        if self.spent.is_some() {
            return self.close_run();
        }
        if self.datasets.iter().any(|dataset| dataset.profile.is_none()) {
            return Vec::new();
        }
        let problem = self.datasets.iter().find_map(|dataset| {
            let problem = dataset.profile.as_ref()?.problem.as_ref()?;
            // Tables that do not belong together are analysed one by one.
            let is_search = plan
                .datasets
                .iter()
                .any(|data| data.name == dataset.name && data.is_search());
            if is_search {
                return None;
            }
            Some(RunEnd {
                status: RunStatus::Failed,
                reason: EndReason::BadInput {
                    code: problem.code.clone(),
                },
                message: match dataset.joined.is_empty() {
                    true => format!("{}: {}", dataset.path, problem.message),
                    false => problem.message.clone(),
                },
            })
        });
        let problem = problem.or_else(|| {
            let fault = check_named_columns(plan, &self.datasets)?;
            Some(RunEnd {
                status: RunStatus::Failed,
                reason: EndReason::BadInput { code: fault.code() },
                message: fault.message,
            })
        });
        let problem = problem.or_else(|| self.find_codebook_conflict(plan));
        if problem.is_some() {
            self.failure = problem;
            return Vec::new();
        }
        let mut commands = self.notify_run_started(plan);
        commands.extend(self.request_recall(plan));
        commands
    }

    /// The end of a run whose codebook says something that a table contradicts.
    fn find_codebook_conflict(&self, plan: &ResearchPlan) -> Option<RunEnd> {
        let profiles = self.known_profiles();
        let conflict = plan.datasets.iter().find_map(|data| {
            let declared = data.declared.as_ref()?;
            let (_, profile) = profiles.iter().find(|(name, _)| *name == data.name)?;
            let elsewhere = |column: &str| {
                profiles
                    .iter()
                    .any(|(_, profile)| profile.column_named(column).is_some())
            };
            declared.find_conflict(&profile.declared_columns(), elsewhere)
        })?;
        Some(RunEnd {
            status: RunStatus::Failed,
            reason: EndReason::BadInput {
                code: conflict.code.to_owned(),
            },
            message: conflict.to_string(),
        })
    }

    pub(super) fn next_cycle(&mut self, plan: &ResearchPlan) -> Vec<Outgoing> {
        self.cycle += 1;
        self.phase = Phase::Proposing;
        let arms = self.active_arms();
        self.current = CycleState {
            proposing: arms.iter().copied().collect(),
            ..CycleState::default()
        };
        let observed = self.proposal_request(plan, Arm::Observed);
        let mut commands = self.notify_cycle_started(plan, &observed);
        let requests = arms.into_iter().map(|arm| match arm {
            Arm::Observed => observed.clone(),
            Arm::Shuffled => self.proposal_request(plan, arm),
        });
        commands.extend(requests.map(|request| Outgoing::new(agent::HYPOTHESIS_GENERATOR, request)));
        commands
    }

    /// Makes the request to the hypothesis generator for this cycle.
    pub(super) fn proposal_request(&self, plan: &ResearchPlan, arm: Arm) -> ProposeHypotheses {
        let room = usize::try_from(plan.max_tests.saturating_sub(self.tests_used())).unwrap_or(usize::MAX);
        let limit = if self.cycle == 1 {
            room
        } else {
            plan.follow_ups.min(room)
        };
        let mut told = plan.clone();
        // A cycle that is only asked for, and not tested, is not worth a question to the model.
        if self.spent.is_some() || self.thinking.stopped {
            told.model = None;
        }
        let thinks = told.model.is_some();
        ProposeHypotheses {
            cycle: self.cycle,
            arm,
            plan: told,
            profiles: self.known_profiles(),
            known: self.promising_tests(arm),
            leads: if self.cycle > 1 { self.leads(arm) } else { Vec::new() },
            tested: self
                .hypotheses
                .values()
                .filter(|known| known.arm == arm)
                .flat_map(Hypothesis::ids_on_any_part)
                .chain(self.settled_ids(arm))
                .collect(),
            limit,
            refuted: if thinks {
                self.tests_without_signal(plan, arm)
            } else {
                Vec::new()
            },
            elsewhere: self.known_elsewhere(),
            // It was thought of for the data as given.
            focus: self.thinking.focus.clone().filter(|_| thinks && arm == Arm::Observed),
        }
    }

    pub(super) fn known_profiles(&self) -> Vec<(String, Profile)> {
        self.datasets
            .iter()
            .filter_map(|dataset| Some((dataset.name.clone(), dataset.profile.clone()?)))
            .collect()
    }

    pub(super) fn promising_tests(&self, arm: Arm) -> Vec<KnownTest> {
        self.records_of(arm)
            .filter_map(|record| {
                let explore = record
                    .explore
                    .clone()
                    .filter(|part| part.p.is_some_and(|p| p < PROMISING))?;
                let hypothesis = self.hypotheses.get(&record.id)?.clone();
                Some(KnownTest { hypothesis, explore })
            })
            .chain(self.remembered_tests(arm, |p| p < PROMISING))
            .collect()
    }

    /// Gives the tests that the rule book follows up, on all rows.
    fn leads(&self, arm: Arm) -> Vec<Lead> {
        let asked = self.asked_parts(false);
        let is_asked = |record: &TestRecord| {
            let same = |part: &AskedPart| {
                let sides = part.relation();
                sides == Some((&record.x, &record.y)) || sides == Some((&record.y, &record.x))
            };
            asked.iter().any(|part| part.dataset == record.dataset && same(part))
        };
        self.records_of(arm)
            .filter_map(|record| {
                let hypothesis = self.hypotheses.get(&record.id)?.clone();
                let follows = record.p < PROMISING || is_asked(record);
                follows.then(|| Lead {
                    hypothesis,
                    p: record.p,
                    direction: record.direction.clone(),
                })
            })
            .chain(self.remembered_leads(arm, |p| p < PROMISING))
            .collect()
    }

    fn leave_proposing(&mut self, plan: &ResearchPlan) -> Vec<Outgoing> {
        if !self.current.proposing.is_empty() || !self.all_answered() {
            return Vec::new();
        }
        let ideas = self.admit_agent_proposals(plan);
        let ideas = self.keep_novel(ideas);
        let proposals = std::mem::take(&mut self.current.proposals);
        let observed = proposals.get(&Arm::Observed);
        let nothing_new = observed.is_none_or(|proposed| proposed.hypotheses.is_empty()) && ideas.is_empty();
        if nothing_new && self.spent.is_none() && self.has_earlier_verdicts() && self.cycle < heuristic::STAGES {
            // What this stage would test is settled; what follows from it may not be.
            self.idle += 1;
            return self.next_cycle(plan);
        }
        if nothing_new || (self.spent.is_some() && !self.only_the_model_is_spent()) {
            self.left_out = observed.map_or(self.left_out, |proposed| {
                proposed.left_out + proposed.hypotheses.len() as u64
            });
            self.cycle = self.cycle.saturating_sub(1);
            return self.request_figures(plan);
        }
        self.left_out = observed.map_or(0, |proposed| proposed.left_out);
        let rationale = observed.map(|proposed| proposed.rationale.clone()).unwrap_or_default();
        let mut fresh: BTreeMap<Arm, Vec<Hypothesis>> = proposals
            .into_iter()
            .map(|(arm, mut proposed)| {
                if arm == Arm::Observed {
                    proposed.hypotheses.extend(ideas.iter().cloned());
                }
                (arm, self.keep_novel(proposed.hypotheses))
            })
            .collect();
        // What a model adds comes on top of what was asked for, and last.
        let most = usize::try_from(plan.max_tests.saturating_sub(self.tests_used())).unwrap_or(usize::MAX);
        for (arm, hypotheses) in &mut fresh {
            let beyond = hypotheses.len().saturating_sub(most);
            self.left_out += if *arm == Arm::Observed { beyond as u64 } else { 0 };
            hypotheses.truncate(most);
        }
        // One experiment is kept for the figures.
        let room = plan.max_experiments.saturating_sub(self.experiments_used() + 1);
        let batches = design::plan_batches(plan, &fresh, room);
        if batches.short > 0 {
            self.left_out += batches.short;
            let detail = format!(
                "{} of {} experiments are used",
                plan.max_experiments, plan.max_experiments
            );
            self.spent.get_or_insert((BudgetName::Experiments, detail));
        }
        let mut commands = Vec::new();
        let mut registered = 0;
        self.current.tiers = self.plan_tiers(plan, &batches.list);
        for batch in batches.list {
            let share = self.error_share(&batch);
            let Some(requests) = design::batch_design_requests(plan, self, &batch, share) else {
                continue;
            };
            for hypothesis in &batch.hypotheses {
                registered += u64::from(hypothesis.arm == Arm::Observed);
                self.current.open.insert(hypothesis.id.clone());
                self.hypotheses.insert(hypothesis.id.clone(), hypothesis.clone());
            }
            let requests = requests.into_iter();
            commands.extend(requests.map(|request| Outgoing::new(agent::CODE_GENERATOR, request)));
        }
        self.cycles.push(CycleSummary {
            cycle: self.cycle,
            registered,
            tested: 0,
            significant: 0,
            left_out: self.left_out,
            rationale,
        });
        self.phase = Phase::Testing;
        commands.extend(self.notify_hypotheses_registered());
        commands
    }

    /// Keeps the claims that neither this run (on any of its rows) nor an earlier one on the same data made before;
    /// the first of two alike.
    fn keep_novel(&self, proposed: Vec<Hypothesis>) -> Vec<Hypothesis> {
        let claimed = self.claimed_so_far();
        let mut seen = BTreeSet::new();
        proposed
            .into_iter()
            .map(Hypothesis::with_id)
            .filter(|hypothesis| {
                !claimed.contains(&(hypothesis.arm, &hypothesis.dataset, hypothesis.derive_claim_id()))
            })
            .filter(|hypothesis| seen.insert(hypothesis.id.clone()))
            .collect()
    }

    /// The tiers of a cycle whose tests are about to be registered, by arm. Their shares are fixed before any test: the
    /// first cycle has all primary analyses and the survey, and follow-ups keep their share whether the budget allows
    /// any or not, since a run may be given more cycles afterwards.
    fn plan_tiers(&self, plan: &ResearchPlan, batches: &[Batch]) -> BTreeMap<Arm, Vec<TierPlan>> {
        let tests = |hypothesis: &&Hypothesis| !hypothesis.is_description();
        let registered = || batches.iter().flat_map(|batch| &batch.hypotheses).filter(tests);
        let given = self.hypotheses.values().filter(tests).chain(registered());
        let mut present: BTreeSet<Tier> = given
            .filter(|hypothesis| hypothesis.arm == Arm::Observed)
            .map(|hypothesis| hypothesis.tier)
            .collect();
        present.insert(Tier::FollowUp);
        let rate = run_rate(plan.alpha, plan.project.is_some(), self.cycles_before());
        let mut tiers: BTreeMap<(Arm, Tier), TierPlan> = BTreeMap::new();
        for hypothesis in registered() {
            let tier = hypothesis.tier;
            let planned = tiers.entry((hypothesis.arm, tier)).or_insert_with(|| TierPlan {
                tier,
                alpha: tier_alpha(rate, tier, &present),
                tests: 0,
                weight: 0.0,
            });
            planned.tests += 1;
            planned.weight += hypothesis.weight;
        }
        let mut by_arm: BTreeMap<Arm, Vec<TierPlan>> = BTreeMap::new();
        for ((arm, _), planned) in tiers {
            by_arm.entry(arm).or_default().push(planned);
        }
        by_arm
    }

    /// The error rate that the first test of a batch is judged at, as if each test of its tier owned as much as it.
    fn error_share(&self, batch: &Batch) -> ErrorShare {
        let tiers = self.current.tiers.get(&batch.arm);
        let share = batch.hypotheses.first().and_then(|first| {
            let planned = tiers?.iter().find(|planned| planned.tier == first.tier)?;
            let tests = match first.tier {
                Tier::Primary => planned.tests as f64,
                Tier::Survey => planned.weight / first.weight,
                Tier::FollowUp => 1.0 / first.weight,
            };
            Some(ErrorShare {
                alpha: planned.alpha,
                tests: tests.ceil().clamp(1.0, MOST_TESTS) as u64,
            })
        });
        share.unwrap_or(ErrorShare { alpha: 0.0, tests: 1 })
    }

    fn leave_testing(&mut self, plan: &ResearchPlan) -> Vec<Outgoing> {
        if !self.current.open.is_empty() || !self.all_answered() {
            return Vec::new();
        }
        let mut commands = self.notify_experiments_finished();
        self.phase = Phase::Judging;
        let arms = self.active_arms();
        self.current.judging = arms.iter().copied().collect();
        for untested in self.current.failed.values() {
            let arm = self
                .hypotheses
                .get(&untested.id)
                .map_or(Arm::Observed, |hypothesis| hypothesis.arm);
            self.untested.entry(arm).or_default().push(untested.clone());
        }
        let drafts = std::mem::take(&mut self.current.drafts);
        let observed = drafts.values().filter(|draft| draft.hypothesis.arm == Arm::Observed);
        let contrasts = observed.filter_map(|draft| Some((draft.hypothesis.id.clone(), draft.contrast()?)));
        self.contrasts.extend(contrasts);
        let family = |arm: Arm| JudgeCycle {
            cycle: self.cycle,
            arm,
            alpha: plan.alpha,
            tiers: self.current.tiers.get(&arm).cloned().unwrap_or_default(),
            randomised: plan.randomised.clone(),
            drafts: drafts
                .values()
                .filter(|draft| draft.hypothesis.arm == arm)
                .cloned()
                .collect(),
        };
        let families = arms.into_iter().map(family);
        commands.extend(families.map(|family| Outgoing::new(agent::DATA_ANALYST, family)));
        commands
    }

    fn leave_judging(&mut self) -> Vec<Outgoing> {
        if !self.current.judging.is_empty() || !self.all_answered() {
            return Vec::new();
        }
        self.phase = Phase::Reviewing;
        self.notify_verdicts_and_findings()
    }

    fn leave_reviewing(&mut self, plan: &ResearchPlan) -> Vec<Outgoing> {
        if !self.all_answered() {
            return Vec::new();
        }
        let cycle = self.cycle;
        let in_cycle = |record: &&TestRecord| record.cycle == cycle;
        let tested = self.records_of(Arm::Observed).filter(in_cycle).count() as u64;
        let significant = self
            .records_of(Arm::Observed)
            .filter(in_cycle)
            .filter(|record| record.significant)
            .count() as u64;
        if let Some(summary) = self.cycles.last_mut() {
            summary.tested = tested;
            summary.significant = significant;
        }
        let mut commands = Vec::new();
        if !plan.unrecorded {
            commands.push(self.record_knowledge(plan));
        }
        let cycles_left = self.cycles_used() < plan.max_cycles;
        if self.spent.is_none() && !cycles_left {
            // Whether anything is left to ask is known only by asking; the answer is not tested.
            let detail = format!("{} of {} cycles are used", self.cycles_used(), plan.max_cycles);
            self.spent = Some((BudgetName::Cycles, detail));
            commands.extend(self.next_cycle(plan));
        } else if self.spent.is_some() {
            commands.extend(self.request_figures(plan));
        } else {
            commands.extend(self.request_deliberation(plan));
        }
        commands
    }

    fn record_knowledge(&mut self, plan: &ResearchPlan) -> Outgoing {
        let cycle = self.cycle;
        self.recording.insert(cycle);
        let records: Vec<TestRecord> = self
            .records_of(Arm::Observed)
            .filter(|record| record.cycle == cycle)
            .cloned()
            .collect();
        let echoes = self.echoes_of(&records);
        self.echoes.extend(echoes.iter().cloned());
        let hypotheses: Vec<Hypothesis> = records
            .iter()
            .filter_map(|record| self.hypotheses.get(&record.id).cloned())
            .collect();
        let evidence = &self.consulting.contributions.evidence;
        let citations = evidence
            .iter()
            .filter(|(_, added)| records.iter().any(|record| record.id == added.finding))
            .cloned()
            .collect();
        let parents: BTreeSet<&HypothesisId> = hypotheses.iter().filter_map(|known| known.parent.as_ref()).collect();
        let knowledge = RecordKnowledge {
            cycle,
            question: plan.question.clone(),
            project: plan.project.clone(),
            datasets: self.datasets.clone(),
            parents: parents
                .into_iter()
                .filter_map(|parent| self.find_hypothesis(parent))
                .collect(),
            hypotheses,
            echoes,
            citations,
            experiments: self
                .experiments
                .values()
                .filter(|experiment| {
                    experiment.protocol.arm == Arm::Observed
                        && (experiment.protocol.cycle == cycle || (cycle == 1 && experiment.protocol.cycle == 0))
                })
                .cloned()
                .collect(),
            records,
        };
        Outgoing::new(agent::KNOWLEDGE_GRAPH_WRITER, knowledge)
    }

    /// Asks for figures of the findings, or goes on where there are none to draw.
    pub(super) fn request_figures(&mut self, plan: &ResearchPlan) -> Vec<Outgoing> {
        self.phase = Phase::Drawing;
        if self.called_off || self.experiments_used() >= plan.max_experiments {
            return Vec::new();
        }
        let findings = self.finding_ids();
        let mut by_dataset: BTreeMap<&str, Vec<Hypothesis>> = BTreeMap::new();
        for finding in findings.iter().take(MOST_FIGURES) {
            if let Some(hypothesis) = self.hypotheses.get(*finding) {
                by_dataset
                    .entry(hypothesis.dataset.as_str())
                    .or_default()
                    .push(hypothesis.clone());
            }
        }
        let requests: Vec<DesignExperiment> = by_dataset
            .into_iter()
            .filter_map(|(name, hypotheses)| {
                Some(DesignExperiment {
                    cycle: self.cycle,
                    arm: Arm::Observed,
                    dataset: name.to_owned(),
                    seed: plan.seed,
                    task: ExperimentTask::Figures {
                        table: self.dataset_named(name)?.experiment.clone()?,
                        table_sha256: self.tables.get(name)?.clone(),
                        hypotheses,
                    },
                })
            })
            .collect();
        self.drawing_designs = u32::try_from(requests.len()).unwrap_or(u32::MAX);
        requests
            .into_iter()
            .map(|request| Outgoing::new(agent::CODE_GENERATOR, request))
            .collect()
    }

    /// Ids of the findings, in the order in which a report shows them.
    fn finding_ids(&self) -> Vec<&HypothesisId> {
        let mut findings: Vec<&TestRecord> = self
            .records_of(Arm::Observed)
            .filter(|record| record.is_finding())
            .collect();
        findings.sort_by(|a, b| a.finding_order(b));
        findings.into_iter().map(|record| &record.id).collect()
    }

    fn leave_drawing(&mut self, plan: &ResearchPlan) -> Vec<Outgoing> {
        if self.drawing_designs == 0 && self.drawing.is_empty() {
            self.request_interpretation(plan)
        } else {
            Vec::new()
        }
    }

    fn leave_recording(&mut self) -> Vec<Outgoing> {
        if self.recording.is_empty() {
            self.close_run()
        } else {
            Vec::new()
        }
    }

    pub(super) fn close_run(&mut self) -> Vec<Outgoing> {
        let mut end = self.verdict_on_run();
        if let Some(useless) = self.thinking.answers.describe_uselessness() {
            end.message = format!("{}; {useless}", end.message);
        }
        if let Some(vetoes) = self.describe_vetoes() {
            end.message = format!("{}; {vetoes}", end.message);
        }
        vec![self.end_run(end)]
    }

    fn end_run(&mut self, end: RunEnd) -> Outgoing {
        self.phase = Phase::Over;
        self.end = Some(end.clone());
        Outgoing::new(agent::SUPERVISOR, end)
    }
}
