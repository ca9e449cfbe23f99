//! Gathers the data of the report from the director's state, the journal and the settings.

use std::collections::BTreeMap;

use super::{LabError, graph, run_version::RunVersion};
use crate::{
    actors::research_director::ResearchState,
    config::{PolicyChoice, Settings},
    journal::{Journal, JournalError, Kind, Record},
    llm::Account,
    message::{AgentName, KnowledgeRecalled, Known, Payload, ResearchPlan, TestDraft, ledger_lines},
    report::{BudgetLine, DeadLetter, Dossier, Method, ModelUse, ProjectMemory, RestartRecord},
    science::{
        Arm, EffectInUnits, ExperimentId, ExperimentRecord, HypothesisId, Part, RunEnd, RunId, RunStatus, ShuffledNull,
        TestRecord, TestResult, list_vetoes,
    },
};

/// Facts about the run that are not in its journal.
pub struct Context<'a> {
    /// The run.
    pub run: &'a RunId,
    /// Its settings.
    pub settings: &'a Settings,
    /// Its end.
    pub end: &'a RunEnd,
}

/// Everything that the report of a run is made from.
///
/// # Errors
/// When the journal cannot be read.
pub fn gather_dossier(context: &Context<'_>, state: &ResearchState, journal: &Journal) -> Result<Dossier, LabError> {
    let mut ledger = Vec::new();
    let mut dead_letters = Vec::new();
    let mut restarts = Vec::new();
    let mut branch = None;
    let mut units = BTreeMap::new();
    let mut stand = Stand::default();
    for entry in journal.entries() {
        let entry = entry?;
        match entry.record {
            Record::Sent { envelope } => {
                ledger.extend(ledger_lines(entry.seq, &envelope));
                if let Payload::JudgeCycle(request) = envelope.payload
                    && request.arm == Arm::Observed
                {
                    let drafts = request.drafts.into_iter();
                    units.extend(drafts.flat_map(effects_of_draft));
                }
            }
            Record::Handled {
                message,
                agent,
                dead: Some(reason),
            } => {
                let kind = journal
                    .find_message(&message)?
                    .map_or("", |envelope| envelope.payload.name());
                dead_letters.push(dead_letter(message.as_str(), &agent, kind, reason, context.settings));
            }
            Record::Opened(opening) => {
                stand = Stand {
                    version: opening.version,
                    python: opening.python,
                    sandbox: opening.sandbox,
                };
                branch = opening.branch.or(branch);
            }
            Record::Restarted { agent, reason } => {
                restarts.push(RestartRecord {
                    agent: agent.to_string(),
                    reason,
                });
            }
            _ => {}
        }
    }
    let account = Account::from_entries(journal.entries_of(&[Kind::Receipt]))?;
    let account = (context.settings.policy == PolicyChoice::Llm || account.calls > 0).then_some(account);
    let mut tests: Vec<TestRecord> = state.records_of(Arm::Observed).cloned().collect();
    tests.sort_by(TestRecord::test_order);
    let mut untested = state.untested.get(&Arm::Observed).cloned().unwrap_or_default();
    untested.sort_by(|a, b| a.cycle.cmp(&b.cycle).then_with(|| a.id.cmp(&b.id)));
    let mut experiments: Vec<ExperimentRecord> = state.experiments.values().cloned().collect();
    experiments.sort_by(|a, b| {
        let key = |e: &ExperimentRecord| {
            (
                e.protocol.cycle,
                e.protocol.arm,
                e.protocol.template.clone(),
                e.id.clone(),
            )
        };
        key(a).cmp(&key(b))
    });
    let mut families = state.families.clone();
    families.sort_by_key(|family| (family.cycle, family.arm, family.tier));
    let shuffled = state.active_arms().contains(&Arm::Shuffled).then(|| ShuffledNull {
        tests: state.records_of(Arm::Shuffled).count() as u64,
        findings: state
            .records_of(Arm::Shuffled)
            .filter(|record| record.significant)
            .count() as u64,
    });
    let knowledge = graph::knowledge_in(journal.entries_of(&[Kind::Sent]))?;
    let knowledge = RunVersion::of_run(journal)?.knowledge(knowledge);
    let counts = knowledge.count_by_kind();
    let mut figures = state.figures.clone();
    figures.sort_by(|a, b| a.finding.cmp(&b.finding));
    Ok(Dossier {
        run: context.run.clone(),
        branch,
        question: context.settings.question.clone().unwrap_or_default().trim().to_owned(),
        target: context.settings.target.clone(),
        exposure: context.settings.exposure.clone(),
        given: context.settings.given.clone(),
        subject: context.settings.subject.clone(),
        time: context.settings.time.clone(),
        asked: state.asked_parts(ended_early(context.end)),
        end: context.end.clone(),
        datasets: state.datasets.clone(),
        method: describe_method(context.settings, state.plan.as_ref(), stand),
        cycles: state.cycles.clone(),
        families,
        units: units_of_tests(&tests, &units),
        tests,
        descriptions: state.descriptions.values().cloned().collect(),
        untested,
        shuffled_null: shuffled,
        experiments,
        figures,
        ledger,
        budgets: budget_lines(context.settings, state, journal, account.as_ref())?,
        dead_letters,
        restarts,
        model_use: account.as_ref().map(ModelUse::from),
        graph: counts.nodes.into_iter().chain(counts.edges).collect(),
        graph_waits: graph::count_waiting(journal)? as u64,
        memory: state.memory.as_ref().map(|recalled| ProjectMemory {
            project: context.settings.project.clone().unwrap_or_default(),
            runs: recalled.runs.clone(),
            cycles: recalled.cycles.values().copied().max().unwrap_or(0),
            settled: most_significant_settled(recalled),
            settled_in_all: recalled.settled.len() as u64,
            echoes: state.echoes.clone(),
        }),
        knowledge,
        interpretations: state.thinking.interpretations.clone(),
        model_remarks: state.thinking.remarks.clone(),
        agents: state.plan.as_ref().map(|plan| plan.agents.clone()).unwrap_or_default(),
        vetoes: list_vetoes(state.records_of(Arm::Observed)),
        contributions: state.consulting.contributions.clone(),
    })
}

