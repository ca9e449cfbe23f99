//! Agents that are folders: what they are told, and what becomes of what they say.
//!
//! The director waits for the answers to the events of a phase before it leaves it, and takes them in an order of its
//! own. So what agents say has the same effect however fast they are and however often the run was interrupted.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    challenge,
    state::{Phase, ResearchState},
    telling::Telling,
};
use crate::message::{
    AgentName, AgentPlan, AgentProposal, Answered, Challenge, ChallengeRecord, CheckResult, Contribution,
    Contributions, CycleStarted, CycleVerdicts, DraftedFinding, Event, ExperimentsFinished, HypothesesRegistered,
    KeptTable, MissingAnswer, Notify, Outgoing, PROPOSALS, ProposeHypotheses, Refusal, RefusedTimes, ResearchFinished,
    ResearchPlan, RunStarted, Speech, ToldColumn, ToldDataset, ToldExperiment, ToldTest,
};
use crate::policy;
use crate::sandbox::Outcome;
use crate::science::{
    Arm, Caveat, DatasetRecord, ExperimentRecord, Hypothesis, HypothesisId, TestRecord, Wording, list_vetoes,
};

/// Of each sort of contribution, the most that a run keeps.
const MOST: usize = 500;

/// The most bytes of messages that a run keeps of one agent that is not shipped.
const MOST_WORDS: u64 = 256 << 10;

/// Tests that were left open, as many as are told.
const MOST_OPEN: usize = 50;

/// The agents' part in the state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Consulting {
    /// Events that were told.
    pub told: u64,
    /// Answers that are awaited: occasion and agent.
    pub awaited: BTreeSet<(String, AgentName)>,
    /// Answers that came, and wait for the others.
    pub answers: Vec<Contribution>,
    /// Proposals of agents for the current cycle.
    pub proposals: Vec<(AgentName, AgentProposal)>,
    /// Their answers so far.
    pub contributions: Contributions,
    /// Whether the end was told.
    pub concluded: bool,
    /// The findings that each agent's challenges have taken down.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub taken_down: BTreeMap<AgentName, BTreeSet<HypothesisId>>,
    /// The bytes of the messages that each agent has sent, as far as they are limited.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub words: BTreeMap<AgentName, u64>,
}

impl ResearchState {
    fn plugged_in_agents(&self) -> &[AgentPlan] {
        self.plan.as_ref().map_or(&[], |plan| &plan.agents)
    }

    fn has_listener(&self, kind: &str) -> bool {
        self.plugged_in_agents()
            .iter()
            .any(|agent| agent.subscribes.iter().any(|event| event == kind))
    }

    /// Whether every agent has answered.
    pub(super) fn all_answered(&self) -> bool {
        self.consulting.awaited.is_empty()
    }

    /// Tells it to those who want to know.
    fn notify_listeners(&mut self, event: Event) -> Vec<Outgoing> {
        let kind = event.type_name();
        if self.called_off || !self.has_listener(kind) {
            return Vec::new();
        }
        self.consulting.told += 1;
        let occasion = format!("{:05}-{kind}", self.consulting.told);
        let listeners: Vec<AgentName> = self
            .plugged_in_agents()
            .iter()
            .filter(|agent| agent.subscribes.iter().any(|event| event == kind))
            .map(|agent| agent.name.clone())
            .collect();
        let tables: Vec<KeptTable> = self
            .datasets
            .iter()
            .filter_map(|dataset| {
                Some(KeptTable {
                    dataset: dataset.name.clone(),
                    experiment: dataset.experiment.clone()?,
                    sha256: self.tables.get(&dataset.name)?.clone(),
                })
            })
            .collect();
        listeners
            .into_iter()
            .map(|agent| {
                self.consulting.awaited.insert((occasion.clone(), agent.clone()));
                let notice = Notify {
                    occasion: occasion.clone(),
                    event: event.clone(),
                    tables: tables.clone(),
                    cycle: self.cycle,
                };
                Outgoing {
                    to: agent,
                    payload: notice.into(),
                }
            })
            .collect()
    }

    // --- what is told ---

