//! The supervisor's tree, from the journal: each agent with its state, its work and its failures.

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
    /// The agent's name.
    pub name: String,
    /// Its state.
    pub state: AgentState,
    /// Kind of the oldest message in its mailbox.
    pub on: Option<String>,
    /// Messages in its mailbox, including the one that it is handling.
    pub waiting: u64,
    /// Messages handled.
    pub handled: u64,
    /// Messages of its that became dead letters.
    pub given_up: u64,
    /// Restarts.
    pub restarts: u64,
    /// The reason of its last restart or dead letter.
    pub last_failure: Option<String>,
}

/// The state of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    /// It has messages in its mailbox, and a process works on the run.
    Working,
    /// It has messages in its mailbox, and no process works on the run.
    Waiting,
    /// Its mailbox is empty.
    Idle,
    /// The run continues without it.
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
    /// Kinds of messages, by the number of the entry that sent each.
    waiting: BTreeMap<u64, String>,
    handled: u64,
    given_up: u64,
    restarts: u64,
    last_failure: Option<String>,
    retired: bool,
}

/// The agents of a run with these journal entries: the six built-in ones, then the others by name. `running` is true if
/// a process works on the run.
pub(super) fn summarise_agents(entries: &[Entry], running: bool) -> Vec<AgentSummary> {
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
