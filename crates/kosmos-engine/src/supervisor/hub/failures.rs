//! Reactions to failures: restarts, dead letters, retired agents.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    super::{
        Strategy,
        managed_agent::{ManagedAgent, QueuedMessage},
    },
    Hub, Observed, RETIRED, TOPIC_END,
};
use crate::{
    AgentName, DeadLettered, Envelope, MessageId, Outgoing, RunPayload, SUPERVISOR,
    journal::{Commit, Record},
};

/// A deadline that is noticed so much too late passed while this whole process stood still.
const STOOD_STILL: Duration = Duration::from_secs(1);

impl<P: RunPayload> Hub<P> {
    pub(super) fn handle_crash(&mut self, name: &AgentName, generation: u64, culprit: Option<MessageId>, reason: &str) {
        let Some(managed) = self
            .agents
            .get_mut(name)
            .filter(|managed| managed.generation == generation)
        else {
            return;
        };
        managed.up = false;
        let failed = culprit.and_then(|id| managed.in_flight.remove(&id));
        managed.requeue_in_flight();
        let escalate = self.record_restart(name, reason);
        self.restart_later_agents(name);
        match failed {
            Some(failed) => self.retry_or_give_up(name, failed.envelope, failed.failures + 1, reason.to_owned()),
            None if escalate => self.retire_or_end(name, reason),
            None => {}
        }
    }

    /// Handles the `failures`-th failure of a message: queues it again with a backoff, or makes it a dead letter.
    pub(super) fn retry_or_give_up(&mut self, name: &AgentName, envelope: Envelope<P>, failures: u32, reason: String) {
        self.record_failure(name, &envelope, failures, &reason);
        let Some(managed) = self.agents.get_mut(name) else {
            return;
        };
        let exhausted = managed.intensity.is_exceeded(&managed.policy);
        if failures >= managed.policy.max_attempts {
            let retires = exhausted && managed.is_dispensable();
            if !managed.is_dispensable() {
                managed.intensity.forget_last(failures as usize);
            }
            self.give_up(envelope, failures, reason.clone());
            if retires {
                self.retire_or_end(name, &reason);
            }
            return;
        }
        if exhausted {
            if managed.is_dispensable() {
                self.give_up(envelope, failures, reason.clone());
            }
            self.retire_or_end(name, &reason);
            return;
        }
        let wait = managed.policy.backoff_before(failures as usize, fastrand::f64());
        {
            let not_before = Some(Instant::now() + wait);
            managed.queue.push_front(QueuedMessage {
                envelope,
                failures,
                not_before,
            });
        }
    }

    /// Gives up a message that an agent without which the run continues did not handle in time: each further attempt
    /// could cost its deadline again. If the agent has handled nothing since it was started, it takes no further part.
    fn give_up_unanswered(&mut self, name: &AgentName, envelope: Envelope<P>, failures: u32, reason: &str) {
        let final_reason = format!("{reason}; it is not sent to the agent again");
        self.record_failure(name, &envelope, failures, &final_reason);
        self.give_up(envelope, failures, final_reason);
        let Some(managed) = self.agents.get_mut(name) else {
            return;
        };
        let answered = std::mem::take(&mut managed.answered);
        if managed.intensity.is_exceeded(&managed.policy) {
            self.retire_or_end(name, reason);
        } else if !answered {
            self.retire_agent(
                name,
                &format!("{reason}, and no answer to anything since it was started"),
            );
        }
    }

    fn record_failure(&mut self, name: &AgentName, envelope: &Envelope<P>, failures: u32, reason: &str) {
        tracing::warn!(agent = %name, message = %envelope.id, kind = envelope.payload.name(), failures, reason, "handler failed");
        let record = Record::Attempted {
            message: envelope.id.clone(),
            agent: name.clone(),
            attempt: failures,
            reason: reason.to_owned(),
        };
        self.spawn_commit(Commit::of_record(record));
    }

    /// Records a restart. Returns true if it exceeds the agent's limit.
    pub(super) fn record_restart(&mut self, name: &AgentName, reason: &str) -> bool {
        tracing::warn!(agent = %name, reason, "restarting the agent");
        (self.options.observer)(Observed::Restarted { agent: name, reason });
        let record = Record::Restarted {
            agent: name.clone(),
            reason: reason.to_owned(),
        };
        self.spawn_commit(Commit::of_record(record));
        let now = self.born.elapsed();
        self.agents
            .get_mut(name)
            .is_some_and(|managed| managed.intensity.count_restart(now, &managed.policy).1)
    }

