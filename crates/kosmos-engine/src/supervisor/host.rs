//! Hosts an agent: an actor on a thread of its own.

use std::{cell::RefCell, future::Future, pin::Pin, rc::Rc, task};

use actix::{
    Actor, ActorFutureExt, Arbiter, AsyncContext, Context, Handler, Message, Supervised, WrapFuture, dev::channel,
};
use tokio::sync::{mpsc::UnboundedSender, oneshot};

use super::guard::Guard;
use crate::{
    AgentName, Envelope, MessageId, RunPayload,
    agent::{Agent, AgentContext, AgentError, AgentSpec, Handled, Handling},
    supervisor::RestartPolicy,
};

/// An event that a host sends to the hub. `generation` distinguishes a replaced host from its successor.
#[derive(Debug)]
pub(super) enum HostEvent<P: RunPayload> {
    /// A handler finished or failed.
    Finished {
        agent: AgentName,
        generation: u64,
        message: MessageId,
        outcome: Result<Handled<P>, AgentError>,
    },
    /// The agent panicked, and its in-flight messages are lost. `culprit` is the message whose handler panicked.
    Crashed {
        agent: AgentName,
        generation: u64,
        culprit: Option<MessageId>,
        reason: String,
    },
    /// A fresh agent has replaced one that panicked.
    Ready { agent: AgentName, generation: u64 },
    /// The factory failed to make a fresh agent.
    Unmakeable {
        agent: AgentName,
        generation: u64,
        error: AgentError,
    },
}

/// Asks the host to handle a message.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Deliver<P: RunPayload> {
    pub(super) envelope: Envelope<P>,
    pub(super) context: AgentContext<P>,
}

/// Asks the agent to release its resources at the end of the run; answered when it has.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Close(oneshot::Sender<()>);

/// The message whose handler is being polled: the culprit if the thread panics.
pub(super) type Blame = Rc<RefCell<Option<MessageId>>>;

/// The actor around an agent.
pub(super) struct Host<P: RunPayload> {
    name: AgentName,
    generation: u64,
    spec: AgentSpec<P>,
    agent: Option<Rc<dyn Agent<P>>>,
    events: UnboundedSender<HostEvent<P>>,
    blame: Blame,
}

/// The parameters of a new host.
pub(super) struct HostSetup<P: RunPayload> {
    pub(super) name: AgentName,
    pub(super) generation: u64,
    pub(super) spec: AgentSpec<P>,
    pub(super) policy: RestartPolicy,
    pub(super) events: UnboundedSender<HostEvent<P>>,
}

/// A running host, as the hub sees it. Tests replace it by one in simulated time.
pub(super) trait Hosting<P: RunPayload> {
    /// Puts a message into the agent's mailbox. Returns false if the mailbox is full or closed: the message stays in
    /// the journal, and the hub tries again at the next event.
    fn deliver(&self, envelope: Envelope<P>, context: AgentContext<P>) -> bool;

    /// Asks the agent to release its resources. Returns none if it cannot be asked.
    fn close(&self) -> Option<oneshot::Receiver<()>>;

    /// Stops the host as soon as its current handler yields, and drops its in-flight messages.
    fn abandon(self: Box<Self>);
}

/// Starts hosts.
pub(super) type HostFactory<P> = Rc<dyn Fn(HostSetup<P>) -> Box<dyn Hosting<P>>>;

/// A host on a thread. Dropping the handle ends the actor; the thread ends with [`Hosting::abandon`].
pub(super) struct HostHandle<P: RunPayload> {
    address: actix::Addr<Host<P>>,
    arbiter: Arbiter,
}

