//! What the hosts of all kinds share: how agents join the others, and what becomes of their answers.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use serde::Serialize;
use serde_json::Value;

use super::{
    Chosen, Kind, Roster, admission::admit, calls::Handling, guest::GuestAgent, llm::LlmAgent, roster::FOLDER,
};
use crate::actors::{ExecutorOptions, Knowledge};
use crate::agent::{AgentError, AgentSpec, Handled, Registry, Upkeep};
use crate::journal::{Journal, JournalError};
use crate::message::{
    CheckEstimate, CheckResult, Contribution, Envelope, KeptTable, Outgoing, Payload, Refusal, Speech, agent,
};
use crate::policy::Thinker;
use crate::sandbox::ProcessSandbox;
use crate::science::RunId;

/// What agents that are folders are hosted with.
#[derive(Clone)]
pub struct PluginKit {
    #[allow(missing_docs)]
    pub run: RunId,
    /// The run's.
    pub folder: Arc<Path>,
    #[allow(missing_docs)]
    pub journal: Journal,
    /// Where programs run; needed by agents of kind `process`.
    pub programs: Option<Arc<ProcessSandbox>>,
    /// Where their scripts run.
    pub executor: Arc<ExecutorOptions>,
    /// The run's model; needed by agents of kind `llm`.
    pub thinker: Option<Thinker>,
    #[allow(missing_docs)]
    pub knowledge: Knowledge,
    /// The run's rate of false discoveries.
    pub alpha: f64,
    /// Budget: experiments of the run.
    pub experiments: u64,
    /// Budget: tokens of the run.
    pub tokens: Option<u64>,
    /// In a replay, the receipts of the run that is done again, by key.
    pub recorded: Option<BTreeMap<String, Value>>,
    /// How long an agent that asks a model may take for one event.
    pub thinking: Duration,
}

impl PluginKit {
    /// Where working folders are made.
    pub fn scratch(&self) -> PathBuf {
        self.folder.join(FOLDER).join(".scratch")
    }

    /// Where the Python SDK is.
    pub fn sdk(&self) -> PathBuf {
        self.folder.join(FOLDER).join(".sdk")
    }

    /// Experiments of the run that an agent may have run.
    pub fn experiments_of(&self, chosen: &Chosen) -> u64 {
        (chosen.manifest.limits.budget_share * self.experiments as f64).floor() as u64
    }

    /// Tokens of the run that an agent may use; none for no limit.
    pub fn tokens_of(&self, chosen: &Chosen) -> Option<u64> {
        let share = |tokens: u64| (chosen.manifest.limits.budget_share * tokens as f64).floor() as u64;
        self.tokens.map(share)
    }
}

/// Adds the agents of a run to its built-in ones, or puts them in their place.
pub fn register(registry: &mut Registry, roster: &Roster, kit: &Arc<PluginKit>) {
    for chosen in &roster.agents {
        let manifest = &chosen.manifest;
        let asks = manifest.kind == Kind::Llm || manifest.permissions.model;
        let own = manifest.limits.deadline.get();
        let deadline = if asks { own.max(kit.thinking) } else { own };
        let (kit, made) = (Arc::clone(kit), chosen.clone());
        let spec = AgentSpec::new(deadline, move || {
            Ok(match made.manifest.kind {
                Kind::Llm => {
                    Rc::new(LlmAgent::new(Arc::clone(&kit), made.clone())?) as Rc<dyn crate::agent::Agent<Payload>>
                }
                _ => Rc::new(GuestAgent::new(Arc::clone(&kit), made.clone())),
            })
        });
        let upkeep = Upkeep {
            max_restarts: manifest.restart.max_restarts as usize,
            window: manifest.restart.window.get(),
            max_attempts: manifest.restart.max_attempts,
            // The research goes on without it, unless it does a built-in agent's work.
            dispensable: !manifest.replaces(),
        };
        registry.register(manifest.name.clone(), spec.in_order().kept(upkeep));
    }
}

/// Type and body, as they are on the wire.
pub fn parts(tagged: &impl Serialize) -> (String, Value) {
    let value = serde_json::to_value(tagged).unwrap_or_default();
    let kind = value.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let body = value.get("body").cloned().unwrap_or_default();
    (kind, body)
}

