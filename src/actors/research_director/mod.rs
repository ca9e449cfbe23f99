//! The director: folds what happened into the state of the research and decides what is done next.
//!
//! `state` is what it knows, `fold` how an event changes it, `decide` what follows, `design` how tests are
//! put into experiments, `memory` what earlier runs know, `consult` the part of agents that are folders and
//! `challenge` the rule by which their doubts are answered, `thinking` the model's part in it, `verdict` the state that
//! the run ends in. All of it is pure; the actor below only carries it, and asks the director's own model
//! (`deliberate`).

mod challenge;
mod consult;
mod custom;
#[cfg(test)]
mod custom_tests;
mod decide;
mod deliberate;
mod design;
mod fold;
mod memory;
mod state;
mod telling;
mod thinking;
mod verdict;

use std::{cell::RefCell, rc::Rc};

use futures::FutureExt;

pub(crate) use challenge::answer_challenge;
pub use consult::Consulting;
pub use custom::Halves;
pub use state::{CycleState, Phase, ResearchState};
pub use thinking::Thinking;

use crate::agent::{Agent, AgentContext, AgentError, Handled, Handling};
use crate::journal::{Journal, JournalError, Kind, Record};
use crate::message::{Envelope, Outgoing, Payload, agent};
use crate::policy::Thinker;

impl ResearchState {
    /// Folds an event and returns what follows from it. The same state and event always give the same
    /// commands, which is what replay rests on.
    pub fn fold_and_decide(&mut self, event: &Payload) -> Vec<Outgoing> {
        self.events += 1;
        if self.phase == Phase::Over {
            return Vec::new();
        }
        let mut commands = self.fold_event(event);
        commands.extend(self.advance_phases());
        commands
    }
}

/// The actor around the state.
pub struct ResearchDirector {
    state: RefCell<ResearchState>,
    /// Events since the last snapshot.
    since_snapshot: RefCell<u64>,
    snapshot_every: u64,
    thinker: Option<Thinker>,
}

impl ResearchDirector {
    /// The director as the journal left it: the newest snapshot and what was handled since. It deliberates with
    /// `thinker`.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn restore_from_journal(
        journal: &Journal,
        snapshot_every: u64,
        thinker: Option<Thinker>,
    ) -> Result<Self, AgentError> {
        let (state, events) = restore_state(journal)?;
        Ok(Self {
            state: RefCell::new(state),
            since_snapshot: RefCell::new(events),
            snapshot_every: snapshot_every.max(1),
            thinker,
        })
    }
}

/// The state of the research as the journal holds it, and the number of events since its last snapshot. Its end is the
/// one that was told: another version may have come to another one from the same events.
///
/// # Errors
/// When the journal cannot be read.
pub fn restore_state(journal: &Journal) -> Result<(ResearchState, u64), JournalError> {
    let (snapshot, tail) = journal.latest_snapshot_and_since(&agent::RESEARCH_DIRECTOR.into())?;
    let mut state = match snapshot {
        Some(bytes) => serde_json::from_slice(&bytes)?,
        None => ResearchState::default(),
    };
    for envelope in &tail {
        state.fold_and_decide(&envelope.payload);
    }
    if state.end.is_some() {
        for entry in journal.entries_of(&[Kind::Sent]) {
            if let Record::Sent { envelope } = entry?.record
                && let Payload::EndRun(end) = envelope.payload
            {
                state.end = Some(*end);
            }
        }
    }
    Ok((state, tail.len() as u64))
}

/// Whether the state is kept again, `since` events after the last time and `events` after the beginning: every so many
/// events, and ever farther apart. The state grows with the events, so that at equal distances all its snapshots
/// together would grow with their square; so they take no more than three times the last one.
fn is_snapshot_due(since: u64, events: u64, every: u64) -> bool {
    since >= every.max(events / 3)
}

impl Agent<Payload> for ResearchDirector {
    fn handle(self: Rc<Self>, message: Envelope, context: AgentContext) -> Handling {
        async move {
            let mut sent = self.state.borrow_mut().fold_and_decide(&message.payload);
            // Nothing else is under way between two cycles, so that nobody waits for the director meanwhile.
            if let Payload::Deliberate(request) = &message.payload {
                sent.extend(deliberate::deliberate_on_direction(self.thinker.as_ref(), request, &context).await?);
            }
            let mut since = self.since_snapshot.borrow_mut();
            *since += 1;
            let snapshot = if is_snapshot_due(*since, self.state.borrow().events, self.snapshot_every) {
                *since = 0;
                Some(serde_json::to_vec(&*self.state.borrow()).map_err(JournalError::from)?)
            } else {
                None
            };
            Ok(Handled { sent, snapshot })
        }
        .boxed_local()
    }
}

#[cfg(test)]
mod tests;