impl<P: RunPayload> HostHandle<P> {
    /// Starts a host on a new thread.
    pub(super) fn start_on_thread(setup: HostSetup<P>) -> Self {
        let HostSetup {
            name,
            generation,
            spec,
            policy,
            events,
        } = setup;
        let arbiter = Arbiter::new();
        let (sender, receiver) = channel::channel(spec.concurrency.max(1) * 2);
        arbiter.spawn_fn(move || {
            let blame = Blame::default();
            let host = Host {
                name: name.clone(),
                generation,
                spec,
                agent: None,
                events: events.clone(),
                blame: Rc::clone(&blame),
            };
            let context = Context::with_receiver(receiver);
            let guard = Guard::new(context.into_future(host), name, generation, policy, events, blame);
            actix::spawn(guard);
        });
        Self {
            address: actix::Addr::new(sender),
            arbiter,
        }
    }
}

impl<P: RunPayload> Hosting<P> for HostHandle<P> {
    fn deliver(&self, envelope: Envelope<P>, context: AgentContext<P>) -> bool {
        self.address.try_send(Deliver { envelope, context }).is_ok()
    }

    fn close(&self) -> Option<oneshot::Receiver<()>> {
        let (done, closed) = oneshot::channel();
        self.address.try_send(Close(done)).ok().map(|()| closed)
    }

    fn abandon(self: Box<Self>) {
        self.arbiter.stop();
    }
}

impl<P: RunPayload> Host<P> {
    fn make_agent(&mut self) -> bool {
        self.agent = None;
        match (self.spec.factory)() {
            Ok(agent) => {
                self.agent = Some(agent);
                true
            }
            Err(error) => {
                let event = HostEvent::Unmakeable {
                    agent: self.name.clone(),
                    generation: self.generation,
                    error,
                };
                let _ = self.events.send(event);
                false
            }
        }
    }
}

impl<P: RunPayload> Actor for Host<P> {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        if self.agent.is_none() {
            self.make_agent();
        }
    }
}

impl<P: RunPayload> Supervised for Host<P> {
    fn restarting(&mut self, _: &mut Self::Context) {
        // The state of the old agent may be inconsistent: a fresh one reloads its state from the journal.
        if self.make_agent() {
            let _ = self.events.send(HostEvent::Ready {
                agent: self.name.clone(),
                generation: self.generation,
            });
        }
    }
}

impl<P: RunPayload> Handler<Deliver<P>> for Host<P> {
    type Result = ();

    fn handle(&mut self, delivery: Deliver<P>, context: &mut Self::Context) {
        let Some(agent) = self.agent.clone() else { return };
        let message = delivery.envelope.id.clone();
        let (name, generation, events) = (self.name.clone(), self.generation, self.events.clone());
        self.blame.replace(Some(message.clone()));
        let handling = agent.handle(delivery.envelope, delivery.context);
        self.blame.replace(None);
        let tracked = Tracked {
            inner: handling,
            message: message.clone(),
            blame: Rc::clone(&self.blame),
        };
        let task = tracked.into_actor(self).map(move |outcome, host, _| {
            if outcome.is_err() {
                // The state that led to the failure is dropped with the agent.
                host.make_agent();
            }
            let _ = events.send(HostEvent::Finished {
                agent: name,
                generation,
                message,
                outcome,
            });
        });
        context.spawn(task);
    }
}

impl<P: RunPayload> Handler<Close> for Host<P> {
    type Result = ();

    fn handle(&mut self, Close(done): Close, context: &mut Self::Context) {
        let Some(agent) = self.agent.clone() else { return };
        let closing = agent.close().into_actor(self).map(|(), _, _| {
            let _ = done.send(());
        });
        context.spawn(closing);
    }
}

/// A handler that records itself as the current one while it is polled.
struct Tracked<P: RunPayload> {
    inner: Handling<P>,
    message: MessageId,
    blame: Blame,
}

impl<P: RunPayload> Future for Tracked<P> {
    type Output = Result<Handled<P>, AgentError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> task::Poll<Self::Output> {
        let message = self.message.clone();
        self.blame.replace(Some(message));
        let polled = self.inner.as_mut().poll(cx);
        // A panic does not reach this line, so that the guard finds the culprit's id.
        self.blame.replace(None);
        polled
    }
}

/// Returns the message of a panic.
pub(super) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panicked: {}", text.unwrap_or_else(|| "no message".to_owned()))
}
