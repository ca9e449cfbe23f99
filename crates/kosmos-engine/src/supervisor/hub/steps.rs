//! Commits of steps, off the event loop, and what follows once they are durable.

use std::sync::Arc;

use kosmos_core::failpoint;

use super::{super::SupervisorError, Hub, Observed};
use crate::{
    AgentName, Envelope, MessageId, RunPayload,
    agent::Handled,
    journal::{Commit, Committed, Journal, JournalError, Record},
};

impl<P: RunPayload> Hub<P> {
    pub(super) fn spawn_commit(&mut self, commit: Commit<P>) {
        self.spawn_step_commit(None, commit, None);
    }

    /// Commits in a task of its own. An agent's snapshot is stored first.
    pub(super) fn spawn_step_commit(
        &mut self,
        step: Option<(AgentName, MessageId)>,
        mut commit: Commit<P>,
        state: Option<AgentSnapshot>,
    ) {
        self.committing += 1;
        let journal = self.journal.clone();
        let done = self.commits_sender.clone();
        tokio::spawn(async move {
            let kept = match state {
                Some(state) => state
                    .store_as_blob(&journal)
                    .await
                    .map(|record| commit.records.push(record)),
                None => Ok(()),
            };
            let outcome = match kept {
                Ok(()) => journal.commit(commit).await,
                Err(error) => Err(error),
            };
            let _ = done.send((step, outcome));
        });
    }

    pub(super) fn apply_committed(
        &mut self,
        step: Option<(AgentName, MessageId)>,
        outcome: Result<Committed<P>, Arc<JournalError>>,
    ) -> Result<(), SupervisorError> {
        self.committing -= 1;
        let committed = outcome?;
        failpoint::crash("supervisor.committed", "");
        if let Some((name, message)) = step
            && let Some(managed) = self.agents.get_mut(&name)
        {
            managed.in_flight.remove(&message);
            (self.options.observer)(Observed::Handled { agent: &name });
        }
        for envelope in committed.sent {
            (self.options.observer)(Observed::Sent(&envelope));
            self.enqueue_message(envelope, 0, None)?;
        }
        Ok(())
    }
}

/// Makes the commit of a handled message, and the snapshot that belongs to it.
pub(super) fn build_step<P: RunPayload>(
    cause: &Envelope<P>,
    agent: &AgentName,
    handled: Handled<P>,
) -> (Commit<P>, Option<AgentSnapshot>) {
    let sent = handled
        .sent
        .into_iter()
        .enumerate()
        .map(|(index, outgoing)| Envelope::caused_by(cause, index, agent.clone(), outgoing))
        .collect();
    let commit = Commit {
        handled: Some((cause.id.clone(), agent.clone())),
        dead: None,
        sent,
        records: Vec::new(),
    };
    let state = handled.snapshot.map(|bytes| AgentSnapshot {
        agent: agent.clone(),
        bytes,
    });
    (commit, state)
}

/// The whole state of an agent.
pub(super) struct AgentSnapshot {
    agent: AgentName,
    bytes: Vec<u8>,
}

impl AgentSnapshot {
    /// Stores the snapshot as a content-addressed file, off the event loop. Returns the record that names it.
    async fn store_as_blob<P: RunPayload>(self, journal: &Journal<P>) -> Result<Record<P>, Arc<JournalError>> {
        let blobs = journal.blobs().clone();
        let put = tokio::task::spawn_blocking(move || blobs.put(&self.bytes)).await;
        let sha256 = put.unwrap_or(Err(JournalError::Closed))?;
        Ok(match self.agent.as_str() == P::DIRECTOR {
            true => Record::Snapshot { after: 0, sha256 },
            false => Record::State {
                agent: self.agent,
                sha256,
            },
        })
    }
}
