//! The agents of a run: how each is made and what it may take.

use std::{rc::Rc, sync::Arc, time::Duration};

use super::{Agent, AgentError};
use crate::{AgentName, RunPayload};

/// Makes a fresh agent on the thread that it will live on.
pub type Factory<P> = Arc<dyn Fn() -> Result<Rc<dyn Agent<P>>, AgentError> + Send + Sync>;

/// How an agent is made and what it may take.
#[derive(Clone)]
pub struct AgentSpec<P: RunPayload> {
    /// Called at the start and at every restart.
    pub factory: Factory<P>,
    /// Messages that it handles at once.
    pub concurrency: usize,
    /// How long one message may take.
    pub deadline: Duration,
    /// Whether a message is handled only when those before it are: also where one waits to be tried again. An agent with a
    /// state of its own needs that, to come to the same state whatever happens.
    pub in_order: bool,
    /// When it fails; none for what the run's settings say.
    pub upkeep: Option<Upkeep>,
}

/// How an agent that fails is kept up, where it has limits of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upkeep {
    /// Restarts within `window` that are borne.
    pub max_restarts: usize,
    #[allow(missing_docs)]
    pub window: Duration,
    /// Failures of one message after which it is given up.
    pub max_attempts: u32,
    /// Whether the run goes on without it when it has failed too often.
    pub dispensable: bool,
}

impl<P: RunPayload> AgentSpec<P> {
    /// An agent that handles one message at a time.
    pub fn new(
        deadline: Duration,
        factory: impl Fn() -> Result<Rc<dyn Agent<P>>, AgentError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            factory: Arc::new(factory),
            concurrency: 1,
            deadline,
            in_order: false,
            upkeep: None,
        }
    }

    /// The same with its messages handled in their order.
    pub fn in_order(mut self) -> Self {
        self.in_order = true;
        self
    }

    /// The same with limits of its own for when it fails.
    pub fn kept(mut self, upkeep: Upkeep) -> Self {
        self.upkeep = Some(upkeep);
        self
    }

    /// The same with `concurrency` messages at once.
    pub fn concurrent(mut self, concurrency: usize) -> Self {
        self.concurrency = concurrency.max(1);
        self
    }
}

/// The agents of a run, in the order in which they were registered.
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
    /// Adds an agent behind the others, or puts it in the place of the one of that name.
    pub fn register(&mut self, name: impl Into<AgentName>, spec: AgentSpec<P>) {
        let name = name.into();
        match self.place(&name) {
            Some(known) => known.1 = spec,
            None => self.agents.push((name, spec)),
        }
    }

    /// Puts something around the agent of that name: a probe, a recorder, a fault in a test.
    pub fn wrap(
        &mut self,
        name: &AgentName,
        wrapper: impl Fn(Rc<dyn Agent<P>>) -> Rc<dyn Agent<P>> + Send + Sync + 'static,
    ) {
        if let Some((_, spec)) = self.place(name) {
            let inner = Arc::clone(&spec.factory);
            spec.factory = Arc::new(move || inner().map(&wrapper));
        }
    }

    fn place(&mut self, name: &AgentName) -> Option<&mut (AgentName, AgentSpec<P>)> {
        self.agents.iter_mut().find(|(known, _)| known == name)
    }

    /// The agent of that name.
    pub fn get(&self, name: &AgentName) -> Option<&AgentSpec<P>> {
        let found = self.agents.iter().find(|(known, _)| known == name);
        found.map(|(_, spec)| spec)
    }

    /// All agents, in the order in which they were registered.
    pub fn iter(&self) -> impl Iterator<Item = (&AgentName, &AgentSpec<P>)> {
        self.agents.iter().map(|(name, spec)| (name, spec))
    }
}
