//! The agents of a run: how each is made, and its limits.

use std::{rc::Rc, sync::Arc, time::Duration};

use super::{Agent, AgentError};
use crate::{AgentName, RunPayload};

/// Makes a fresh agent, on the thread that it will run on.
pub type Factory<P> = Arc<dyn Fn() -> Result<Rc<dyn Agent<P>>, AgentError> + Send + Sync>;

/// How an agent is made, and its limits.
#[derive(Clone)]
pub struct AgentSpec<P: RunPayload> {
    /// Called at the start and at each restart.
    pub factory: Factory<P>,
    /// The number of messages that it handles at the same time.
    pub concurrency: usize,
    /// The time that one message may take; zero for no limit.
    pub deadline: Duration,
    /// If true, a message is delivered only after all earlier ones are handled, retries included. An agent with a state
    /// needs this, so that it always reaches the same state.
    pub in_order: bool,
    /// The agent's own restart limits; none for those of the run's settings.
    pub limits: Option<RestartLimits>,
}

/// Restart limits of one agent, in place of the run's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestartLimits {
    /// Restarts allowed within `window`.
    pub max_restarts: usize,
    /// The length of the window.
    pub window: Duration,
    /// Failures of one message after which it becomes a dead letter.
    pub max_attempts: u32,
    /// If true, the run continues without the agent once it has exceeded its limits.
    pub dispensable: bool,
}

impl<P: RunPayload> AgentSpec<P> {
    /// Describes an agent that handles one message at a time.
    pub fn new(
        deadline: Duration,
        factory: impl Fn() -> Result<Rc<dyn Agent<P>>, AgentError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            factory: Arc::new(factory),
            concurrency: 1,
            deadline,
            in_order: false,
            limits: None,
        }
    }

    /// Makes the agent handle its messages in order.
    pub fn with_messages_in_order(mut self) -> Self {
        self.in_order = true;
        self
    }

    /// Gives the agent its own restart limits.
    pub fn with_limits(mut self, limits: RestartLimits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// Lets the agent handle `concurrency` messages at the same time.
    pub fn with_concurrency(mut self, concurrency: usize) -> Self {
        self.concurrency = concurrency.max(1);
        self
    }
}

/// The agents of a run, in order of registration.
#[derive(Clone)]
pub struct Registry<P: RunPayload> {
    agents: Vec<(AgentName, AgentSpec<P>)>,
}

impl<P: RunPayload> Default for Registry<P> {
    fn default() -> Self {
        Self { agents: Vec::new() }
    }
}

impl<P: RunPayload> Registry<P> {
    /// Adds an agent after the others, or replaces the one of that name.
    pub fn register(&mut self, name: impl Into<AgentName>, spec: AgentSpec<P>) {
        let name = name.into();
        match self.find_mut(&name) {
            Some(known) => known.1 = spec,
            None => self.agents.push((name, spec)),
        }
    }

    /// Wraps the agent of that name: in a probe, a recorder, a fault in a test.
    pub fn wrap(
        &mut self,
        name: &AgentName,
        wrapper: impl Fn(Rc<dyn Agent<P>>) -> Rc<dyn Agent<P>> + Send + Sync + 'static,
    ) {
        if let Some((_, spec)) = self.find_mut(name) {
            let inner = Arc::clone(&spec.factory);
            spec.factory = Arc::new(move || inner().map(&wrapper));
        }
    }

    fn find_mut(&mut self, name: &AgentName) -> Option<&mut (AgentName, AgentSpec<P>)> {
        self.agents.iter_mut().find(|(known, _)| known == name)
    }

    /// Returns the agent of that name.
    pub fn get(&self, name: &AgentName) -> Option<&AgentSpec<P>> {
        let found = self.agents.iter().find(|(known, _)| known == name);
        found.map(|(_, spec)| spec)
    }

    /// Returns all agents, in order of registration.
    pub fn iter(&self) -> impl Iterator<Item = (&AgentName, &AgentSpec<P>)> {
        self.agents.iter().map(|(name, spec)| (name, spec))
    }
}
