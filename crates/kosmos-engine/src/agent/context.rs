//! What a handler is given: the effects gateway, the file store, and a way to be called off.

use std::{future::Future, path::Path, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};
use tokio_util::sync::CancellationToken;

use kosmos_core::failpoint;

use super::AgentError;
use crate::{
    AgentName, MessageId, RunPayload,
    journal::{Blobs, Commit, EffectState, Journal, Record},
};

/// Fires when the work is called off: the deadline passed or the run stops.
pub type Cancel = CancellationToken;

/// The world as one handler of one message sees it.
#[derive(Clone)]
pub struct AgentContext<P: RunPayload> {
    journal: Journal<P>,
    folder: Arc<Path>,
    agent: AgentName,
    message: MessageId,
    cancel: Cancel,
}

impl<P: RunPayload> AgentContext<P> {
    /// A context for `agent` handling `message` of the run in `folder`.
    pub fn new(journal: Journal<P>, folder: Arc<Path>, agent: AgentName, message: MessageId, cancel: Cancel) -> Self {
        Self {
            journal,
            folder,
            agent,
            message,
            cancel,
        }
    }

    /// The run's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The agent's own name.
    pub fn agent(&self) -> &AgentName {
        &self.agent
    }

    /// The run's content-addressed files.
    pub fn blobs(&self) -> &Blobs {
        self.journal.blobs()
    }

    /// Fires when the work is called off.
    pub fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// Does something to the world once: the intent is journalled, then `work` is done, then its value
    /// is journalled as the receipt. Where there is a receipt already it is returned and nothing is done.
    /// After a crash between the two `work` runs again, so it must be idempotent under `key`.
    ///
    /// # Errors
    /// Those of the journal and of `work`; after a failure of `work` there is no receipt.
    pub async fn effect<T, F, W>(&self, key: &str, work: W) -> Result<T, AgentError>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<T, AgentError>>,
        W: FnOnce() -> F,
    {
        if let Some(value) = self.received(key)? {
            tracing::debug!(agent = %self.agent, message = %self.message, effect = key, "receipt found");
            return Ok(value);
        }
        if self.journal.effect(key)?.is_none() {
            let intent = Record::Intent { key: key.to_owned() };
            self.journal.commit(Commit::record(intent)).await?;
        }
        failpoint::crash("effect.begins", key);
        let value = work().await?;
        failpoint::crash("effect.done", key);
        let receipt = Record::Receipt {
            key: key.to_owned(),
            value: serde_json::to_value(&value).map_err(crate::journal::JournalError::from)?,
        };
        let committed = self.journal.commit(Commit::record(receipt)).await?;
        failpoint::crash("effect.received", key);
        // A handler that was given up on, and did not know, may have done it at the same time: its value counts if it was
        // the first.
        match committed.duplicate {
            true => self.received(key).map(|first| first.unwrap_or(value)),
            false => Ok(value),
        }
    }

    /// The value of an effect, where it was received.
    fn received<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, AgentError> {
        match self.journal.effect(key)? {
            Some(EffectState::Done(value)) => serde_json::from_value(value)
                .map(Some)
                .map_err(|error| crate::journal::JournalError::from(error).into()),
            _ => Ok(None),
        }
    }

    /// Runs a long computation off the agent's thread. A panic in it is the handler's panic.
    pub async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AgentError> {
        match tokio::task::spawn_blocking(work).await {
            Ok(value) => Ok(value),
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Err(AgentError::Cancelled),
        }
    }
}
