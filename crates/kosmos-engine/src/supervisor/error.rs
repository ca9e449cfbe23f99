//! Failures that the supervisor cannot recover from.

use std::sync::Arc;

use kosmos_core::disk::DiskFault;

use crate::AgentName;
use crate::agent::{AgentError, Fault};
use crate::journal::JournalError;

/// A failure that stopped the work on a run. The journal holds all that was committed.
#[derive(Debug, thiserror::Error)]
pub enum SupervisorError {
    /// The journal failed.
    #[error("the run's journal failed")]
    Journal(#[from] Arc<JournalError>),
    /// The disk that holds the run failed.
    #[error("the disk that holds the run failed")]
    Disk(#[source] DiskFault),
    /// A replay asked for something that was not recorded.
    #[error("`{agent}`: {reason}")]
    NotRecorded {
        /// The agent.
        agent: String,
        /// The request that was not recorded.
        reason: String,
    },
    /// A backend that the run needs is not available, or an agent that it needs cannot work.
    #[error("`{agent}` cannot work: {reason}")]
    Unavailable {
        /// The agent.
        agent: String,
        /// The agent's failure.
        reason: String,
        /// The remedy, if that is known.
        help: Option<String>,
    },
}

impl SupervisorError {
    /// Converts a failure of an agent that another attempt cannot repair.
    pub fn from_agent_error(agent: &AgentName, error: AgentError) -> Self {
        let error = match error {
            AgentError::Journal(error) => return Self::Journal(error),
            AgentError::Disk(fault) => return Self::Disk(fault),
            error => error,
        };
        let (agent, reason) = (agent.to_string(), error.to_string());
        match error.fault() {
            Fault::NotRecorded => Self::NotRecorded { agent, reason },
            Fault::Retry | Fault::Fatal => Self::Unavailable {
                agent,
                reason,
                help: error.help().map(str::to_owned),
            },
        }
    }
}

impl From<JournalError> for SupervisorError {
    fn from(error: JournalError) -> Self {
        Self::Journal(Arc::new(error))
    }
}