    pub(super) fn notify_run_started(&mut self, plan: &ResearchPlan) -> Vec<Outgoing> {
        let datasets = self.datasets.iter();
        let started = RunStarted {
            question: plan.question.clone(),
            target: plan.target.clone(),
            randomised: plan.randomised.clone(),
            datasets: datasets
                .filter_map(|dataset| dataset_for_agents(dataset, true))
                .collect(),
        };
        self.notify_listeners(Event::RunStarted(started.into()))
    }

    pub(super) fn notify_cycle_started(&mut self, plan: &ResearchPlan, request: &ProposeHypotheses) -> Vec<Outgoing> {
        self.consulting.proposals.clear();
        if self.spent.is_some() || request.limit == 0 || !self.has_listener("cycle_started") {
            return Vec::new();
        }
        let datasets = self.datasets.iter();
        let started = CycleStarted {
            cycle: self.cycle,
            question: plan.question.clone(),
            target: plan.target.clone(),
            datasets: datasets
                .filter_map(|dataset| dataset_for_agents(dataset, false))
                .collect(),
            known: {
                let telling = Telling::of(self);
                request.known.iter().map(|test| telling.known_test(test)).collect()
            },
            tested: request.tested.clone(),
            limit: request.limit,
        };
        self.notify_listeners(Event::CycleStarted(started.into()))
    }

    pub(super) fn notify_hypotheses_registered(&mut self) -> Vec<Outgoing> {
        if !self.has_listener("hypotheses_registered") {
            return Vec::new();
        }
        let open = &self.current.open;
        let observed = open
            .iter()
            .filter_map(|id| self.hypotheses.get(id))
            .filter(|hypothesis| hypothesis.arm == Arm::Observed);
        let registered = HypothesesRegistered {
            cycle: self.cycle,
            hypotheses: {
                let telling = Telling::of(self);
                observed.map(|hypothesis| telling.hypothesis(hypothesis)).collect()
            },
        };
        self.notify_listeners(Event::HypothesesRegistered(registered.into()))
    }

    pub(super) fn notify_experiments_finished(&mut self) -> Vec<Outgoing> {
        let cycle = self.cycle;
        let of_cycle = |record: &&ExperimentRecord| {
            record.protocol.arm == Arm::Observed
                && (record.protocol.cycle == cycle || (cycle == 1 && record.protocol.cycle == 0))
        };
        let experiments = self.experiments.values().filter(of_cycle);
        let finished = ExperimentsFinished {
            cycle,
            experiments: experiments
                .map(|record| ToldExperiment {
                    id: record.id.clone(),
                    template: record.protocol.template.clone(),
                    dataset: record.protocol.dataset.clone(),
                    outcome: match &record.outcome {
                        None => "none".to_owned(),
                        Some(Outcome::Ok) => "ok".to_owned(),
                        Some(outcome) => outcome.to_string(),
                    },
                    failure: record.failure.clone(),
                    script_sha256: record.script_sha256.clone(),
                    result_sha256: record.result_sha256.clone(),
                })
                .collect(),
        };
        self.notify_listeners(Event::ExperimentsFinished(finished.into()))
    }

    /// The verdicts, and each finding.
    pub(super) fn notify_verdicts_and_findings(&mut self) -> Vec<Outgoing> {
        if !self.has_listener("cycle_judged") && !self.has_listener("finding_drafted") {
            return Vec::new();
        }
        let cycle = self.cycle;
        let mut tests: Vec<&TestRecord> = self
            .records_of(Arm::Observed)
            .filter(|record| record.cycle == cycle)
            .collect();
        tests.sort_by(|a, b| a.test_order(b));
        let mut findings: Vec<&TestRecord> = tests.iter().copied().filter(|record| record.is_finding()).collect();
        findings.sort_by(|a, b| a.finding_order(b));
        let telling = Telling::of(self);
        let draft = |finding: &&TestRecord| {
            let hypothesis = self.hypotheses.get(&finding.id)?;
            let dataset = dataset_for_agents(self.dataset_named(&finding.dataset)?, false)?;
            Some(DraftedFinding {
                cycle,
                finding: telling.test(finding),
                hypothesis: telling.hypothesis(hypothesis),
                dataset,
            })
        };
        let drafted: Vec<DraftedFinding> = findings.iter().filter_map(draft).collect();
        let tests = tests.into_iter().map(|test| telling.test(test)).collect();
        let mut commands = self.notify_listeners(Event::CycleJudged(CycleVerdicts { cycle, tests }.into()));
        for drafted in drafted {
            commands.extend(self.notify_listeners(Event::FindingDrafted(drafted.into())));
        }
        commands
    }

