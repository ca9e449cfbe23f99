//! The bookkeeping of one agent: what waits for it and what it has under way.

use std::{collections::BTreeMap, collections::VecDeque, time::Duration};

use tokio::time::Instant;

use super::{RestartPolicy, host::Hosting, policy::Intensity};
use crate::{
    Envelope, MessageId, RunPayload,
    agent::{AgentSpec, Cancel},
};

/// A message that waits; it is delivered at `not_before` at the earliest.
pub(super) struct Waiting<P: RunPayload> {
    pub(super) envelope: Envelope<P>,
    pub(super) failures: u32,
    pub(super) not_before: Option<Instant>,
}

/// A message that is being handled, or whose handling is being committed.
pub(super) struct UnderWay<P: RunPayload> {
    pub(super) envelope: Envelope<P>,
    pub(super) failures: u32,
    pub(super) deadline: Option<Instant>,
    pub(super) cancel: Cancel,
}

/// One agent as the hub sees it.
pub(super) struct Desk<P: RunPayload> {
    /// Its place in the order in which the agents were registered.
    pub(super) place: usize,
    pub(super) spec: AgentSpec<P>,
    pub(super) host: Option<Box<dyn Hosting<P>>>,
    /// Raised when the host is replaced; events of older lives are not listened to.
    pub(super) life: u64,
    /// False between a fall and the fresh agent.
    pub(super) up: bool,
    pub(super) queue: VecDeque<Waiting<P>>,
    pub(super) under_way: BTreeMap<MessageId, UnderWay<P>>,
    pub(super) intensity: Intensity,
    /// The limits that it is restarted within.
    pub(super) policy: RestartPolicy,
    /// Why it takes no further part, if it does not.
    pub(super) retired: Option<String>,
}

impl<P: RunPayload> Desk<P> {
    /// The desk of an agent that has no limits of its own, or lays them over the run's.
    pub(super) fn new(place: usize, spec: AgentSpec<P>, policy: &RestartPolicy) -> Self {
        let mut policy = policy.clone();
        if let Some(upkeep) = &spec.upkeep {
            policy.max_restarts = upkeep.max_restarts;
            policy.window = upkeep.window;
            policy.max_attempts = upkeep.max_attempts;
        }
        Self {
            place,
            spec,
            policy,
            retired: None,
            host: None,
            life: 0,
            up: false,
            queue: VecDeque::new(),
            under_way: BTreeMap::new(),
            intensity: Intensity::default(),
        }
    }

    /// Whether the run goes on without the agent.
    pub(super) fn is_dispensable(&self) -> bool {
        self.spec.upkeep.as_ref().is_some_and(|upkeep| upkeep.dispensable)
    }

    /// Takes away everything that waits or is under way, but for steps that are being committed; oldest first.
    pub(super) fn empty(&mut self) -> Vec<Waiting<P>> {
        self.recall();
        self.queue.drain(..).collect()
    }

    /// Takes the next message that may be delivered now.
    pub(super) fn next(&mut self, now: Instant) -> Option<Waiting<P>> {
        let due = |waiting: &Waiting<P>| waiting.not_before.is_none_or(|at| at <= now);
        let place = self.deliverable().position(due)?;
        self.queue.remove(place)
    }

    /// What the agent can take as soon as it is due; nothing while it has fallen or has its hands full.
    fn deliverable(&self) -> impl Iterator<Item = &Waiting<P>> {
        let free = self.up && self.under_way.len() < self.spec.concurrency;
        let most = match (free, self.spec.in_order) {
            (false, _) => 0,
            (true, true) => 1,
            (true, false) => usize::MAX,
        };
        self.queue.iter().take(most)
    }

    /// Puts everything under way back in front of the queue, oldest first; but for steps that are being committed, which are
    /// beyond the agent's reach.
    pub(super) fn recall(&mut self) {
        let (lost, committing): (Vec<_>, Vec<_>) = std::mem::take(&mut self.under_way)
            .into_iter()
            .partition(|(_, at)| at.deadline.is_some());
        self.under_way.extend(committing);
        for (_, lost) in lost.into_iter().rev() {
            lost.cancel.cancel();
            self.queue.push_front(Waiting {
                envelope: lost.envelope,
                failures: lost.failures,
                not_before: None,
            });
        }
    }

    /// The next moment at which something is due: a deadline or, where anything is delivered, a delayed delivery.
    pub(super) fn next_moment(&self, delivers: bool) -> Option<Instant> {
        let deadlines = self.under_way.values().filter_map(|under_way| under_way.deadline);
        // Not of what it cannot take: that moment may be over, and to wait for it would be to wait for nothing.
        let delays = self
            .deliverable()
            .filter_map(|waiting| waiting.not_before)
            .filter(|_| delivers);
        deadlines.chain(delays).min()
    }

    /// The messages whose time is over.
    pub(super) fn overdue(&self, now: Instant) -> Vec<MessageId> {
        self.under_way
            .iter()
            .filter(|(_, under_way)| under_way.deadline.is_some_and(|at| at <= now))
            .map(|(id, _)| id.clone())
            .collect()
    }

    /// Whether nothing waits and nothing is under way.
    pub(super) fn idle(&self) -> bool {
        self.queue.is_empty() && self.under_way.is_empty()
    }

    /// The deadline of a message that is delivered at `now`.
    pub(super) fn deadline(&self, now: Instant) -> Option<Instant> {
        (self.spec.deadline > Duration::ZERO).then(|| now + self.spec.deadline)
    }
}
