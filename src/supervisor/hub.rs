//! The loop that routes, commits, restarts and ends.

use std::{collections::BTreeMap, path::Path, rc::Rc, sync::Arc, time::Duration};

use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::Instant,
};

use super::{
    RestartPolicy, StopSignal, Strategy, SupervisorError,
    desk::{Desk, UnderWay, Waiting},
    host::{Guest, HostEvent, HostHandle, Housing},
};
use crate::agent::{AgentContext, AgentError, Cancel, Fault, Handled, Registry};
use crate::failpoint;
use crate::journal::{Commit, Committed, Journal, JournalError, Record};
use crate::message::{AgentName, BudgetSpent, DeadLettered, Envelope, MessageId, Outgoing, Payload, agent};
use crate::science::{EndReason, RunEnd, RunId, RunStatus};

/// What the hub tells those who watch.
#[derive(Debug)]
pub enum Observed<'a> {
    /// A message is with its agent.
    Delivered(&'a Envelope),
    /// A message was handled and its step is durable.
    Handled {
        #[allow(missing_docs)]
        agent: &'a AgentName,
    },
    /// A message is durable and on its way.
    Sent(&'a Envelope),
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
        message: &'a Envelope,
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
pub type Observer = Arc<dyn Fn(Observed<'_>) + Send + Sync>;

/// How the hub works.
#[derive(Clone)]
pub struct HubOptions {
    #[allow(missing_docs)]
    pub policy: RestartPolicy,
    /// Wall time that the run has left; none for no limit.
    pub wall_left: Option<Duration>,
    /// How long a first request to stop waits for what is under way.
    pub drain: Duration,
    #[allow(missing_docs)]
    pub observer: Observer,
}

/// How the work on a run came to an end.
#[derive(Debug, Clone, PartialEq)]
pub enum RunResult {
    /// The run is over.
    Ended(RunEnd),
    /// The user stopped it; it can be resumed.
    Stopped,
    /// It stopped by itself, for this reason, and can be resumed.
    Paused(String),
}

type Commits = (Option<(AgentName, MessageId)>, Result<Committed, Arc<JournalError>>);

/// What the reason begins with for which the messages of an agent are given up that takes no further part.
pub const RETIRED: &str = "the agent takes no further part";

/// Time that agents have to put away what they hold when the run is over.
const CLOSING: Duration = Duration::from_secs(5);

/// Topics of messages from outside the agents; each is sent once in a run.
const TOPIC_WALL_TIME: usize = 1;
const TOPIC_END: usize = 2;

/// The supervisor of one run.
pub struct Hub {
    run: RunId,
    folder: Arc<Path>,
    journal: Journal,
    options: HubOptions,
    desks: BTreeMap<AgentName, Desk>,
    housing: Housing,
    born: Instant,
    wall_deadline: Option<Instant>,
    events: UnboundedReceiver<HostEvent>,
    events_sender: UnboundedSender<HostEvent>,
    commits: UnboundedReceiver<Commits>,
    commits_sender: UnboundedSender<Commits>,
    committing: usize,
    ended: Option<RunEnd>,
    stopping: Option<Instant>,
    paused: Option<String>,
}

impl Hub {
    /// A hub for the run in `folder` with these agents.
    pub fn new(run: RunId, folder: Arc<Path>, journal: Journal, registry: &Registry, options: HubOptions) -> Self {
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
    pub(super) fn housed(mut self, housing: Housing) -> Self {
        self.housing = housing;
        self
    }

    /// Works until the run ends or is stopped.
    ///
    /// # Errors
    /// When the journal fails or a backend is gone; the journal then holds what was committed, and the
    /// run can be resumed.
    pub async fn work(mut self, stop: &StopSignal) -> Result<RunResult, SupervisorError> {
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

    async fn work_until_end(&mut self, stop: &StopSignal) -> Result<RunResult, SupervisorError> {
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
                self.end(
                    RunStatus::Failed,
                    "no agent has anything left to do and the director has not ended the run",
                );
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
        envelope: Envelope,
        failures: u32,
        not_before: Option<Instant>,
    ) -> Result<(), SupervisorError> {
        if envelope.to.as_str() == agent::SUPERVISOR {
            if let Payload::EndRun(end) = envelope.payload {
                self.ended = Some(*end);
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

    fn heard(&mut self, event: HostEvent) -> Result<(), SupervisorError> {
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
        outcome: Result<Handled, AgentError>,
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
                    || (error.fault() == Fault::Fatal && desk.is_dispensable()) =>
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
            Err(error) if error.fault() == Fault::Fatal => Err(SupervisorError::fatal(name, &error)),
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

    fn crashed(&mut self, name: &AgentName, life: u64, culprit: Option<MessageId>, reason: &str) {
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
    fn failed(&mut self, name: &AgentName, envelope: Envelope, failures: u32, reason: String) {
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
    fn restarted(&mut self, name: &AgentName, reason: &str) -> bool {
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
    fn escalate(&mut self, name: &AgentName, reason: &str) {
        let Some(desk) = self.desks.get(name) else { return };
        let message = format!(
            "`{name}` was restarted more than {} times within {} s; its last failure: {reason}",
            desk.policy.max_restarts,
            desk.policy.window.as_secs()
        );
        match desk.is_dispensable() {
            true => self.retire(name, &message),
            false => self.end(RunStatus::Failed, &message),
        }
    }

    /// An agent takes no further part: what it was sent and will be sent is given up.
    fn retire(&mut self, name: &AgentName, reason: &str) {
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
    fn give_up(&mut self, envelope: Envelope, failures: u32, reason: String) {
        (self.options.observer)(Observed::DeadLettered {
            message: &envelope,
            reason: &reason,
        });
        let director: AgentName = agent::RESEARCH_DIRECTOR.into();
        if envelope.to == director {
            let message = format!(
                "the director failed on `{}` {failures} times: {reason}",
                envelope.payload.name()
            );
            self.end(RunStatus::Failed, &message);
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
            payload: letter.into(),
        };
        let sent = Envelope::caused_by(&envelope, 0, agent::SUPERVISOR.into(), outgoing);
        let commit = Commit {
            handled: Some((envelope.id.clone(), envelope.to)),
            dead: Some(reason),
            sent: vec![sent],
            records: Vec::new(),
        };
        self.commit(commit);
    }

    /// Ends the run from here: an agent or the director is beyond help.
    fn end(&mut self, status: RunStatus, message: &str) {
        tracing::error!(run = %self.run, message, "the run ends");
        let end = RunEnd {
            status,
            reason: EndReason::Engine,
            message: message.to_owned(),
        };
        let envelope = Envelope::external(&self.run, TOPIC_END, agent::SUPERVISOR.into(), end.into());
        self.commit(Commit::send(envelope));
    }

    // --- committing ---

    fn commit(&mut self, commit: Commit) {
        self.commit_step(None, commit, None);
    }

    /// Commits without being waited for. An agent's state goes to its file first.
    fn commit_step(&mut self, step: Option<(AgentName, MessageId)>, mut commit: Commit, state: Option<State>) {
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

    fn committed(
        &mut self,
        step: Option<(AgentName, MessageId)>,
        outcome: Result<Committed, Arc<JournalError>>,
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

    // --- time and stopping ---

    fn clock(&mut self) -> Result<(), SupervisorError> {
        let now = Instant::now();
        if self.wall_deadline.is_some_and(|at| at <= now) {
            self.wall_deadline = None;
            let spent = BudgetSpent {
                budget: "wall_time".to_owned(),
                detail: "the run's wall time is spent".to_owned(),
            };
            let to = agent::RESEARCH_DIRECTOR.into();
            let envelope = Envelope::external(&self.run, TOPIC_WALL_TIME, to, spent.into());
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

    /// A handler is over its deadline. It may be frozen, and a frozen thread cannot be ended, so the agent
    /// gets a new one; whatever the old one still says is not listened to.
    fn replace_frozen(&mut self, name: &AgentName, id: &MessageId) {
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
    fn restart_rest(&mut self, fallen: &AgentName) {
        let Some(place) = self.desks.get(fallen).map(|desk| desk.place) else {
            return;
        };
        if self.options.policy.strategy == Strategy::OneForOne {
            return;
        }
        let later = |desk: &Desk| desk.place > place && desk.retired.is_none();
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

/// The commit of a handled message, and the state that goes with it.
fn step(cause: &Envelope, agent: &AgentName, handled: Handled) -> (Commit, Option<State>) {
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
struct State {
    agent: AgentName,
    bytes: Vec<u8>,
}

impl State {
    /// Puts it into a file of its own, off the loop; the record that names it.
    async fn keep(self, journal: &Journal) -> Result<Record, Arc<JournalError>> {
        let blobs = journal.blobs().clone();
        let put = tokio::task::spawn_blocking(move || blobs.put(&self.bytes)).await;
        let sha256 = put.unwrap_or(Err(JournalError::Closed))?;
        Ok(match self.agent.as_str() == agent::RESEARCH_DIRECTOR {
            true => Record::Snapshot { after: 0, sha256 },
            false => Record::State {
                agent: self.agent,
                sha256,
            },
        })
    }
}

async fn sleep_until(moment: Option<Instant>) {
    match moment {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