    /// That nothing is tested any more; once.
    pub(super) fn notify_research_finished(&mut self, plan: &ResearchPlan) -> Vec<Outgoing> {
        if std::mem::replace(&mut self.consulting.concluded, true) || !self.has_listener("research_finished") {
            return Vec::new();
        }
        let tests = self.records_of(Arm::Observed).count() as u64;
        let mut findings: Vec<&TestRecord> = self
            .records_of(Arm::Observed)
            .filter(|record| record.is_finding())
            .collect();
        findings.sort_by(|a, b| a.finding_order(b));
        let mut open: Vec<&TestRecord> = self
            .records_of(Arm::Observed)
            .filter(|record| !record.significant && record.wording == Wording::Suggestive)
            .collect();
        open.sort_by(|a, b| a.p.total_cmp(&b.p).then_with(|| a.id.cmp(&b.id)));
        open.truncate(MOST_OPEN);
        let telling = Telling::of(self);
        let tell =
            |tests: Vec<&TestRecord>| -> Vec<ToldTest> { tests.into_iter().map(|test| telling.test(test)).collect() };
        let finished = ResearchFinished {
            question: plan.question.clone(),
            findings: tell(findings),
            open: tell(open),
            tests,
            challenges: self.consulting.contributions.challenges.clone(),
        };
        self.notify_listeners(Event::ResearchFinished(finished.into()))
    }

    // --- what is answered ---

    pub(super) fn take_contribution(&mut self, answer: &Contribution) {
        let key = (answer.occasion.clone(), answer.agent.clone());
        if self.consulting.awaited.remove(&key) {
            self.consulting.answers.push(answer.clone());
            self.take_answers();
        }
    }

    /// An agent gave no answer to an event.
    pub(super) fn record_missing_answer(&mut self, agent: &AgentName, notice: &Notify, reason: &str) {
        if self
            .consulting
            .awaited
            .remove(&(notice.occasion.clone(), agent.clone()))
        {
            self.push_missing_answer(agent.clone(), notice.occasion.clone(), reason);
            self.take_answers();
        }
    }

    /// Nobody is waited for any more.
    pub(super) fn stop_listening(&mut self, reason: &str) {
        for (occasion, agent) in std::mem::take(&mut self.consulting.awaited) {
            self.push_missing_answer(agent, occasion, reason);
        }
        self.take_answers();
    }

    fn push_missing_answer(&mut self, agent: AgentName, occasion: String, reason: &str) {
        let missing = &mut self.consulting.contributions.missing;
        if missing.len() < MOST {
            let event = occasion.split_once('-').map_or(occasion.as_str(), |(_, kind)| kind);
            missing.push(MissingAnswer {
                agent,
                event: event.to_owned(),
                occasion,
                reason: reason.to_owned(),
            });
        }
    }

    /// Takes what was said, once nobody is awaited, in the order of the events and of the agents' names.
    fn take_answers(&mut self) {
        if !self.all_answered() {
            return;
        }
        let mut answers = std::mem::take(&mut self.consulting.answers);
        answers.sort_by(|a, b| (&a.occasion, &a.agent).cmp(&(&b.occasion, &b.agent)));
        for answer in answers {
            for experiment in &answer.experiments {
                self.experiments
                    .entry(experiment.id.clone())
                    .or_insert_with(|| experiment.clone());
            }
            for refusal in &answer.refused {
                self.count_refusal(&answer.agent, refusal.clone());
            }
            for said in &answer.said {
                if self.has_room_for(&answer.agent, said) {
                    self.apply_speech(&answer.agent, said, &answer.checks);
                }
            }
        }
        self.consulting
            .contributions
            .missing
            .sort_by(|a, b| (&a.occasion, &a.agent).cmp(&(&b.occasion, &b.agent)));
    }

