//! Common to the hosts of all kinds: registration of agents, and the handling of their messages.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use kosmos_core::{plain_path::PlainPath, run_dir::RunDir, run_files};
use serde::Serialize;
use serde_json::Value;

use super::{
    AgentKind, ChosenAgent, Roster,
    admission::admit_messages,
    calls::EventHandling,
    guest::GuestAgent,
    llm::LlmAgent,
    protocol_1,
    recheck::{Challenged, recheck},
};
use crate::actors::{ExecutorOptions, Knowledge, research_director::answer_challenge};
use crate::agent::{AgentError, AgentSpec, Handled, Registry, RestartLimits};
use crate::journal::{Journal, JournalError};
use crate::message::{
    Answered, CheckEstimate, CheckResult, Contribution, Envelope, Event, KeptTable, Outgoing, Payload, Refusal, Speech,
    agent,
};
use crate::policy::Thinker;
use crate::sandbox::{ProcessSandbox, ResultFault, parse_result};
use crate::science::{HypothesisId, RunId, TestRecord};

/// Everything that the hosts of a run's agents share.
#[derive(Clone)]
pub struct PluginKit {
    /// The run's id.
    pub run: RunId,
    /// The run's folder.
    pub folder: Arc<Path>,
    /// The run's journal.
    pub journal: Journal,
    /// The sandbox for programs; agents of kind `process` need it.
    pub programs: Option<Arc<ProcessSandbox>>,
    /// The executor of their scripts.
    pub executor: Arc<ExecutorOptions>,
    /// The run's model; agents of kind `llm` need it.
    pub thinker: Option<Thinker>,
    /// The run's knowledge graph.
    pub knowledge: Knowledge,
    /// The run's false discovery rate.
    pub alpha: f64,
    /// The run's budget of experiments.
    pub experiments: u64,
    /// The run's budget of tokens.
    pub tokens: Option<u64>,
    /// In a replay, the receipts of the recorded run, by key.
    pub recorded: Option<BTreeMap<String, Value>>,
    /// Time for one event for an agent that asks a model.
    pub thinking: Duration,
}

impl PluginKit {
    /// Parent folder of scratch folders.
    pub fn scratch_folder(&self) -> PathBuf {
        self.folder.join(run_files::AGENTS).join(".scratch")
    }

    /// Folder of the Python SDK.
    pub fn sdk_folder(&self) -> PathBuf {
        self.folder.join(run_files::AGENTS).join(".sdk")
    }

    /// The number of experiments that an agent may run.
    pub fn experiments_of(&self, chosen: &ChosenAgent) -> u64 {
        (chosen.manifest.limits.budget_share * self.experiments as f64).floor() as u64
    }

    /// The number of tokens that an agent may use; `None` for no limit.
    pub fn tokens_of(&self, chosen: &ChosenAgent) -> Option<u64> {
        let share = |tokens: u64| (chosen.manifest.limits.budget_share * tokens as f64).floor() as u64;
        self.tokens.map(share)
    }
}

/// Adds the agents of a run to the built-in ones, or replaces a built-in agent of the same name.
pub fn register_agents(registry: &mut Registry, roster: &Roster, kit: &Arc<PluginKit>) {
    for chosen in &roster.agents {
        let manifest = &chosen.manifest;
        let asks = manifest.kind == AgentKind::Llm || manifest.permissions.model;
        let own = manifest.limits.deadline.get();
        let deadline = if asks { own.max(kit.thinking) } else { own };
        let (kit, made) = (Arc::clone(kit), chosen.clone());
        let spec = AgentSpec::new(deadline, move || {
            Ok(match made.manifest.kind {
                AgentKind::Llm => {
                    Rc::new(LlmAgent::new(Arc::clone(&kit), made.clone())?) as Rc<dyn crate::agent::Agent<Payload>>
                }
                _ => Rc::new(GuestAgent::new(Arc::clone(&kit), made.clone())),
            })
        });
        let upkeep = RestartLimits {
            max_restarts: manifest.restart.max_restarts as usize,
            window: manifest.restart.window.get(),
            max_attempts: manifest.restart.max_attempts,
            // The run continues without the agent unless it replaces a built-in one.
            dispensable: !manifest.replaces_built_in(),
        };
        registry.register(manifest.name.clone(), spec.with_messages_in_order().with_limits(upkeep));
    }
}

