//! A payload for the engine's own tests, and aliases of the generic types for it.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::{DeadLettered, RunPayload};

/// Who decides in these tests.
pub(crate) const DIRECTOR: &str = "director";

/// The messages of these tests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body", rename_all = "snake_case")]
pub(crate) enum Talk {
    Said { word: String, of: String },
    DeadLettered(Box<DeadLettered<Talk>>),
    Ended(Ending),
}

impl Talk {
    pub(crate) fn said(word: &str, of: &str) -> Self {
        Self::Said {
            word: word.to_owned(),
            of: of.to_owned(),
        }
    }
}

/// How a run of these tests ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ending {
    pub(crate) status: Status,
    pub(crate) message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Complete,
    TimeSpent,
    EngineFailed,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Opening {
    pub(crate) version: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) images: BTreeMap<String, String>,
}

impl RunPayload for Talk {
    type Opening = Opening;
    type End = Ending;
    type LedgerLine = String;

    const DIRECTOR: &'static str = DIRECTOR;

    fn name(&self) -> &'static str {
        match self {
            Self::Said { .. } => "Said",
            Self::DeadLettered(_) => "DeadLettered",
            Self::Ended(_) => "Ended",
        }
    }

    fn dead_lettered(letter: DeadLettered<Self>) -> Self {
        Self::DeadLettered(Box::new(letter))
    }

    fn wall_time_spent() -> Self {
        Self::said("wall_time", "the run's wall time is spent")
    }

    fn engine_failure(message: String) -> Self {
        Self::Ended(Ending {
            status: Status::EngineFailed,
            message,
        })
    }

    fn into_end(self) -> Option<Ending> {
        match self {
            Self::Ended(end) => Some(end),
            _ => None,
        }
    }

    fn ledger_lines(seq: u64, envelope: &Envelope) -> Vec<String> {
        match &envelope.payload {
            Self::Said { word, of } if word == "ledger" => vec![format!("{seq} {of}")],
            _ => Vec::new(),
        }
    }

    fn may_have_ledger_lines(stored: &[u8]) -> bool {
        memchr::memmem::find(stored, b"ledger").is_some()
    }
}

crate::bind_payload!(envelope, Talk => Envelope, Outgoing);
crate::bind_payload!(agent, Talk => AgentContext, AgentSpec, Handled, Handling, Registry);
crate::bind_payload!(journal, Talk => Commit, Entry, Journal, Record);
crate::bind_payload!(supervisor, Talk => Hub, HubOptions, RunResult);
