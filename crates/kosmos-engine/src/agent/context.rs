//! The context of a handler: effects, content-addressed files, and cancellation.

use std::{future::Future, path::Path, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};
use tokio_util::sync::CancellationToken;

use kosmos_core::{failpoint, run_dir::RunDir};

use super::AgentError;
use crate::{
    AgentName, MessageId, RunPayload,
    journal::{Blobs, Commit, EffectState, Journal, Record},
};

/// Fires when a handler is cancelled: its deadline passed, or the run stops.
pub type Cancel = CancellationToken;

/// The context in which one message is handled.
#[derive(Clone)]
pub struct AgentContext<P: RunPayload> {
    journal: Journal<P>,
    folder: Arc<Path>,
    agent: AgentName,
    message: MessageId,
    cancel: Cancel,
}

impl<P: RunPayload> AgentContext<P> {
    /// Creates the context for `agent` handling `message` of the run in `folder`.
    pub fn new(journal: Journal<P>, folder: Arc<Path>, agent: AgentName, message: MessageId, cancel: Cancel) -> Self {
        Self {
            journal,
            folder,
            agent,
            message,
            cancel,
        }
    }

    /// Returns the one handle of the run's folder, for the files in it.
    pub fn run_dir(&self) -> &RunDir {
        self.journal.run_dir()
    }

    /// Returns the path of the run's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the agent's own name.
    pub fn agent(&self) -> &AgentName {
        &self.agent
    }

    /// Returns the run's journal.
    pub fn journal(&self) -> &Journal<P> {
        &self.journal
    }

    /// Returns the run's content-addressed files.
    pub fn blobs(&self) -> &Blobs {
        self.journal.blobs()
    }

    /// Returns the token that fires when the handler is cancelled.
    pub fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// Performs an effect on the outside world once: journals the intent, runs `work`, then journals its value as the
    /// receipt. If a receipt exists, returns its value without running `work`. After a crash between intent and receipt
    /// `work` runs again, so it must be idempotent under `key`, the idempotency key.
    ///
    /// # Errors
    /// If the journal or `work` fails. A failure of `work` leaves no receipt.
    pub async fn effect<T, F, W>(&self, key: &str, work: W) -> Result<T, AgentError>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<T, AgentError>>,
        W: FnOnce() -> F,
    {
        if let Some(value) = self.read_receipt(key)? {
            tracing::debug!(agent = %self.agent, message = %self.message, effect = key, "receipt found");
            return Ok(value);
        }
        if self.journal.effect_state(key)?.is_none() {
            let intent = Record::Intent { key: key.to_owned() };
            self.journal.commit(Commit::of_record(intent)).await?;
        }
        failpoint::crash("effect.begins", key);
        let value = work().await?;
        failpoint::crash("effect.done", key);
        let receipt = Record::Receipt {
            key: key.to_owned(),
            value: serde_json::to_value(&value).map_err(crate::journal::JournalError::from)?,
        };
        let committed = self.journal.commit(Commit::of_record(receipt)).await?;
        failpoint::crash("effect.received", key);
        // A handler that was replaced but still ran may have performed the effect at the same time: the first receipt
        // counts.
        match committed.duplicate {
            true => self.read_receipt(key).map(|first| first.unwrap_or(value)),
            false => Ok(value),
        }
    }

    /// Returns the value of an effect that has a receipt.
    fn read_receipt<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, AgentError> {
        match self.journal.effect_state(key)? {
            Some(EffectState::Done(value)) => serde_json::from_value(value)
                .map(Some)
                .map_err(|error| crate::journal::JournalError::from(error).into()),
            _ => Ok(None),
        }
    }

    /// Runs a long computation off the agent's thread. A panic in it becomes the handler's panic.
    pub async fn run_blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AgentError> {
        run_blocking(work).await
    }
}

/// Runs a long computation on a thread for those. A panic in it becomes the caller's panic.
///
/// # Errors
/// [`AgentError::Cancelled`] if the program ends meanwhile.
pub async fn run_blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, AgentError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => Ok(value),
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(AgentError::Cancelled),
    }
}