/// Type and body, as in the protocol.
pub fn type_and_body(tagged: &impl Serialize) -> (String, Value) {
    let value = serde_json::to_value(tagged).unwrap_or_default();
    let kind = value.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let body = value.get("body").cloned().unwrap_or_default();
    (kind, body)
}

/// Type and body of an event, in the version of the protocol that an agent speaks.
pub fn event_for_protocol(protocol: u32, event: &Event) -> (String, Value) {
    let (kind, body) = type_and_body(event);
    match protocol {
        1 => (kind, protocol_1::translate_event(body)),
        _ => (kind, body),
    }
}

/// The parts of a message that calls need.
#[derive(Debug, Clone, Default)]
pub struct EventScene {
    /// Identifies the event within the run.
    pub occasion: String,
    /// Tables that scripts may read.
    pub tables: Vec<KeptTable>,
    /// The cycle of the event.
    pub cycle: u32,
}

impl EventScene {
    /// Of an event; a message to a replaced built-in agent is identified by its id.
    pub fn of_message(message: &Envelope) -> Self {
        match &message.payload {
            Payload::Notify(notice) => Self {
                occasion: notice.occasion.clone(),
                tables: notice.tables.clone(),
                cycle: notice.cycle,
            },
            _ => Self {
                occasion: message.id.to_string(),
                ..Self::default()
            },
        }
    }
}

/// Sends an agent's accepted messages to the director, and commits the agent's changed state.
pub async fn handle_messages(
    mut handling: EventHandling<'_>,
    message: &Envelope,
    messages: &[Value],
) -> Result<Handled, AgentError> {
    let agent = handling.context.agent().clone();
    let mut sent = match &message.payload {
        Payload::Notify(notice) => {
            let manifest = &handling.chosen.manifest;
            let (said, mut refused) = admit_messages(manifest, message.run.as_str(), &notice.event, messages);
            let checks = read_checks(&mut handling, &notice.event, &said, &mut refused).await?;
            for refusal in &refused {
                tracing::warn!(%agent, kind = refusal.kind, reason = refusal.reason, "a message was rejected");
            }
            let contribution = Contribution {
                occasion: notice.occasion.clone(),
                agent,
                said,
                refused,
                experiments: handling.experiments,
                checks,
            };
            vec![Outgoing::new(agent::RESEARCH_DIRECTOR, contribution)]
        }
        // The agent replaces a built-in one.
        _ => pass_to_director(handling.chosen, messages)?,
    };
    sent.extend(handling.notices);
    let snapshot = serde_json::to_vec(&handling.memory).map_err(JournalError::from)?;
    let before = handling.kit.journal.load_agent_state(handling.context.agent())?;
    let changed = before.as_ref() != Some(&snapshot);
    Ok(Handled {
        sent,
        snapshot: changed.then_some(snapshot),
    })
}

/// A message that the replaced built-in agent would not send.
#[derive(Debug, thiserror::Error)]
#[error("its answer cannot replace that of `{agent}`: {problem}")]
struct Unfit {
    agent: String,
    problem: String,
}

/// Passes on the messages of an agent that replaces a built-in one.
fn pass_to_director(chosen: &ChosenAgent, messages: &[Value]) -> Result<Vec<Outgoing>, AgentError> {
    let manifest = &chosen.manifest;
    let unfit = |problem: String| {
        AgentError::retry(Unfit {
            agent: manifest.name.to_string(),
            problem,
        })
    };
    if messages.is_empty() {
        return Err(unfit("it has no messages".to_owned()));
    }
    let mut sent = Vec::new();
    for message in messages {
        let kind = message.get("type").and_then(Value::as_str).unwrap_or("none");
        if !manifest.publishes.iter().any(|known| known == kind) {
            return Err(unfit("its agent.toml does not list it under `publishes`".to_owned()));
        }
        let payload: Payload = serde_json::from_value(message.clone()).map_err(|error| unfit(error.to_string()))?;
        sent.push(Outgoing {
            to: agent::RESEARCH_DIRECTOR.into(),
            payload,
        });
    }
    Ok(sent)
}

