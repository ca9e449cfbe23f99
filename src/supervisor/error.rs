//! What the supervisor cannot mend.

use std::sync::Arc;

use crate::journal::JournalError;

/// A failure that ended the work on a run. The journal holds all that was committed.
#[derive(Debug, thiserror::Error)]
pub enum SupervisorError {
    /// The journal.
    #[error("the run's journal failed")]
    Journal(#[from] Arc<JournalError>),
    /// A backend that the run needs.
    #[error("`{agent}` cannot work: {reason}")]
    Unavailable {
        #[allow(missing_docs)]
        agent: String,
        #[allow(missing_docs)]
        reason: String,
    },
}

impl From<JournalError> for SupervisorError {
    fn from(error: JournalError) -> Self {
        Self::Journal(Arc::new(error))
    }
}
