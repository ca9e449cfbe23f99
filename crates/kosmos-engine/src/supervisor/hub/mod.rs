//! The event loop: receives events, delivers messages, stops. `failures` has the reactions to failures, `steps` the
//! commits.

mod failures;
mod steps;

use std::{collections::BTreeMap, path::Path, rc::Rc, sync::Arc, time::Duration};

use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::Instant,
};

use self::steps::build_step;
use super::{
    RestartPolicy, StopSignal, SupervisorError,
    host::{HostEvent, HostFactory, HostHandle, HostSetup},
    managed_agent::{InFlight, ManagedAgent, QueuedMessage},
};
use crate::{
    AgentName, Envelope, MessageId, RunId, RunPayload, SUPERVISOR,
    agent::{AgentContext, AgentError, Cancel, Handled, Registry},
    journal::{Commit, Committed, Journal, JournalError, Record},
};

/// An event that the hub reports to its observer.
#[derive(Debug)]
pub enum Observed<'a, P: RunPayload> {
    /// A message was delivered to its agent.
    Delivered(&'a Envelope<P>),
    /// A message was handled, and its step is durable.
    Handled {
        /// Its receiver.
        agent: &'a AgentName,
    },
    /// A message is durable and will be delivered.
    Sent(&'a Envelope<P>),
    /// An agent failed and was replaced.
    Restarted {
        /// The agent.
        agent: &'a AgentName,
        /// Its failure.
        reason: &'a str,
    },
    /// A message became a dead letter.
    DeadLettered {
        /// The message.
        message: &'a Envelope<P>,
        /// Its last failure.
        reason: &'a str,
    },
    /// A stop was requested; the run drains its in-flight messages.
    Draining,
    /// An agent cannot continue until the user has done something. The run stops as if a stop had been requested.
    Paused {
        /// The agent.
        agent: &'a AgentName,
        /// Why.
        reason: &'a str,
        /// The remedy.
        remedy: &'a str,
    },
}

/// Receives the hub's events on its thread, so it must be quick.
pub type Observer<P> = Arc<dyn Fn(Observed<'_, P>) + Send + Sync>;

/// Options of the hub.
#[derive(Clone)]
pub struct HubOptions<P: RunPayload> {
    /// How agents are restarted.
    pub policy: RestartPolicy,
    /// The wall time that the run has left; none for no limit.
    pub wall_left: Option<Duration>,
    /// How long the hub waits for in-flight messages after the first stop request.
    pub drain: Duration,
    /// Receives the hub's events.
    pub observer: Observer<P>,
}

/// How the work on a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum RunResult<P: RunPayload> {
    /// The run has ended.
    Ended(P::End),
    /// The user stopped it. It can be resumed.
    Stopped,
    /// An agent paused it. It can be resumed.
    Paused {
        /// Why.
        reason: String,
        /// The remedy.
        remedy: String,
    },
}

type Commits<P> = (Option<(AgentName, MessageId)>, Result<Committed<P>, Arc<JournalError>>);

/// The beginning of the reason of each dead letter of a retired agent.
pub const RETIRED: &str = "the agent takes no further part";

/// The time that agents have to release their resources at the end of a run.
const CLOSING: Duration = Duration::from_secs(5);

/// Topics of the supervisor's messages. Each is sent once in a run.
const TOPIC_WALL_TIME: usize = 1;
const TOPIC_END: usize = 2;

/// The supervisor of one run.
pub struct Hub<P: RunPayload> {
    run: RunId,
    folder: Arc<Path>,
    journal: Journal<P>,
    options: HubOptions<P>,
    agents: BTreeMap<AgentName, ManagedAgent<P>>,
    host_factory: HostFactory<P>,
    born: Instant,
    wall_deadline: Option<Instant>,
    events: UnboundedReceiver<HostEvent<P>>,
    events_sender: UnboundedSender<HostEvent<P>>,
    commits: UnboundedReceiver<Commits<P>>,
    commits_sender: UnboundedSender<Commits<P>>,
    committing: usize,
    ended: Option<P::End>,
    stopping: Option<Instant>,
    /// The reason and the remedy.
    paused: Option<(String, String)>,
}

impl<P: RunPayload> Hub<P> {
    /// Creates a hub for the run in `folder` with these agents.
    pub fn new(
        run: RunId,
        folder: Arc<Path>,
        journal: Journal<P>,
        registry: &Registry<P>,
        options: HubOptions<P>,
    ) -> Self {
        let (events_sender, events) = unbounded_channel();
        let (commits_sender, commits) = unbounded_channel();
        let agents = registry
            .iter()
            .enumerate()
            .map(|(place, (name, spec))| (name.clone(), ManagedAgent::new(place, spec.clone(), &options.policy)))
            .collect();
        let born = Instant::now();
        Self {
            run,
            folder,
            journal,
            agents,
            host_factory: Rc::new(|setup| Box::new(HostHandle::start_on_thread(setup))),
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

    /// Makes the hub start its hosts by `host_factory`, not on threads.
    #[cfg(test)]
    pub(super) fn with_hosts(mut self, host_factory: HostFactory<P>) -> Self {
        self.host_factory = host_factory;
        self
    }

    /// Works until the run ends or is stopped.
    ///
    /// # Errors
    /// If the journal fails or a backend is gone. The journal then holds all that was committed, and the run can be
    /// resumed.
    pub async fn run_to_end(mut self, stop: &StopSignal) -> Result<RunResult<P>, SupervisorError> {
        let result = self.process_events(stop).await;
        let mut hosts = Vec::new();
        for (_, managed) in std::mem::take(&mut self.agents) {
            for in_flight in managed.in_flight.values() {
                in_flight.cancel.cancel();
            }
            hosts.extend(managed.host);
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

    async fn process_events(&mut self, stop: &StopSignal) -> Result<RunResult<P>, SupervisorError> {
        let (mut asked, mut heeded) = (stop.subscribe(), 0);
        for pending in self.journal.pending_messages()? {
            self.enqueue_message(pending.envelope, pending.failures, None)?;
        }
        let names: Vec<AgentName> = self.agents.keys().cloned().collect();
        for name in &names {
            self.start_host(name);
        }
        loop {
            if let Some(end) = self.ended.take() {
                return Ok(RunResult::Ended(end));
            }
            if let Some(until) = self.stopping
                && (self.is_quiet() || Instant::now() >= until)
            {
                return Ok(match self.paused.take() {
                    Some((reason, remedy)) => RunResult::Paused { reason, remedy },
                    None => RunResult::Stopped,
                });
            }
            self.deliver_due();
            if self.is_stalled() {
                self.end_as_failed("no agent has anything left to do and the director has not ended the run");
            }
            let moment = self.next_moment();
            // Counted, not only awaited: the request may have come while another event was handled, or before the work.
            let times = *asked.borrow_and_update();
            if times > heeded {
                heeded = times;
                self.handle_stop_request(times);
                continue;
            }
            tokio::select! {
                biased;
                Some((step, outcome)) = self.commits.recv() => self.apply_committed(step, outcome)?,
                Some(event) = self.events.recv() => self.handle_event(event)?,
                () = sleep_until(moment) => self.handle_deadlines()?,
                Ok(()) = asked.changed() => {}
            }
        }
    }

    // --- delivering ---

    fn deliver_due(&mut self) {
        if self.stopping.is_some() {
            return;
        }
        let now = Instant::now();
        for (name, managed) in &mut self.agents {
            while let Some(waiting) = managed.take_next_due(now) {
                let QueuedMessage {
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
                let taken = managed
                    .host
                    .as_ref()
                    .is_some_and(|host| host.deliver(envelope.clone(), context));
                if !taken {
                    managed.queue.push_front(QueuedMessage {
                        envelope,
                        failures,
                        not_before: Some(now + Duration::from_millis(20)),
                    });
                    break;
                }
                tracing::debug!(agent = %name, message = %envelope.id, kind = envelope.payload.name(), attempt = envelope.attempt, "delivered");
                (self.options.observer)(Observed::Delivered(&envelope));
                let deadline = managed.deadline_from(now);
                managed.in_flight.insert(
                    envelope.id.clone(),
                    InFlight {
                        envelope,
                        failures,
                        deadline,
                        cancel,
                    },
                );
            }
        }
    }

    fn enqueue_message(
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
        match self.agents.get_mut(&envelope.to) {
            Some(ManagedAgent {
                retired: Some(reason), ..
            }) => {
                let reason = reason.clone();
                self.give_up(envelope, 0, reason);
                Ok(())
            }
            Some(managed) => {
                managed.queue.push_back(QueuedMessage {
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

    fn handle_event(&mut self, event: HostEvent<P>) -> Result<(), SupervisorError> {
        match event {
            HostEvent::Finished {
                agent,
                generation,
                message,
                outcome,
            } => self.handle_outcome(&agent, generation, &message, outcome),
            HostEvent::Crashed {
                agent,
                generation,
                culprit,
                reason,
            } => {
                self.handle_crash(&agent, generation, culprit, &reason);
                Ok(())
            }
            HostEvent::Ready { agent, generation } => {
                if let Some(managed) = self.agents.get_mut(&agent)
                    && managed.generation == generation
                {
                    managed.up = true;
                }
                Ok(())
            }
            HostEvent::Unmakeable {
                agent,
                generation,
                error,
            } => {
                let Some(managed) = self
                    .agents
                    .get(&agent)
                    .filter(|managed| managed.generation == generation)
                else {
                    return Ok(());
                };
                if let AgentError::Disk(fault) = error {
                    return Err(SupervisorError::Disk(fault));
                }
                if managed.is_dispensable() {
                    self.retire_agent(&agent, &error.to_string());
                    return Ok(());
                }
                Err(SupervisorError::Unavailable {
                    agent: agent.to_string(),
                    reason: error.to_string(),
                    help: error.help().map(str::to_owned),
                })
            }
        }
    }

    fn handle_outcome(
        &mut self,
        name: &AgentName,
        generation: u64,
        message: &MessageId,
        outcome: Result<Handled<P>, AgentError>,
    ) -> Result<(), SupervisorError> {
        let Some(managed) = self.agents.get_mut(name) else {
            return Ok(());
        };
        let Some(in_flight) = managed
            .in_flight
            .get_mut(message)
            .filter(|_| managed.generation == generation)
        else {
            return Ok(());
        };
        match outcome {
            Ok(handled) => {
                in_flight.deadline = None;
                managed.answered = true;
                let (commit, state) = build_step(&in_flight.envelope, name, handled);
                self.spawn_step_commit(Some((name.clone(), message.clone())), commit, state);
                Ok(())
            }
            Err(error @ (AgentError::Journal(_) | AgentError::Disk(_))) => {
                Err(SupervisorError::from_agent_error(name, error))
            }
            Err(AgentError::Paused { what, remedy }) => {
                managed.in_flight.remove(message);
                self.pause_run(name, what, remedy);
                Ok(())
            }
            Err(error)
                if matches!(error, AgentError::Retired { .. })
                    || (error.fault().is_fatal() && managed.is_dispensable()) =>
            {
                let reason = error.to_string();
                let failed = managed.in_flight.remove(message);
                let record = Record::Restarted {
                    agent: name.clone(),
                    reason: reason.clone(),
                };
                self.spawn_commit(Commit::of_record(record));
                if let Some(failed) = failed {
                    self.give_up(failed.envelope, failed.failures + 1, reason.clone());
                }
                self.retire_agent(name, &reason);
                Ok(())
            }
            Err(error) if error.fault().is_fatal() => Err(SupervisorError::from_agent_error(name, error)),
            Err(_) if self.stopping.is_some() => {
                managed.in_flight.remove(message);
                Ok(())
            }
            Err(error) => {
                let reason = error.to_string();
                if let Some(failed) = managed.in_flight.remove(message) {
                    self.record_restart(name, &reason);
                    self.restart_later_agents(name);
                    self.retry_or_give_up(name, failed.envelope, failed.failures + 1, reason);
                }
                Ok(())
            }
        }
    }

    // --- time and stopping ---

    fn handle_deadlines(&mut self) -> Result<(), SupervisorError> {
        let now = Instant::now();
        if self.wall_deadline.is_some_and(|at| at <= now) {
            self.wall_deadline = None;
            let envelope = Envelope::external(&self.run, TOPIC_WALL_TIME, P::DIRECTOR.into(), P::wall_time_spent());
            self.spawn_commit(Commit::of_message(envelope));
        }
        let overdue: Vec<(AgentName, MessageId)> = self
            .agents
            .iter()
            .flat_map(|(name, managed)| {
                managed
                    .overdue_messages(now)
                    .into_iter()
                    .map(move |id| (name.clone(), id))
            })
            .collect();
        for (name, id) in overdue {
            self.replace_frozen(&name, &id);
        }
        Ok(())
    }

    fn start_host(&mut self, name: &AgentName) {
        if let Some(managed) = self.agents.get_mut(name) {
            managed.generation += 1;
            managed.up = true;
            managed.host = Some((self.host_factory)(HostSetup {
                name: name.clone(),
                generation: managed.generation,
                spec: managed.spec.clone(),
                policy: self.options.policy.clone(),
                events: self.events_sender.clone(),
            }));
        }
    }

    fn handle_stop_request(&mut self, times: u32) {
        let now = Instant::now();
        if times <= 1 && self.stopping.is_none() {
            self.stopping = Some(now + self.options.drain);
            (self.options.observer)(Observed::Draining);
        } else {
            self.stopping = Some(now);
        }
    }

    /// Stops the run because an agent asked for it. The agent's message counts neither as handled nor as failed: it
    /// stays in the journal.
    fn pause_run(&mut self, name: &AgentName, reason: String, remedy: String) {
        tracing::warn!(run = %self.run, agent = %name, reason, remedy, "the run pauses");
        (self.options.observer)(Observed::Paused {
            agent: name,
            reason: &reason,
            remedy: &remedy,
        });
        self.paused.get_or_insert((reason, remedy));
        self.stopping.get_or_insert(Instant::now() + self.options.drain);
    }

    fn is_quiet(&self) -> bool {
        self.committing == 0 && self.agents.values().all(|managed| managed.in_flight.is_empty())
    }

    fn is_stalled(&self) -> bool {
        self.committing == 0
            && self.stopping.is_none()
            && self.ended.is_none()
            && self.commits.is_empty()
            && self.events.is_empty()
            && self.agents.values().all(ManagedAgent::is_idle)
    }

    fn next_moment(&self) -> Option<Instant> {
        let delivers = self.stopping.is_none();
        let agents = self.agents.values().filter_map(|managed| managed.next_moment(delivers));
        agents.chain(self.wall_deadline).chain(self.stopping).min()
    }
}

async fn sleep_until(moment: Option<Instant>) {
    match moment {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
