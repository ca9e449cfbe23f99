//! What becomes of agents that fail and of the messages that they failed on.

use tokio::time::Instant;

use super::{
    super::{
        Strategy,
        desk::{Desk, Waiting},
    },
    Hub, Observed, RETIRED, TOPIC_END,
};
use crate::{
    AgentName, DeadLettered, Envelope, MessageId, Outgoing, RunPayload, SUPERVISOR,
    journal::{Commit, Record},
};

impl<P: RunPayload> Hub<P> {
    pub(super) fn crashed(&mut self, name: &AgentName, life: u64, culprit: Option<MessageId>, reason: &str) {
        let Some(desk) = self.desks.get_mut(name).filter(|desk| desk.life == life) else {
            return;
        };
        desk.up = false;
        let failed = culprit.and_then(|id| desk.under_way.remove(&id));
        desk.recall();
        let escalate = self.restarted(name, reason);
        self.restart_rest(name);
        match failed {
            Some(failed) => self.failed(name, failed.envelope, failed.failures + 1, reason.to_owned()),
            None if escalate => self.escalate(name, reason),
            None => {}
        }
    }

    /// A handler failed for the `failures`-th time: again after a while, or not at all.
    pub(super) fn failed(&mut self, name: &AgentName, envelope: Envelope<P>, failures: u32, reason: String) {
        tracing::warn!(agent = %name, message = %envelope.id, kind = envelope.payload.name(), failures, reason, "handler failed");
        let record = Record::Attempted {
            message: envelope.id.clone(),
            agent: name.clone(),
            attempt: failures,
            reason: reason.clone(),
        };
        self.commit(Commit::record(record));
        let Some(desk) = self.desks.get_mut(name) else { return };
        let exhausted = desk.intensity.over(&desk.policy);
        if failures >= desk.policy.max_attempts {
            let retires = exhausted && desk.is_dispensable();
            if !desk.is_dispensable() {
                desk.intensity.forgive(failures as usize);
            }
            self.give_up(envelope, failures, reason.clone());
            if retires {
                self.escalate(name, &reason);
            }
            return;
        }
        if exhausted {
            if desk.is_dispensable() {
                self.give_up(envelope, failures, reason.clone());
            }
            self.escalate(name, &reason);
            return;
        }
        let wait = desk.policy.backoff(failures as usize, fastrand::f64());
        {
            let not_before = Some(Instant::now() + wait);
            desk.queue.push_front(Waiting {
                envelope,
                failures,
                not_before,
            });
        }
    }

    /// Counts a restart; true when it is one too many.
    pub(super) fn restarted(&mut self, name: &AgentName, reason: &str) -> bool {
        tracing::warn!(agent = %name, reason, "restarting the agent");
        (self.options.observer)(Observed::Restarted { agent: name, reason });
        let record = Record::Restarted {
            agent: name.clone(),
            reason: reason.to_owned(),
        };
        self.commit(Commit::record(record));
        let now = self.born.elapsed();
        self.desks
            .get_mut(name)
            .is_some_and(|desk| desk.intensity.count(now, &desk.policy).1)
    }

    /// An agent was restarted once too often: the run goes on without it, or ends.
    pub(super) fn escalate(&mut self, name: &AgentName, reason: &str) {
        let Some(desk) = self.desks.get(name) else { return };
        let message = format!(
            "`{name}` was restarted more than {} times within {} s; its last failure: {reason}",
            desk.policy.max_restarts,
            desk.policy.window.as_secs()
        );
        match desk.is_dispensable() {
            true => self.retire(name, &message),
            false => self.end(&message),
        }
    }