/// Reads the numbers of the challenges' checks from the scripts' results. Those that would take a finding down count
/// only if the script holds when Kosmos runs it again; the scripts of shipped agents are Kosmos's own.
async fn read_checks(
    handling: &mut EventHandling<'_>,
    event: &Event,
    said: &[Speech],
    refused: &mut Vec<Refusal>,
) -> Result<Vec<CheckResult>, AgentError> {
    let mut checks = Vec::new();
    for speech in said {
        let Speech::Challenge(challenge) = speech else { continue };
        let Some(check) = &challenge.check else { continue };
        let refuse = |reason: String| Refusal {
            kind: "challenge".to_owned(),
            reason,
        };
        let ran = handling.experiments.iter().find(|known| known.id == check.experiment);
        let Some(experiment) = ran.cloned() else {
            refused.push(refuse(format!("its check cannot be read: {}", CheckError::NotRun)));
            continue;
        };
        let result = check.experiment.file(run_files::RESULT);
        let estimate = match read_estimate(handling.context.run_dir(), &result, &check.pointer) {
            Ok(estimate) => estimate,
            Err(error) => {
                refused.push(refuse(format!("its check cannot be read: {error}")));
                continue;
            }
        };
        if !handling.chosen.source.shipped {
            let Some(finding) = find_test(event, &challenge.finding) else {
                refused.push(refuse("it is about another finding than the event".to_owned()));
                continue;
            };
            let grounds = challenge.grounds;
            let (answer, _) = answer_challenge(finding, grounds, Some(&estimate), handling.kit.alpha);
            if answer == Answered::Sustained {
                let challenged = Challenged {
                    finding,
                    grounds,
                    check,
                    estimate: &estimate,
                };
                if let Err(reason) = recheck(handling, &challenged, &experiment).await? {
                    refused.push(refuse(format!("its check does not hold: {reason}")));
                    continue;
                }
            }
        }
        checks.push(CheckResult {
            finding: challenge.finding.clone(),
            check: check.clone(),
            estimate,
        });
    }
    Ok(checks)
}

/// The test of that id that the event tells of.
fn find_test<'e>(event: &'e Event, id: &HypothesisId) -> Option<&'e TestRecord> {
    match event {
        Event::FindingDrafted(drafted) => Some(&drafted.finding.record).filter(|finding| finding.id == *id),
        Event::CycleJudged(verdicts) => {
            let mut tests = verdicts.tests.iter().map(|test| &test.record);
            tests.find(|test| test.id == *id)
        }
        _ => None,
    }
}

/// Why the numbers of a challenge's check cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum CheckError {
    #[error("the agent did not run that experiment in answer to this event")]
    NotRun,
    #[error("the script left no result.json")]
    NoResult,
    #[error("its result.json is not JSON")]
    NotJson,
    #[error("its result.json, or a number in it, is too long to be read")]
    TooLarge,
    #[error("the pointer does not resolve")]
    Unresolved,
    #[error("the pointer does not resolve to an object with the numbers n, p and effect")]
    NotAnEstimate,
    #[error("its p is not from 0 to 1")]
    BadP,
}

/// Reads the estimate at `pointer` of a script's result, which is at `result` in a folder.
pub(super) fn read_estimate(folder: &RunDir, result: &PlainPath, pointer: &str) -> Result<CheckEstimate, CheckError> {
    let result = parse_result(folder, result).map_err(|fault| match fault {
        ResultFault::NotJson(_) => CheckError::NotJson,
        ResultFault::Unreadable(_) => CheckError::NoResult,
        ResultFault::TooLarge | ResultFault::LongNumber { .. } => CheckError::TooLarge,
    })?;
    let found = result.pointer(pointer).ok_or(CheckError::Unresolved)?;
    let estimate: CheckEstimate = serde_json::from_value(found.clone()).map_err(|_| CheckError::NotAnEstimate)?;
    match (0.0..=1.0).contains(&estimate.p) {
        true => Ok(estimate),
        false => Err(CheckError::BadP),
    }
}