    /// Counts the words of an agent that is not shipped; false, and a refusal, once they are more than a report takes
    /// from one agent.
    fn has_room_for(&mut self, agent: &AgentName, said: &Speech) -> bool {
        let is_limited = self
            .plugged_in_agents()
            .iter()
            .any(|plan| plan.name == *agent && plan.share.is_some());
        // What is proposed is counted by the cycle's limit.
        if !is_limited || PROPOSALS.contains(&said.type_name()) {
            return true;
        }
        let bytes = serde_json::to_string(said).map_or(0, |text| text.len() as u64);
        let words = self.consulting.words.entry(agent.clone()).or_default();
        if *words + bytes <= MOST_WORDS {
            *words += bytes;
            return true;
        }
        let kind = said.type_name().to_owned();
        let reason = "the agent has sent more words than a report takes from one agent".to_owned();
        self.count_refusal(agent, Refusal { kind, reason });
        false
    }

    fn count_refusal(&mut self, agent: &AgentName, refusal: Refusal) {
        let refused = &mut self.consulting.contributions.refused;
        let known = refused
            .iter_mut()
            .find(|known| known.agent == *agent && known.refusal == refusal);
        if let Some(known) = known {
            known.times += 1;
        } else if refused.len() < MOST {
            refused.push(RefusedTimes {
                agent: agent.clone(),
                refusal,
                times: 1,
            });
        }
    }

    fn apply_speech(&mut self, agent: &AgentName, said: &Speech, checks: &[CheckResult]) {
        let about = match said {
            Speech::Challenge(challenge) => Some(&challenge.finding),
            Speech::AddEvidence(evidence) => Some(&evidence.finding),
            Speech::Score(score) => Some(&score.finding),
            Speech::ProposeHypothesis(_) | Speech::ProposeAnalysis(_) | Speech::WriteSection(_) | Speech::Remark(_) => {
                None
            }
        };
        let finding = about.and_then(|id| {
            let record = self.records.get(&Arm::Observed)?.get(id)?;
            record.is_finding().then(|| record.clone())
        });
        let contributions = &mut self.consulting.contributions;
        let agent = agent.clone();
        match (said, finding) {
            (Speech::ProposeHypothesis(proposed), _) => {
                let proposal = AgentProposal::Hypothesis((**proposed).clone());
                self.consulting.proposals.push((agent, proposal));
            }
            (Speech::ProposeAnalysis(proposed), _) => {
                let proposal = AgentProposal::Analysis((**proposed).clone());
                self.consulting.proposals.push((agent, proposal));
            }
            (Speech::WriteSection(section), _) => {
                push_within_limit(&mut contributions.sections, (agent, (**section).clone()))
            }
            (Speech::Remark(remark), _) => {
                let remark = (agent, remark.text.clone());
                if !contributions.remarks.contains(&remark) {
                    push_within_limit(&mut contributions.remarks, remark);
                }
            }
            (Speech::AddEvidence(evidence), Some(_)) => {
                push_within_limit(&mut contributions.evidence, (agent, (**evidence).clone()));
            }
            (Speech::Score(score), Some(_)) => push_within_limit(&mut contributions.scores, (agent, (**score).clone())),
            (Speech::Challenge(challenge), Some(finding)) => self.apply_challenge(agent, challenge, &finding, checks),
            (Speech::AddEvidence(_) | Speech::Score(_) | Speech::Challenge(_), None) => {
                let reason = "it speaks of what is not among the findings".to_owned();
                let kind = said.type_name().to_owned();
                self.count_refusal(&agent, Refusal { kind, reason });
            }
        }
    }

    /// Answers a challenge: what is doubted is called so before it is reported.
    fn apply_challenge(
        &mut self,
        agent: AgentName,
        challenge: &Challenge,
        finding: &TestRecord,
        checks: &[CheckResult],
    ) {
        let alpha = self.plan.as_ref().map_or(0.0, |plan| plan.alpha);
        let may_veto = self
            .plugged_in_agents()
            .iter()
            .any(|known| known.name == agent && known.veto);
        let estimate = challenge.check.as_ref().and_then(|check| {
            let found = checks
                .iter()
                .find(|known| known.finding == challenge.finding && known.check == *check);
            found.map(|known| known.estimate.clone())
        });
        let (mut answer, mut reason) =
            challenge::answer_challenge(finding, challenge.grounds, estimate.as_ref(), alpha);
        if answer == Answered::Sustained && !self.take_down(&agent, &challenge.finding) {
            answer = Answered::Unsupported;
            reason = "the agent has taken down as many findings as one agent may";
        }
        let vetoed = answer == Answered::Sustained && challenge.veto && may_veto;
        if answer == Answered::Sustained
            && let Some(record) = self
                .records
                .get_mut(&Arm::Observed)
                .and_then(|records| records.get_mut(&challenge.finding))
        {
            record.wording = Wording::Suggestive;
            let name = challenge.check.as_ref().map_or("", |check| check.name.as_str());
            record.add_caveat(Caveat::Challenged, name);
            if vetoed {
                record.add_caveat(Caveat::Vetoed, agent.as_str());
            }
        }
        let record = ChallengeRecord {
            agent,
            challenge: challenge.clone(),
            estimate,
            answer,
            reason: reason.to_owned(),
            vetoed,
        };
        push_within_limit(&mut self.consulting.contributions.challenges, record);
    }

