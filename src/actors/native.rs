//! Agents of programs that use Kosmos as a library.

use std::{rc::Rc, sync::Arc, time::Duration};

use futures::{FutureExt, future::LocalBoxFuture};

use crate::agent::{Agent, AgentContext, AgentError, AgentSpec, Handling, Registry, RestartLimits};
use crate::message::{AgentName, AgentPlan, Contribution, Envelope, Event, Outgoing, Payload, Speech, agent};

/// An agent that hears events and says something to them.
pub trait Listener: 'static {
    /// Answers an event. Side effects go through the context's effects; others are repeated when
    /// the run is killed and resumed.
    fn hear(
        self: Rc<Self>,
        event: Event,
        context: AgentContext,
    ) -> LocalBoxFuture<'static, Result<Vec<Speech>, AgentError>>;
}

/// An agent of a program's own, with what the director has to know of it.
#[derive(Clone)]
pub struct Native {
    pub(crate) plan: AgentPlan,
    pub(crate) spec: AgentSpec,
}

/// Time for one event, where nothing else is said.
const DEADLINE: Duration = Duration::from_secs(120);

impl Native {
    /// An agent that `factory` makes, at the start and at every restart, on the thread that it will live on. It hears
    /// the events of these types and may send messages of those.
    pub fn new<L: Listener>(
        name: impl Into<AgentName>,
        subscribes: &[&str],
        publishes: &[&str],
        factory: impl Fn() -> L + Send + Sync + 'static,
    ) -> Self {
        let texts = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect();
        let plan = AgentPlan {
            name: name.into(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            description: "an agent of the program that started the run".to_owned(),
            subscribes: texts(subscribes),
            publishes: texts(publishes),
            veto: false,
            experiments: 0,
            from: None,
            permissions: String::new(),
            share: None,
        };
        let factory = Arc::new(factory);
        let spec = AgentSpec::new(DEADLINE, move || {
            Ok(Rc::new(Adapter {
                listener: Rc::new(factory()),
            }))
        });
        let upkeep = RestartLimits {
            max_restarts: 5,
            window: Duration::from_secs(600),
            max_attempts: 3,
            dispensable: true,
        };
        Self {
            plan,
            spec: spec.with_messages_in_order().with_limits(upkeep),
        }
    }

    /// The same with a description, which the report shows.
    pub fn with_description(mut self, description: &str) -> Self {
        description.clone_into(&mut self.plan.description);
        self
    }

    /// The same with so much time for one event.
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.spec.deadline = deadline;
        self
    }

    /// Its name.
    pub fn name(&self) -> &AgentName {
        &self.plan.name
    }

    /// Adds it to the agents of a run.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(self.plan.name.clone(), self.spec.clone());
    }
}

struct Adapter<L> {
    listener: Rc<L>,
}

impl<L: Listener> Agent<Payload> for Adapter<L> {
    fn handle(self: Rc<Self>, message: Envelope, context: AgentContext) -> Handling {
        async move {
            let Payload::Notify(notice) = message.payload else {
                return Err(AgentError::Unexpected {
                    agent: "native agent",
                    message: message.payload.name(),
                });
            };
            let agent = context.agent().clone();
            let said = Rc::clone(&self.listener).hear(notice.event, context).await?;
            let contribution = Contribution {
                occasion: notice.occasion,
                agent,
                said,
                refused: Vec::new(),
                experiments: Vec::new(),
                checks: Vec::new(),
            };
            Ok(Outgoing::new(agent::RESEARCH_DIRECTOR, contribution).into())
        }
        .boxed_local()
    }
}
