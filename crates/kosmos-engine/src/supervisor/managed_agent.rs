//! The bookkeeping of one agent: its queue and its in-flight messages.

use std::{collections::BTreeMap, collections::VecDeque, time::Duration};

use tokio::time::Instant;

use super::{RestartPolicy, host::Hosting, policy::Intensity};
use crate::{
    Envelope, MessageId, RunPayload,
    agent::{AgentSpec, Cancel},
};

/// A message in the queue. It is delivered at `not_before` at the earliest.
pub(super) struct QueuedMessage<P: RunPayload> {
    pub(super) envelope: Envelope<P>,
    pub(super) failures: u32,
    pub(super) not_before: Option<Instant>,
}

/// A message that is being handled, or whose handling is being committed.
pub(super) struct InFlight<P: RunPayload> {
    pub(super) envelope: Envelope<P>,
    pub(super) failures: u32,
    pub(super) deadline: Option<Instant>,
    pub(super) cancel: Cancel,
}

/// One agent, as the hub manages it.
pub(super) struct ManagedAgent<P: RunPayload> {
    /// Its position in the order of registration.
    pub(super) place: usize,
    pub(super) spec: AgentSpec<P>,
    pub(super) host: Option<Box<dyn Hosting<P>>>,
    /// Incremented when the host is replaced. Events of earlier generations are ignored.
    pub(super) generation: u64,
    /// False between a crash and the fresh agent.
    pub(super) up: bool,
    pub(super) queue: VecDeque<QueuedMessage<P>>,
    pub(super) in_flight: BTreeMap<MessageId, InFlight<P>>,
    pub(super) intensity: Intensity,
    /// The restart policy, with the agent's own limits applied.
    pub(super) policy: RestartPolicy,
    /// True if it has handled a message since it was started, or started again after a missed deadline.
    pub(super) answered: bool,
    /// The reason for which it was retired, if it was.
    pub(super) retired: Option<String>,
}

impl<P: RunPayload> ManagedAgent<P> {
    /// Creates the bookkeeping of an agent that is not started yet. Its own limits override those of the run's policy.
    pub(super) fn new(place: usize, spec: AgentSpec<P>, policy: &RestartPolicy) -> Self {
        let mut policy = policy.clone();
        if let Some(limits) = &spec.limits {
            policy.max_restarts = limits.max_restarts;
            policy.window = limits.window;
            policy.max_attempts = limits.max_attempts;
        }
        Self {
            place,
            spec,
            policy,
            retired: None,
            answered: false,
            host: None,
            generation: 0,
            up: false,
            queue: VecDeque::new(),
            in_flight: BTreeMap::new(),
            intensity: Intensity::default(),
        }
    }

    /// Returns true if the run continues without the agent after its last restart.
    pub(super) fn is_dispensable(&self) -> bool {
        self.spec.limits.as_ref().is_some_and(|limits| limits.dispensable)
    }

    /// Removes and returns all queued and in-flight messages, oldest first, except those whose step is being committed.
    pub(super) fn take_all(&mut self) -> Vec<QueuedMessage<P>> {
        self.requeue_in_flight();
        self.queue.drain(..).collect()
    }

    /// Removes and returns the next message that may be delivered now.
    pub(super) fn take_next_due(&mut self, now: Instant) -> Option<QueuedMessage<P>> {
        let due = |waiting: &QueuedMessage<P>| waiting.not_before.is_none_or(|at| at <= now);
        let place = self.deliverable_messages().position(due)?;
        self.queue.remove(place)
    }

    /// Returns the messages that the agent could take if they were due; none while it is down or at its concurrency
    /// limit.
    fn deliverable_messages(&self) -> impl Iterator<Item = &QueuedMessage<P>> {
        let free = self.up && self.in_flight.len() < self.spec.concurrency;
        let most = match (free, self.spec.in_order) {
            (false, _) => 0,
            (true, true) => 1,
            (true, false) => usize::MAX,
        };
        self.queue.iter().take(most)
    }

    /// Moves the in-flight messages back to the front of the queue, oldest first, except those whose step is being
    /// committed: the agent has finished those.
    pub(super) fn requeue_in_flight(&mut self) {
        let (lost, committing): (Vec<_>, Vec<_>) = std::mem::take(&mut self.in_flight)
            .into_iter()
            .partition(|(_, at)| at.deadline.is_some());
        self.in_flight.extend(committing);
        for (_, lost) in lost.into_iter().rev() {
            lost.cancel.cancel();
            self.queue.push_front(QueuedMessage {
                envelope: lost.envelope,
                failures: lost.failures,
                not_before: None,
            });
        }
    }

    /// Returns the next moment at which a deadline passes or, if `delivers`, a delayed message becomes due.
    pub(super) fn next_moment(&self, delivers: bool) -> Option<Instant> {
        let deadlines = self.in_flight.values().filter_map(|in_flight| in_flight.deadline);
        // Only of messages that it can take: the moment of another may have passed, and the hub would spin.
        let delays = self
            .deliverable_messages()
            .filter_map(|waiting| waiting.not_before)
            .filter(|_| delivers);
        deadlines.chain(delays).min()
    }

    /// Returns the in-flight messages that are past their deadline.
    pub(super) fn overdue_messages(&self, now: Instant) -> Vec<MessageId> {
        self.in_flight
            .iter()
            .filter(|(_, in_flight)| in_flight.deadline.is_some_and(|at| at <= now))
            .map(|(id, _)| id.clone())
            .collect()
    }

    /// Returns true if no message is queued or in flight.
    pub(super) fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.in_flight.is_empty()
    }

    /// Returns the deadline of a message that is delivered at `now`; none if the agent has no deadline.
    pub(super) fn deadline_from(&self, now: Instant) -> Option<Instant> {
        (self.spec.deadline > Duration::ZERO).then(|| now + self.spec.deadline)
    }
}
