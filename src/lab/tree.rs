//! The supervisor's tree: each agent, what it does and how often it fell, as the journal tells it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    journal::{Entry, Record},
    message::{MessageId, agent},
    supervisor::RETIRED,
};

/// An agent as the journal shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AgentSummary {
    #[allow(missing_docs)]
    pub name: String,
    #[allow(missing_docs)]
    pub state: AgentState,
    /// The kind of the oldest message that it has to handle.
    pub on: Option<String>,
    /// Messages that it has to handle, with the one that it has in hand.
    pub waiting: u64,
    /// Messages that it has handled.
    pub handled: u64,
    /// Times that it was given up on a message.
    pub given_up: u64,
    /// Times that it was restarted.
    pub restarts: u64,
    /// Why it was restarted, or given up on a message, the last time.
    pub last_failure: Option<String>,
}

/// What an agent is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    /// It has messages to handle, and a process works on the run.
    Working,
    /// It has messages to handle, and no process works on the run.
    Waiting,
    /// It has nothing to do.
    Idle,
    /// The run goes on without it.
    Retired,
}

impl AgentState {
    /// As `kosmos status` shows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::Waiting => "waiting",
            Self::Idle => "idle",
            Self::Retired => "retired",
        }
    }
}

#[derive(Default)]
struct Seen {
    /// By the number of the entry that sent it.
    waiting: BTreeMap<u64, String>,
    handled: u64,
    given_up: u64,
    restarts: u64,
    last_failure: Option<String>,
    retired: bool,
}

/// The agents of a run that has these entries: the six, then others that take part, by name. `running` is whether a process
/// works on it.
pub(super) fn agents(entries: &[Entry], running: bool) -> Vec<AgentSummary> {
    let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
    let mut places: BTreeMap<&MessageId, u64> = BTreeMap::new();
    for name in agent::BUILT_IN {
        seen.entry(name.to_owned()).or_default();
    }
    for entry in entries {
        match &entry.record {
            Record::Opened(opening) => {
                for name in opening.agents.keys() {
                    seen.entry(name.clone()).or_default();
                }
            }
            Record::Sent { envelope } if envelope.to.as_str() != agent::SUPERVISOR => {
                places.insert(&envelope.id, entry.seq);
                let of = seen.entry(envelope.to.to_string()).or_default();
                of.waiting.insert(entry.seq, envelope.payload.name().to_owned());
            }
            Record::Handled { message, agent, dead } => {
                let of = seen.entry(agent.to_string()).or_default();
                if let Some(place) = places.get(message) {
                    of.waiting.remove(place);
                }
                match dead {
                    None => of.handled += 1,
                    Some(reason) => {
                        of.given_up += 1;
                        of.retired |= reason.starts_with(RETIRED);
                        of.last_failure = Some(reason.clone());
                    }
                }
            }
            Record::Restarted { agent, reason } => {
                let of = seen.entry(agent.to_string()).or_default();
                of.restarts += 1;
                of.last_failure = Some(reason.clone());
            }
            _ => {}
        }
    }
    let mut agents: Vec<AgentSummary> = seen
        .into_iter()
        .map(|(name, of)| AgentSummary {
            name,
            state: match (of.retired, of.waiting.is_empty(), running) {
                (true, ..) => AgentState::Retired,
                (_, true, _) => AgentState::Idle,
                (_, false, true) => AgentState::Working,
                (_, false, false) => AgentState::Waiting,
            },
            on: of.waiting.values().next().cloned(),
            waiting: of.waiting.len() as u64,
            handled: of.handled,
            given_up: of.given_up,
            restarts: of.restarts,
            last_failure: of.last_failure,
        })
        .collect();
    let place = |name: &str| agent::BUILT_IN.iter().position(|known| *known == name);
    agents.sort_by_key(|agent| place(&agent.name).unwrap_or(usize::MAX));
    agents
}