/// What a message is about, as far as calls need to know.
#[derive(Debug, Clone, Default)]
pub struct Scene {
    /// Names the event within the run.
    pub occasion: String,
    /// Tables that scripts may read.
    pub tables: Vec<KeptTable>,
    #[allow(missing_docs)]
    pub cycle: u32,
}

impl Scene {
    /// Of an event; of what a built-in agent would be sent, its id.
    pub fn of(message: &Envelope) -> Self {
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

/// What follows from an agent's messages: what it may say goes to the director, with what it changed.
pub fn handled(handling: Handling<'_>, message: &Envelope, messages: &[Value]) -> Result<Handled, AgentError> {
    let agent = handling.context.agent().clone();
    let mut sent = match &message.payload {
        Payload::Notify(notice) => {
            let manifest = &handling.chosen.manifest;
            let (said, mut refused) = admit(manifest, &message.run, &notice.event, messages);
            let checks = checks(&handling, &said, &mut refused);
            for refusal in &refused {
                tracing::warn!(%agent, kind = refusal.kind, reason = refusal.reason, "a message was refused");
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
        // In a built-in agent's place.
        _ => passed_on(handling.chosen, messages)?,
    };
    sent.extend(handling.notices);
    let snapshot = serde_json::to_vec(&handling.memory).map_err(JournalError::from)?;
    let before = handling.kit.journal.agent_state(handling.context.agent())?;
    let changed = before.as_ref() != Some(&snapshot);
    Ok(Handled {
        sent,
        snapshot: changed.then_some(snapshot),
    })
}

/// A message that takes no built-in agent's part.
#[derive(Debug, thiserror::Error)]
#[error("its answer is not what `{agent}` would say: {problem}")]
struct Unfit {
    agent: String,
    problem: String,
}

/// The messages of an agent that does a built-in one's work, as they are.
fn passed_on(chosen: &Chosen, messages: &[Value]) -> Result<Vec<Outgoing>, AgentError> {
    let manifest = &chosen.manifest;
    let unfit = |problem: String| {
        AgentError::retry(Unfit {
            agent: manifest.name.clone(),
            problem,
        })
    };
    if messages.is_empty() {
        return Err(unfit("it says nothing".to_owned()));
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

/// The numbers that challenges rest on, as the scripts' results have them.
fn checks(handling: &Handling<'_>, said: &[Speech], refused: &mut Vec<Refusal>) -> Vec<CheckResult> {
    let mut checks = Vec::new();
    for speech in said {
        let Speech::Challenge(challenge) = speech else { continue };
        let Some(check) = &challenge.check else { continue };
        let ran = handling.experiments.iter().any(|known| known.id == check.experiment);
        let estimate = if ran {
            estimate(&handling.kit.folder, check.experiment.as_str(), &check.pointer)
        } else {
            Err(CheckError::NotRun)
        };
        match estimate {
            Ok(estimate) => checks.push(CheckResult {
                finding: challenge.finding.clone(),
                check: check.clone(),
                estimate,
            }),
            Err(error) => refused.push(Refusal {
                kind: "challenge".to_owned(),
                reason: format!("its check cannot be read: {error}"),
            }),
        }
    }
    checks
}

/// Why the numbers of a challenge's check cannot be read.
#[derive(Debug, thiserror::Error)]
enum CheckError {
    #[error("the agent did not run that experiment in answer to this event")]
    NotRun,
    #[error("the script left no result.json")]
    NoResult,
    #[error("its result.json is not JSON")]
    NotJson,
    #[error("the pointer does not resolve")]
    Unresolved,
    #[error("the pointer does not resolve to an object with the numbers n, p and effect")]
    NotAnEstimate,
    #[error("its p is not from 0 to 1")]
    BadP,
}

fn estimate(run: &Path, experiment: &str, pointer: &str) -> Result<CheckEstimate, CheckError> {
    let path = run.join("experiments").join(experiment).join("result.json");
    let bytes = std::fs::read(path).map_err(|_| CheckError::NoResult)?;
    let result: Value = serde_json::from_slice(&bytes).map_err(|_| CheckError::NotJson)?;
    let found = result.pointer(pointer).ok_or(CheckError::Unresolved)?;
    let estimate: CheckEstimate = serde_json::from_value(found.clone()).map_err(|_| CheckError::NotAnEstimate)?;
    match (0.0..=1.0).contains(&estimate.p) {
        true => Ok(estimate),
        false => Err(CheckError::BadP),
    }
}
