//! What the supervisor cannot mend.

use std::sync::Arc;

use crate::agent::AgentError;
use crate::journal::JournalError;
use crate::llm::LlmError;
use crate::message::AgentName;

/// A failure that ended the work on a run. The journal holds all that was committed.
#[derive(Debug, thiserror::Error)]
pub enum SupervisorError {
    /// The journal.
    #[error("the run's journal failed")]
    Journal(#[from] Arc<JournalError>),
    /// A replayed run asked its model what the recorded one did not.
    #[error("`{agent}`: {reason}")]
    Unrecorded {
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
    pub(super) fn fatal(agent: &AgentName, error: &AgentError) -> Self {
        let (agent, reason) = (agent.to_string(), error.to_string());
        match error {
            AgentError::Own { source, .. } if matches!(source.downcast_ref(), Some(LlmError::NotRecorded { .. })) => {
                Self::Unrecorded { agent, reason }
            }
            _ => Self::Unavailable { agent, reason },
        }
    }
}

impl From<JournalError> for SupervisorError {
    fn from(error: JournalError) -> Self {
        Self::Journal(Arc::new(error))
    }
}
