//! The loop: what it hears, what it delivers, when it stops. `failures` is what becomes of agents that fail, `steps` what is
//! written down.

mod failures;
mod steps;

use std::{collections::BTreeMap, path::Path, rc::Rc, sync::Arc, time::Duration};

use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::Instant,
};

use self::steps::step;
use super::{
    RestartPolicy, StopSignal, SupervisorError,
    desk::{Desk, UnderWay, Waiting},
    host::{Guest, HostEvent, HostHandle, Housing},
};
use crate::{
    AgentName, Envelope, MessageId, RunId, RunPayload, SUPERVISOR,
    agent::{AgentContext, AgentError, Cancel, Handled, Registry},
    journal::{Commit, Committed, Journal, JournalError, Record},
};

/// What the hub tells those who watch.
#[derive(Debug)]
pub enum Observed<'a, P: RunPayload> {
    /// A message is with its agent.
    Delivered(&'a Envelope<P>),
    /// A message was handled and its step is durable.
    Handled {
        #[allow(missing_docs)]
        agent: &'a AgentName,
    },
    /// A message is durable and on its way.
    Sent(&'a Envelope<P>),
    /// An agent failed and is replaced.
    Restarted {
        #[allow(missing_docs)]
        agent: &'a AgentName,
        #[allow(missing_docs)]
        reason: &'a str,
    },
    /// A message was given up.
    DeadLettered {
        #[allow(missing_docs)]
        message: &'a Envelope<P>,
        #[allow(missing_docs)]
        reason: &'a str,
    },
    /// The run was asked to stop and finishes what is under way.
    Draining,
    /// An agent cannot go on until the user has done something: the run stops as if asked to.
    Paused {
        #[allow(missing_docs)]
        agent: &'a AgentName,
        #[allow(missing_docs)]
        reason: &'a str,
    },
}

/// Watches the hub; called on its thread, so it must be quick.
pub type Observer<P> = Arc<dyn Fn(Observed<'_, P>) + Send + Sync>;

/// How the hub works.
#[derive(Clone)]
pub struct HubOptions<P: RunPayload> {
    #[allow(missing_docs)]
    pub policy: RestartPolicy,
    /// Wall time that the run has left; none for no limit.
    pub wall_left: Option<Duration>,
    /// How long a first request to stop waits for what is under way.
    pub drain: Duration,
    #[allow(missing_docs)]
    pub observer: Observer<P>,
}

/// How the work on a run came to an end.
#[derive(Debug, Clone, PartialEq)]
pub enum RunResult<P: RunPayload> {
    /// The run is over.
    Ended(P::End),
    /// The user stopped it; it can be resumed.
    Stopped,
    /// It stopped by itself, for this reason, and can be resumed.
    Paused(String),
}

type Commits<P> = (Option<(AgentName, MessageId)>, Result<Committed<P>, Arc<JournalError>>);

/// What the reason begins with for which the messages of an agent are given up that takes no further part.
pub const RETIRED: &str = "the agent takes no further part";

/// Time that agents have to put away what they hold when the run is over.
const CLOSING: Duration = Duration::from_secs(5);

/// Topics of messages from outside the agents; each is sent once in a run.
const TOPIC_WALL_TIME: usize = 1;
const TOPIC_END: usize = 2;

/// The supervisor of one run.
pub struct Hub<P: RunPayload> {
    run: RunId,
    folder: Arc<Path>,
    journal: Journal<P>,
    options: HubOptions<P>,
    desks: BTreeMap<AgentName, Desk<P>>,
    housing: Housing<P>,
    born: Instant,
    wall_deadline: Option<Instant>,
    events: UnboundedReceiver<HostEvent<P>>,
    events_sender: UnboundedSender<HostEvent<P>>,
    commits: UnboundedReceiver<Commits<P>>,
    commits_sender: UnboundedSender<Commits<P>>,
    committing: usize,
    ended: Option<P::End>,
    stopping: Option<Instant>,
    paused: Option<String>,
}

impl<P: RunPayload> Hub<P> {
    /// A hub for the run in `folder` with these agents.
    pub fn new(
        run: RunId,
        folder: Arc<Path>,
        journal: Journal<P>,
        registry: &Registry<P>,
        options: HubOptions<P>,
    ) -> Self {
        let (events_sender, events) = unbounded_channel();
        let (commits_sender, commits) = unbounded_channel();
        let desks = registry
            .iter()
            .enumerate()
            .map(|(place, (name, spec))| (name.clone(), Desk::new(place, spec.clone(), &options.policy)))
            .collect();
        let born = Instant::now();
        Self {
            run,
            folder,
            journal,
            desks,
            housing: Rc::new(|guest| Box::new(HostHandle::start(guest))),
            born,
            wall_deadline: options.wall_left.map(|left| born + left),
            options,
            events,
            events_sender,
            commits,
            commits_sender,
            committing: 0,
            ended: None,
            stopping: None,
            paused: None,
        }
    }

    /// The same with agents that live elsewhere than on threads.
    #[cfg(test)]
    pub(super) fn housed(mut self, housing: Housing<P>) -> Self {
        self.housing = housing;
        self
    }

    /// Works until the run ends or is stopped.
    ///
    /// # Errors
    /// When the journal fails or a backend is gone; the journal then holds what was committed, and the
    /// run can be resumed.
    pub async fn work(mut self, stop: &StopSignal) -> Result<RunResult<P>, SupervisorError> {
        let result = self.work_until_end(stop).await;
        let mut hosts = Vec::new();
        for (_, desk) in std::mem::take(&mut self.desks) {
            for under_way in desk.under_way.values() {
                under_way.cancel.cancel();
            }
            hosts.extend(desk.host);
        }
        let closed = futures::future::join_all(hosts.iter().filter_map(|host| host.close()));
        if tokio::time::timeout(CLOSING, closed).await.is_err() {
            tracing::warn!(run = %self.run, "some agents took too long to close");
        }
        for host in hosts {
            host.abandon();
        }
        result
    }

    async fn work_until_end(&mut self, stop: &StopSignal) -> Result<RunResult<P>, SupervisorError> {
        let (mut asked, mut heeded) = (stop.subscribe(), 0);
        for pending in self.journal.pending()? {
            self.enqueue(pending.envelope, pending.failures, None)?;
        }
        let names: Vec<AgentName> = self.desks.keys().cloned().collect();
        for name in &names {
            self.start_host(name);
        }
        loop {
            if let Some(end) = self.ended.take() {
                return Ok(RunResult::Ended(end));
            }
            if let Some(until) = self.stopping
                && (self.quiet() || Instant::now() >= until)
            {
                return Ok(self.paused.take().map_or(RunResult::Stopped, RunResult::Paused));
            }
            self.pump();
            if self.stalled() {
                self.end("no agent has anything left to do and the director has not ended the run");
            }
            let moment = self.next_moment();
            // Counted, not waited for alone: it may have been asked while something else was heard, or before the work.
            let times = *asked.borrow_and_update();
            if times > heeded {
                heeded = times;
                self.asked_to_stop(times);
                continue;
            }
            tokio::select! {
                biased;
                Some((step, outcome)) = self.commits.recv() => self.committed(step, outcome)?,
                Some(event) = self.events.recv() => self.heard(event)?,
                () = sleep_until(moment) => self.clock()?,
                Ok(()) = asked.changed() => {}
            }
        }
    }

    // --- delivering ---

    fn pump(&mut self) {
        if self.stopping.is_some() {
            return;
        }
        let now = Instant::now();
        for (name, desk) in &mut self.desks {
            while let Some(waiting) = desk.next(now) {
                let Waiting {
                    mut envelope, failures, ..
                } = waiting;
                let cancel = Cancel::new();
                let context = AgentContext::new(
                    self.journal.clone(),
                    Arc::clone(&self.folder),
                    name.clone(),
                    envelope.id.clone(),
                    cancel.clone(),
                );
                envelope.attempt = failures + 1;
                let taken = desk
                    .host
                    .as_ref()
                    .is_some_and(|host| host.deliver(envelope.clone(), context));
                if !taken {
                    desk.queue.push_front(Waiting {
                        envelope,
                        failures,
                        not_before: Some(now + Duration::from_millis(20)),
                    });
                    break;
                }
                tracing::debug!(agent = %name, message = %envelope.id, kind = envelope.payload.name(), attempt = envelope.attempt, "delivered");
                (self.options.observer)(Observed::Delivered(&envelope));
                let deadline = desk.deadline(now);
                desk.under_way.insert(
                    envelope.id.clone(),
                    UnderWay {
                        envelope,
                        failures,
                        deadline,
                        cancel,
                    },
                );
            }
        }
    }

    fn enqueue(
        &mut self,
        envelope: Envelope<P>,
        failures: u32,
        not_before: Option<Instant>,
    ) -> Result<(), SupervisorError> {
        if envelope.to.as_str() == SUPERVISOR {
            if let Some(end) = envelope.payload.into_end() {
                self.ended = Some(end);
            }
            return Ok(());
        }
        match self.desks.get_mut(&envelope.to) {
            Some(Desk {
                retired: Some(reason), ..
            }) => {
                let reason = reason.clone();
                self.give_up(envelope, 0, reason);
                Ok(())
            }
            Some(desk) => {
                desk.queue.push_back(Waiting {
                    envelope,
                    failures,
                    not_before,
                });
                Ok(())
            }
            None => {
                let reason = format!("no agent is named `{}`", envelope.to);
                self.give_up(envelope, 0, reason);
                Ok(())
            }
        }
    }

    // --- what agents report ---

    fn heard(&mut self, event: HostEvent<P>) -> Result<(), SupervisorError> {
        match event {
            HostEvent::Finished {
                agent,
                life,
                message,
                outcome,
            } => self.finished(&agent, life, &message, outcome),
            HostEvent::Crashed {
                agent,
                life,
                culprit,
                reason,
            } => {
                self.crashed(&agent, life, culprit, &reason);
                Ok(())
            }
            HostEvent::Ready { agent, life } => {
                if let Some(desk) = self.desks.get_mut(&agent)
                    && desk.life == life
                {
                    desk.up = true;
                }
                Ok(())
            }
            HostEvent::Unmakeable { agent, life, error } => {
                let Some(desk) = self.desks.get(&agent).filter(|desk| desk.life == life) else {
                    return Ok(());
                };
                if desk.is_dispensable() {
                    self.retire(&agent, &error.to_string());
                    return Ok(());
                }
                Err(SupervisorError::Unavailable {
                    agent: agent.to_string(),
                    reason: error.to_string(),
                })
            }
        }
    }

    fn finished(
        &mut self,
        name: &AgentName,
        life: u64,
        message: &MessageId,
        outcome: Result<Handled<P>, AgentError>,
    ) -> Result<(), SupervisorError> {
        let Some(desk) = self.desks.get_mut(name) else {
            return Ok(());
        };
        let Some(under_way) = desk.under_way.get_mut(message).filter(|_| desk.life == life) else {
            return Ok(());
        };
        match outcome {
            Ok(handled) => {
                under_way.deadline = None;
                let (commit, state) = step(&under_way.envelope, name, handled);
                self.commit_step(Some((name.clone(), message.clone())), commit, state);
                Ok(())
            }
            Err(AgentError::Journal(error)) => Err(error.into()),
            Err(error @ AgentError::Paused { .. }) => {
                desk.under_way.remove(message);
                self.pause(name, &error.to_string());
                Ok(())
            }
            Err(error)
                if matches!(error, AgentError::Retired { .. })
                    || (error.fault().is_fatal() && desk.is_dispensable()) =>
            {
                let reason = error.to_string();
                let failed = desk.under_way.remove(message);
                let record = Record::Restarted {
                    agent: name.clone(),
                    reason: reason.clone(),
                };
                self.commit(Commit::record(record));
                if let Some(failed) = failed {
                    self.give_up(failed.envelope, failed.failures + 1, reason.clone());
                }
                self.retire(name, &reason);
                Ok(())
            }
            Err(error) if error.fault().is_fatal() => Err(SupervisorError::fatal(name, &error)),
            Err(_) if self.stopping.is_some() => {
                desk.under_way.remove(message);
                Ok(())
            }
            Err(error) => {
                let reason = error.to_string();
                if let Some(failed) = desk.under_way.remove(message) {
                    self.restarted(name, &reason);
                    self.restart_rest(name);
                    self.failed(name, failed.envelope, failed.failures + 1, reason);
                }
                Ok(())
            }
        }
    }

    // --- time and stopping ---

    fn clock(&mut self) -> Result<(), SupervisorError> {
        let now = Instant::now();
        if self.wall_deadline.is_some_and(|at| at <= now) {
            self.wall_deadline = None;
            let envelope = Envelope::external(&self.run, TOPIC_WALL_TIME, P::DIRECTOR.into(), P::wall_time_spent());
            self.commit(Commit::send(envelope));
        }
        let overdue: Vec<(AgentName, MessageId)> = self
            .desks
            .iter()
            .flat_map(|(name, desk)| desk.overdue(now).into_iter().map(move |id| (name.clone(), id)))
            .collect();
        for (name, id) in overdue {
            self.replace_frozen(&name, &id);
        }
        Ok(())
    }

    fn start_host(&mut self, name: &AgentName) {
        if let Some(desk) = self.desks.get_mut(name) {
            desk.life += 1;
            desk.up = true;
            desk.host = Some((self.housing)(Guest {
                name: name.clone(),
                life: desk.life,
                spec: desk.spec.clone(),
                policy: self.options.policy.clone(),
                events: self.events_sender.clone(),
            }));
        }
    }

    fn asked_to_stop(&mut self, times: u32) {
        let now = Instant::now();
        if times <= 1 && self.stopping.is_none() {
            self.stopping = Some(now + self.options.drain);
            (self.options.observer)(Observed::Draining);
        } else {
            self.stopping = Some(now);
        }
    }

    /// Stops the run at an agent's wish. Its message was neither handled nor failed: it waits in the journal.
    fn pause(&mut self, name: &AgentName, reason: &str) {
        tracing::warn!(run = %self.run, agent = %name, reason, "the run pauses");
        (self.options.observer)(Observed::Paused { agent: name, reason });
        self.paused.get_or_insert_with(|| reason.to_owned());
        self.stopping.get_or_insert(Instant::now() + self.options.drain);
    }

    fn quiet(&self) -> bool {
        self.committing == 0 && self.desks.values().all(|desk| desk.under_way.is_empty())
    }

    fn stalled(&self) -> bool {
        self.committing == 0
            && self.stopping.is_none()
            && self.ended.is_none()
            && self.commits.is_empty()
            && self.events.is_empty()
            && self.desks.values().all(Desk::idle)
    }

    fn next_moment(&self) -> Option<Instant> {
        let delivers = self.stopping.is_none();
        let desks = self.desks.values().filter_map(|desk| desk.next_moment(delivers));
        desks.chain(self.wall_deadline).chain(self.stopping).min()
    }
}

async fn sleep_until(moment: Option<Instant>) {
    match moment {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
