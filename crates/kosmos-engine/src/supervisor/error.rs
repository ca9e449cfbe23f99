//! Failures that the supervisor cannot recover from.

use std::sync::Arc;

use crate::AgentName;
use crate::agent::{AgentError, Fault};
use crate::journal::JournalError;

/// A failure that ended the work on a run. The journal holds all that was committed.
#[derive(Debug, thiserror::Error)]
pub enum SupervisorError {
    /// The journal.
    #[error("the run's journal failed")]
    Journal(#[from] Arc<JournalError>),
    /// The run repeats a recorded one, and an agent needs what the record lacks.
    #[error("`{agent}`: {reason}")]
    NotRecorded {
        #[allow(missing_docs)]
        agent: String,
        #[allow(missing_docs)]
        reason: String,
    },
    /// A backend that the run needs.
    #[error("`{agent}` cannot work: {reason}")]
    Unavailable {
        #[allow(missing_docs)]
        agent: String,
        #[allow(missing_docs)]
        reason: String,
    },
}

impl SupervisorError {
    /// What an agent's failure means that trying again does not mend.
    pub(super) fn from_agent_error(agent: &AgentName, error: &AgentError) -> Self {
        let (agent, reason) = (agent.to_string(), error.to_string());
        match error.fault() {
            Fault::NotRecorded => Self::NotRecorded { agent, reason },
            Fault::Retry | Fault::Fatal => Self::Unavailable { agent, reason },
        }
    }
}

impl From<JournalError> for SupervisorError {
    fn from(error: JournalError) -> Self {
        Self::Journal(Arc::new(error))
    }
}
