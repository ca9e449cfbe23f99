//! Failures of handlers.

use std::sync::Arc;

use kosmos_core::disk::DiskFault;

use crate::journal::JournalError;

/// How the supervisor reacts to a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It delivers the message again, to a fresh agent, up to the limit of attempts.
    Retry,
    /// It stops the run, which cannot continue: a backend is gone, or the journal cannot be written.
    Fatal,
    /// It stops the run, which replays a recorded one and asks for something that was not recorded.
    NotRecorded,
}

impl Fault {
    /// Returns true if another attempt is of no use.
    pub fn is_fatal(self) -> bool {
        match self {
            Self::Retry => false,
            Self::Fatal | Self::NotRecorded => true,
        }
    }
}

/// A handler's failure.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The agent has no handler for the message.
    #[error("`{agent}` does not understand the message `{message}`")]
    Unexpected {
        /// The agent.
        agent: &'static str,
        /// The name of the message.
        message: &'static str,
    },
    /// The journal failed.
    #[error("the journal failed: {0}")]
    Journal(#[from] Arc<JournalError>),
    /// The disk that holds the run failed.
    #[error("{}: {}", .0, .0.source)]
    Disk(DiskFault),
    /// A backend that the run needs is not available.
    #[error("{what}")]
    Unavailable {
        /// The backend, and how it failed.
        what: String,
        /// The remedy.
        remedy: String,
    },
    /// The run stops until its user has done something, and can then be resumed. The message stays in the journal.
    #[error("{what}")]
    Paused {
        /// Why the run stops.
        what: String,
        /// The remedy.
        remedy: String,
    },
    /// The agent takes no further part in the run. All messages to it become dead letters.
    #[error("{reason}")]
    Retired {
        /// Why.
        reason: String,
    },
    /// A failure of the agent's own.
    #[error("{source}")]
    Own {
        /// How the supervisor reacts.
        fault: Fault,
        /// The failure itself.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The handler was cancelled.
    #[error("cancelled")]
    Cancelled,
}

impl AgentError {
    /// Wraps a failure that is worth another attempt.
    pub fn retry(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Own {
            fault: Fault::Retry,
            source: Box::new(source),
        }
    }

    /// Wraps a failure that stops the run.
    pub fn fatal(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Own {
            fault: Fault::Fatal,
            source: Box::new(source),
        }
    }

    /// Wraps the failure of a replay that asks for something that was not recorded.
    pub fn not_recorded(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Own {
            fault: Fault::NotRecorded,
            source: Box::new(source),
        }
    }

    /// Returns what to do about the failure, if that is known.
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::Unavailable { remedy, .. } | Self::Paused { remedy, .. } => Some(remedy),
            _ => None,
        }
    }

    /// Returns how the supervisor reacts to the failure.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Journal(_) | Self::Disk(_) | Self::Unavailable { .. } => Fault::Fatal,
            Self::Own { fault, .. } => *fault,
            Self::Unexpected { .. } | Self::Paused { .. } | Self::Retired { .. } | Self::Cancelled => Fault::Retry,
        }
    }
}

impl From<JournalError> for AgentError {
    fn from(error: JournalError) -> Self {
        Self::Journal(Arc::new(error))
    }
}