    /// Reacts to an agent that exceeded its restart limit: the run continues without it, or ends.
    pub(super) fn retire_or_end(&mut self, name: &AgentName, reason: &str) {
        let Some(managed) = self.agents.get(name) else { return };
        let message = format!(
            "`{name}` was restarted more than {} times within {} s; its last failure: {reason}",
            managed.policy.max_restarts,
            managed.policy.window.as_secs()
        );
        match managed.is_dispensable() {
            true => self.retire_agent(name, &message),
            false => self.end_as_failed(&message),
        }
    }

    /// Retires an agent: all messages to it, queued and future, become dead letters.
    pub(super) fn retire_agent(&mut self, name: &AgentName, reason: &str) {
        let Some(managed) = self.agents.get_mut(name) else {
            return;
        };
        if managed.retired.is_some() {
            return;
        }
        tracing::warn!(agent = %name, reason, "the agent takes no further part");
        let reason = format!("{RETIRED}: {reason}");
        managed.retired = Some(reason.clone());
        managed.up = false;
        if let Some(host) = managed.host.take() {
            host.abandon();
        }
        for waiting in managed.take_all() {
            self.give_up(waiting.envelope, waiting.failures, reason.clone());
        }
    }

    /// Makes a message a dead letter and tells the director. A dead letter of the director itself ends the run.
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
            self.end_as_failed(&message);
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
        self.spawn_commit(commit);
    }

    /// Ends the run as failed, because it cannot continue without an agent.
    pub(super) fn end_as_failed(&mut self, message: &str) {
        tracing::error!(run = %self.run, message, "the run ends");
        let end = P::engine_failure(message.to_owned());
        let envelope = Envelope::external(&self.run, TOPIC_END, SUPERVISOR.into(), end);
        self.spawn_commit(Commit::of_message(envelope));
    }

    /// Replaces the host of a handler that is past its deadline. The handler may be frozen, and a frozen thread cannot
    /// be stopped, so the agent gets a new thread, and later events of the old one are ignored. The message is tried
    /// again only if the run depends on the agent.
    pub(super) fn replace_frozen(&mut self, name: &AgentName, id: &MessageId) {
        let Some(managed) = self.agents.get_mut(name) else {
            return;
        };
        let Some(frozen) = managed.in_flight.remove(id) else {
            return;
        };
        frozen.cancel.cancel();
        // A process that stood still itself notices late, and cannot tell whether the agent would have answered.
        let in_time = frozen.deadline.is_some_and(|at| at.elapsed() < STOOD_STILL);
        let gives_up = in_time && managed.is_dispensable();
        let reason = format!("no answer within {} s", managed.spec.deadline.as_secs_f64());
        managed.requeue_in_flight();
        if let Some(host) = managed.host.take() {
            host.abandon();
        }
        self.start_host(name);
        self.record_restart(name, &reason);
        self.restart_later_agents(name);
        match gives_up {
            true => self.give_up_unanswered(name, frozen.envelope, frozen.failures + 1, &reason),
            false => self.retry_or_give_up(name, frozen.envelope, frozen.failures + 1, reason),
        }
    }

    /// If the strategy asks for it, replaces the host of each agent that was registered after the one that failed.
    /// Their in-flight messages are delivered again; that does not count as a failure.
    pub(super) fn restart_later_agents(&mut self, failed_agent: &AgentName) {
        let Some(place) = self.agents.get(failed_agent).map(|managed| managed.place) else {
            return;
        };
        if self.options.policy.strategy == Strategy::OneForOne {
            return;
        }
        let later = |managed: &ManagedAgent<P>| managed.place > place && managed.retired.is_none();
        let rest = self
            .agents
            .iter()
            .filter(|(_, managed)| later(managed))
            .map(|(name, _)| name.clone());
        for name in rest.collect::<Vec<_>>() {
            let reason = format!("`{failed_agent}` failed, and the strategy is rest_for_one");
            tracing::info!(agent = %name, reason, "restarting the agent");
            (self.options.observer)(Observed::Restarted {
                agent: &name,
                reason: &reason,
            });
            self.spawn_commit(Commit::of_record(Record::Restarted {
                agent: name.clone(),
                reason,
            }));
            if let Some(managed) = self.agents.get_mut(&name) {
                managed.requeue_in_flight();
                if let Some(host) = managed.host.take() {
                    host.abandon();
                }
            }
            self.start_host(&name);
        }
    }
}