/// The effects of a test in units, by the experiment that they come from and the part of the rows.
type DraftEffects = BTreeMap<(HypothesisId, ExperimentId, Part), EffectInUnits>;

/// What a draft shows in the units of its columns: by its own experiment, and by the one that confirms it.
fn effects_of_draft(draft: TestDraft) -> DraftEffects {
    let id = draft.hypothesis.id;
    let mut effects = BTreeMap::new();
    let mut add = |experiment: &ExperimentId, result: &TestResult| {
        for (part, estimate) in [(Part::Whole, &result.whole), (Part::Confirm, &result.confirm)] {
            let effect = estimate
                .as_ref()
                .map(|estimate| estimate.in_units())
                .unwrap_or_default();
            if !effect.is_empty() {
                effects.insert((id.clone(), experiment.clone(), part), effect);
            }
        }
    };
    add(&draft.experiment, &draft.result);
    if let Some(confirmation) = &draft.confirmation {
        add(&confirmation.experiment, &confirmation.result);
    }
    effects
}

/// Those of the experiment and the part that each test was judged by.
fn units_of_tests(tests: &[TestRecord], effects: &DraftEffects) -> BTreeMap<HypothesisId, EffectInUnits> {
    let of_test = |test: &TestRecord| {
        let judged = (test.id.clone(), test.evidence.experiment.clone(), test.part);
        Some((test.id.clone(), effects.get(&judged)?.clone()))
    };
    tests.iter().filter_map(of_test).collect()
}

/// Whether something that was asked may not have been reached.
fn ended_early(end: &RunEnd) -> bool {
    end.ended_by().is_some() || matches!(end.status, RunStatus::Stopped | RunStatus::Failed)
}

/// Maximum number of claims settled earlier on the same data that the report lists.
const MOST_SETTLED: usize = 100;

/// The most significant first.
fn most_significant_settled(recalled: &KnowledgeRecalled) -> Vec<Known> {
    let mut settled = recalled.settled.clone();
    settled.sort_by(|a, b| {
        let order = |known: &Known| (!known.significant, known.claim.clone());
        a.q.total_cmp(&b.q).then_with(|| order(a).cmp(&order(b)))
    });
    settled.truncate(MOST_SETTLED);
    settled
}

fn dead_letter(message: &str, agent: &AgentName, kind: &str, reason: String, settings: &Settings) -> DeadLetter {
    DeadLetter {
        message: message.to_owned(),
        agent: agent.to_string(),
        kind: kind.to_owned(),
        attempts: settings.supervisor.max_attempts,
        reason,
    }
}

/// The version and the environment of the process that last worked on a run.
struct Stand {
    /// Of Kosmos.
    version: String,
    /// Of Python.
    python: String,
    /// The sandbox's guarantees.
    sandbox: Vec<(String, String)>,
}

impl Default for Stand {
    fn default() -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            python: String::new(),
            sandbox: Vec::new(),
        }
    }
}

fn describe_method(settings: &Settings, plan: Option<&ResearchPlan>, stand: Stand) -> Method {
    let python = format!("Python {}", stand.python);
    let packages = RunVersion::of_kosmos(&stand.version).python_packages();
    Method {
        alpha: settings.research.alpha,
        explore_share: settings.research.explore_share,
        seed: settings.seed,
        policy: match settings.policy {
            PolicyChoice::Heuristic => "heuristic",
            PolicyChoice::Llm => "llm",
        }
        .to_owned(),
        permutations: u64::from(settings.research.permutations),
        check_rows: settings.research.check_rows,
        // A codebook may name some too.
        randomised: plan.map_or(&settings.randomised, |plan| &plan.randomised).clone(),
        kosmos_version: stand.version,
        stack: std::iter::once(python).chain(packages).collect(),
        sandbox: stand.sandbox,
    }
}

fn budget_lines(
    settings: &Settings,
    state: &ResearchState,
    journal: &Journal,
    account: Option<&Account>,
) -> Result<Vec<BudgetLine>, JournalError> {
    let budget = &settings.budget;
    let line = |name: &str, used: f64, limit: Option<f64>, unit: &str| BudgetLine {
        name: name.to_owned(),
        used,
        limit,
        unit: unit.to_owned(),
    };
    let mut lines = vec![
        line(
            "cycles",
            f64::from(state.cycles_used()),
            Some(f64::from(budget.cycles)),
            "cycles",
        ),
        line(
            "experiments",
            state.experiments.len() as f64,
            Some(f64::from(budget.experiments)),
            "experiments",
        ),
        line(
            "tests",
            state.tests_used() as f64,
            Some(f64::from(budget.tests)),
            "tests",
        ),
        line(
            "wall_time",
            journal.elapsed_ms()? as f64 / 1000.0,
            Some(budget.wall_time.get().as_secs_f64()),
            "s",
        ),
    ];
    if let Some(account) = account {
        let tokens = budget.tokens.map(|limit| limit as f64);
        lines.push(line("tokens", account.total.sum() as f64, tokens, "tokens"));
        lines.push(line("usd", account.usd, budget.usd, "US dollars"));
    }
    Ok(lines)
}