    /// Counts the finding among those that the agent has taken down; false if these would be more than one agent may.
    fn take_down(&mut self, agent: &AgentName, finding: &HypothesisId) -> bool {
        let plan = self.plugged_in_agents().iter().find(|plan| plan.name == *agent);
        let share = plan.and_then(|plan| plan.share);
        let findings = self
            .records_of(Arm::Observed)
            .filter(|record| record.significant)
            .count();
        let taken = self.consulting.taken_down.entry(agent.clone()).or_default();
        if let Some(share) = share
            && !taken.contains(finding)
            && taken.len() >= challenge::most_taken_down(findings, share)
        {
            return false;
        }
        taken.insert(finding.clone());
        true
    }

    /// Findings that agents have vetoed, in words; none for runs that began before agents had a limit.
    pub(super) fn describe_vetoes(&self) -> Option<String> {
        let knows_limits = self.plugged_in_agents().iter().any(|plan| plan.from.is_some());
        let vetoes = list_vetoes(self.records_of(Arm::Observed)).into_iter();
        let told: Vec<String> = vetoes
            .map(|(agent, findings)| match findings.len() {
                1 => format!("1 finding vetoed by {agent}"),
                times => format!("{times} findings vetoed by {agent}"),
            })
            .collect();
        (knows_limits && !told.is_empty()).then(|| told.join(", "))
    }

    // --- what they propose ---

    /// The hypotheses that agents propose for the cycle, as far as they can be tested.
    pub(super) fn admit_agent_proposals(&mut self, plan: &ResearchPlan) -> Vec<Hypothesis> {
        let proposals = std::mem::take(&mut self.consulting.proposals);
        if proposals.is_empty() {
            return Vec::new();
        }
        let request = self.proposal_request(plan, Arm::Observed);
        let mut admitted: Vec<Hypothesis> = Vec::new();
        for (agent, proposal) in proposals {
            match policy::admit(&request, &agent, &proposal) {
                Ok(hypotheses) if admitted.len() + hypotheses.len() <= request.limit => admitted.extend(hypotheses),
                Ok(_) => self.refuse_proposal(&agent, &proposal, "the cycle takes no more hypotheses".to_owned()),
                Err(reason) => self.refuse_proposal(&agent, &proposal, reason),
            }
        }
        admitted
    }

    fn refuse_proposal(&mut self, agent: &AgentName, proposal: &AgentProposal, reason: String) {
        let kind = proposal.type_name().to_owned();
        self.count_refusal(agent, Refusal { kind, reason });
    }

    /// Goes on to the end of the run once everybody has answered.
    pub(super) fn leave_concluding(&mut self) -> Vec<Outgoing> {
        if self.all_answered() {
            self.phase = Phase::Recording;
        }
        Vec::new()
    }
}

fn push_within_limit<T>(list: &mut Vec<T>, item: T) {
    if list.len() < MOST {
        list.push(item);
    }
}

/// Describes a table for agents; none before it is profiled.
fn dataset_for_agents(dataset: &DatasetRecord, whole: bool) -> Option<ToldDataset> {
    let mut profile = dataset.profile.clone()?;
    // Of use to nobody but us, and long.
    profile.row_sketch.clear();
    let columns = profile.columns.iter().map(|column| ToldColumn {
        name: column.name.clone(),
        role: column.role,
        usable: column.usable,
        distinct: column.distinct,
        missing: column.missing,
    });
    Some(ToldDataset {
        name: dataset.name.clone(),
        sha256: dataset.sha256.clone(),
        rows: profile.rows,
        columns: columns.collect(),
        profile: whole.then_some(profile),
    })
}
