//! What is written down of a step, off the loop, and what follows once it is durable.

use std::sync::Arc;

use kosmos_core::failpoint;

use super::{super::SupervisorError, Hub, Observed};
use crate::{
    AgentName, Envelope, MessageId, RunPayload,
    agent::Handled,
    journal::{Commit, Committed, Journal, JournalError, Record},
};

impl<P: RunPayload> Hub<P> {
    pub(super) fn commit(&mut self, commit: Commit<P>) {
        self.commit_step(None, commit, None);
    }

    /// Commits without being waited for. An agent's state goes to its file first.
    pub(super) fn commit_step(
        &mut self,
        step: Option<(AgentName, MessageId)>,
        mut commit: Commit<P>,
        state: Option<State>,
    ) {
        self.committing += 1;
        let journal = self.journal.clone();
        let done = self.commits_sender.clone();
        tokio::spawn(async move {
            let kept = match state {
                Some(state) => state.keep(&journal).await.map(|record| commit.records.push(record)),
                None => Ok(()),
            };
            let outcome = match kept {
                Ok(()) => journal.commit(commit).await,
                Err(error) => Err(error),
            };
            let _ = done.send((step, outcome));
        });
    }

    pub(super) fn committed(
        &mut self,
        step: Option<(AgentName, MessageId)>,
        outcome: Result<Committed<P>, Arc<JournalError>>,
    ) -> Result<(), SupervisorError> {
        self.committing -= 1;
        let committed = outcome?;
        failpoint::crash("supervisor.committed", "");
        if let Some((name, message)) = step
            && let Some(desk) = self.desks.get_mut(&name)
        {
            desk.under_way.remove(&message);
            (self.options.observer)(Observed::Handled { agent: &name });
        }
        for envelope in committed.sent {
            (self.options.observer)(Observed::Sent(&envelope));
            self.enqueue(envelope, 0, None)?;
        }
        Ok(())
    }
}

/// The commit of a handled message, and the state that goes with it.
pub(super) fn step<P: RunPayload>(
    cause: &Envelope<P>,
    agent: &AgentName,
    handled: Handled<P>,
) -> (Commit<P>, Option<State>) {
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
    let state = handled.snapshot.map(|bytes| State {
        agent: agent.clone(),
        bytes,
    });
    (commit, state)
}

/// An agent's whole state.
pub(super) struct State {
    agent: AgentName,
    bytes: Vec<u8>,
}

impl State {
    /// Puts it into a file of its own, off the loop; the record that names it.
    async fn keep<P: RunPayload>(self, journal: &Journal<P>) -> Result<Record<P>, Arc<JournalError>> {
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