    /// An agent takes no further part: what it was sent and will be sent is given up.
    pub(super) fn retire(&mut self, name: &AgentName, reason: &str) {
        let Some(desk) = self.desks.get_mut(name) else { return };
        if desk.retired.is_some() {
            return;
        }
        tracing::warn!(agent = %name, reason, "the agent takes no further part");
        let reason = format!("{RETIRED}: {reason}");
        desk.retired = Some(reason.clone());
        desk.up = false;
        if let Some(host) = desk.host.take() {
            host.abandon();
        }
        for waiting in desk.empty() {
            self.give_up(waiting.envelope, waiting.failures, reason.clone());
        }
    }

    /// Gives a message up and tells the director; the director's own message gives up the run.
    pub(super) fn give_up(&mut self, envelope: Envelope<P>, failures: u32, reason: String) {
        (self.options.observer)(Observed::DeadLettered {
            message: &envelope,
            reason: &reason,
        });
        let director: AgentName = P::DIRECTOR.into();
        if envelope.to == director {
            let message = format!(
                "the director failed on `{}` {failures} times: {reason}",
                envelope.payload.name()
            );
            self.end(&message);
            return;
        }
        let letter = DeadLettered {
            message: envelope.id.clone(),
            agent: envelope.to.clone(),
            attempts: failures,
            reason: reason.clone(),
            payload: envelope.payload.clone(),
        };
        let outgoing = Outgoing {
            to: director,
            payload: P::dead_lettered(letter),
        };
        let sent = Envelope::caused_by(&envelope, 0, SUPERVISOR.into(), outgoing);
        let commit = Commit {
            handled: Some((envelope.id.clone(), envelope.to)),
            dead: Some(reason),
            sent: vec![sent],
            records: Vec::new(),
        };
        self.commit(commit);
    }

    /// Ends the run from here: an agent or the director is beyond help.
    pub(super) fn end(&mut self, message: &str) {
        tracing::error!(run = %self.run, message, "the run ends");
        let end = P::engine_failure(message.to_owned());
        let envelope = Envelope::external(&self.run, TOPIC_END, SUPERVISOR.into(), end);
        self.commit(Commit::send(envelope));
    }

    /// A handler is over its deadline. It may be frozen, and a frozen thread cannot be ended, so the agent
    /// gets a new one; whatever the old one still says is not listened to.
    pub(super) fn replace_frozen(&mut self, name: &AgentName, id: &MessageId) {
        let Some(desk) = self.desks.get_mut(name) else { return };
        let Some(frozen) = desk.under_way.remove(id) else {
            return;
        };
        frozen.cancel.cancel();
        let reason = format!("no answer within {} s", desk.spec.deadline.as_secs_f64());
        desk.recall();
        if let Some(host) = desk.host.take() {
            host.abandon();
        }
        self.start_host(name);
        self.restarted(name, &reason);
        self.restart_rest(name);
        self.failed(name, frozen.envelope, frozen.failures + 1, reason);
    }

    /// Where the strategy says so, gives a new host to each agent that was registered after one that fell. What they have
    /// under way begins again; it does not count as their failure.
    pub(super) fn restart_rest(&mut self, fallen: &AgentName) {
        let Some(place) = self.desks.get(fallen).map(|desk| desk.place) else {
            return;
        };
        if self.options.policy.strategy == Strategy::OneForOne {
            return;
        }
        let later = |desk: &Desk<P>| desk.place > place && desk.retired.is_none();
        let rest = self
            .desks
            .iter()
            .filter(|(_, desk)| later(desk))
            .map(|(name, _)| name.clone());
        for name in rest.collect::<Vec<_>>() {
            let reason = format!("`{fallen}` fell, and the strategy is rest_for_one");
            tracing::info!(agent = %name, reason, "restarting the agent");
            (self.options.observer)(Observed::Restarted {
                agent: &name,
                reason: &reason,
            });
            self.commit(Commit::record(Record::Restarted {
                agent: name.clone(),
                reason,
            }));
            if let Some(desk) = self.desks.get_mut(&name) {
                desk.recall();
                if let Some(host) = desk.host.take() {
                    host.abandon();
                }
            }
            self.start_host(&name);
        }
    }
}
