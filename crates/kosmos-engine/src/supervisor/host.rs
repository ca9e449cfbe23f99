//! An agent inside an actor of its own, on a thread of its own.

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

/// What a host tells the hub. `life` tells a replaced host's words from its successor's.
#[derive(Debug)]
pub(super) enum HostEvent<P: RunPayload> {
    /// A handler came to an end.
    Finished {
        agent: AgentName,
        life: u64,
        message: MessageId,
        outcome: Result<Handled<P>, AgentError>,
    },
    /// The agent fell, and all that it had under way with it. `culprit` is the message whose handler did it.
    Crashed {
        agent: AgentName,
        life: u64,
        culprit: Option<MessageId>,
        reason: String,
    },
    /// A fresh agent is there after a fall.
    Ready { agent: AgentName, life: u64 },
    /// No fresh agent can be made.
    Unmakeable {
        agent: AgentName,
        life: u64,
        error: AgentError,
    },
}

/// A message to handle.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Deliver<P: RunPayload> {
    pub(super) envelope: Envelope<P>,
    pub(super) context: AgentContext<P>,
}

/// The run is over; says when the agent has put away what it holds.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Close(oneshot::Sender<()>);

/// The handler that the thread is working on right now: the one to blame for a panic.
pub(super) type Blame = Rc<RefCell<Option<MessageId>>>;

/// The actor around an agent.
pub(super) struct Host<P: RunPayload> {
    name: AgentName,
    life: u64,
    spec: AgentSpec<P>,
    agent: Option<Rc<dyn Agent<P>>>,
    events: UnboundedSender<HostEvent<P>>,
    blame: Blame,
}

/// Who is to be hosted.
pub(super) struct Guest<P: RunPayload> {
    pub(super) name: AgentName,
    pub(super) life: u64,
    pub(super) spec: AgentSpec<P>,
    pub(super) policy: RestartPolicy,
    pub(super) events: UnboundedSender<HostEvent<P>>,
}

/// A place where an agent lives.
pub(super) trait Hosting<P: RunPayload> {
    /// Hands a message over. False when the mailbox is full or closed; the message then stays in the
    /// journal and the hub tries again at the next event.
    fn deliver(&self, envelope: Envelope<P>, context: AgentContext<P>) -> bool;

    /// Has the agent put away what it holds; none where it cannot be told.
    fn close(&self) -> Option<oneshot::Receiver<()>>;

    /// Ends the place as soon as its handler lets go of it; what it had under way is dropped.
    fn abandon(self: Box<Self>);
}

/// Makes places for agents to live in.
pub(super) type Housing<P> = Rc<dyn Fn(Guest<P>) -> Box<dyn Hosting<P>>>;

/// A running host: dropping it ends the actor; its thread ends with [`Hosting::abandon`].
pub(super) struct HostHandle<P: RunPayload> {
    address: actix::Addr<Host<P>>,
    arbiter: Arbiter,
}

impl<P: RunPayload> HostHandle<P> {
    /// Starts a host on a fresh thread.
    pub(super) fn start(guest: Guest<P>) -> Self {
        let Guest {
            name,
            life,
            spec,
            policy,
            events,
        } = guest;
        let arbiter = Arbiter::new();
        let (sender, receiver) = channel::channel(spec.concurrency.max(1) * 2);
        arbiter.spawn_fn(move || {
            let blame = Blame::default();
            let host = Host {
                name: name.clone(),
                life,
                spec,
                agent: None,
                events: events.clone(),
                blame: Rc::clone(&blame),
            };
            let context = Context::with_receiver(receiver);
            let guard = Guard::new(context.into_future(host), name, life, policy, events, blame);
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
    fn make(&mut self) -> bool {
        self.agent = None;
        match (self.spec.factory)() {
            Ok(agent) => {
                self.agent = Some(agent);
                true
            }
            Err(error) => {
                let event = HostEvent::Unmakeable {
                    agent: self.name.clone(),
                    life: self.life,
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
            self.make();
        }
    }
}

impl<P: RunPayload> Supervised for Host<P> {
    fn restarting(&mut self, _: &mut Self::Context) {
        // The old agent's state is not to be trusted: a fresh one is made and reloads from the journal.
        if self.make() {
            let _ = self.events.send(HostEvent::Ready {
                agent: self.name.clone(),
                life: self.life,
            });
        }
    }
}

impl<P: RunPayload> Handler<Deliver<P>> for Host<P> {
    type Result = ();

    fn handle(&mut self, delivery: Deliver<P>, context: &mut Self::Context) {
        let Some(agent) = self.agent.clone() else { return };
        let message = delivery.envelope.id.clone();
        let (name, life, events) = (self.name.clone(), self.life, self.events.clone());
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
                // Whatever state led to the failure goes with the agent that had it.
                host.make();
            }
            let _ = events.send(HostEvent::Finished {
                agent: name,
                life,
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

/// Notes whose handler is being polled.
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
        // Not reached by a panic, which leaves the name behind for the guard.
        self.blame.replace(None);
        polled
    }
}

/// The words of a panic.
pub(super) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panicked: {}", text.unwrap_or_else(|| "no message".to_owned()))
}
