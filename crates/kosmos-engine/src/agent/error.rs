//! How a handler fails.

use std::sync::Arc;

use crate::journal::JournalError;

/// Whether trying again may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The message is delivered again to a fresh agent, up to the limit of attempts.
    Retry,
    /// The run cannot go on: a backend is gone, the journal cannot be written.
    Fatal,
    /// The run cannot go on: it repeats a recorded one, and needs what the record lacks.
    NotRecorded,
}

impl Fault {
    /// Returns true if the run cannot go on with the agent.
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
    /// A message that this agent has no handler for.
    #[error("`{agent}` does not understand the message `{message}`")]
    Unexpected {
        #[allow(missing_docs)]
        agent: &'static str,
        #[allow(missing_docs)]
        message: &'static str,
    },
    /// The journal failed under it.
    #[error("the journal failed: {0}")]
    Journal(#[from] Arc<JournalError>),
    /// A backend that the run needs is not available.
    #[error("{what}; {remedy}")]
    Unavailable {
        #[allow(missing_docs)]
        what: String,
        #[allow(missing_docs)]
        remedy: String,
    },
    /// The run is to stop here until its user has done something, and can be resumed then: the message waits.
    #[error("{what}; {remedy}")]
    Paused {
        #[allow(missing_docs)]
        what: String,
        #[allow(missing_docs)]
        remedy: String,
    },
    /// The agent takes no further part in the run; what it was sent and will be sent is given up.
    #[error("{reason}")]
    Retired {
        #[allow(missing_docs)]
        reason: String,
    },
    /// Anything of the agent's own.
    #[error("{source}")]
    Own {
        #[allow(missing_docs)]
        fault: Fault,
        #[allow(missing_docs)]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The work was called off.
    #[error("cancelled")]
    Cancelled,
}

impl AgentError {
    /// A failure worth another attempt.
    pub fn retry(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Own {
            fault: Fault::Retry,
            source: Box::new(source),
        }
    }

    /// A failure that ends the run.
    pub fn fatal(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Own {
            fault: Fault::Fatal,
            source: Box::new(source),
        }
    }

    /// A failure that ends the run since it asks for what the run that it repeats did not record.
    pub fn not_recorded(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Own {
            fault: Fault::NotRecorded,
            source: Box::new(source),
        }
    }

    /// Whether trying again may help.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Journal(_) | Self::Unavailable { .. } => Fault::Fatal,
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
