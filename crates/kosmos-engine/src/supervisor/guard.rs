//! Polls an actor and catches its panics: the actor library's supervisor does not restart after a panic.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Instant,
};

use actix::dev::ContextFut;
use tokio::{sync::mpsc::UnboundedSender, time::Sleep};

use super::{
    RestartPolicy,
    host::{Blame, Host, HostEvent, panic_text},
    policy::Intensity,
};
use crate::{AgentName, RunPayload};

/// Keeps an actor alive: after a panic it waits for the backoff, then restarts the same context, so that the address
/// stays valid.
pub(super) struct Guard<P: RunPayload> {
    actor: ContextFut<Host<P>, actix::Context<Host<P>>>,
    name: AgentName,
    generation: u64,
    policy: RestartPolicy,
    intensity: Intensity,
    born: Instant,
    events: UnboundedSender<HostEvent<P>>,
    blame: Blame,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<P: RunPayload> Guard<P> {
    pub(super) fn new(
        actor: ContextFut<Host<P>, actix::Context<Host<P>>>,
        name: AgentName,
        generation: u64,
        policy: RestartPolicy,
        events: UnboundedSender<HostEvent<P>>,
        blame: Blame,
    ) -> Self {
        Self {
            actor,
            name,
            generation,
            policy,
            intensity: Intensity::default(),
            born: Instant::now(),
            events,
            blame: Rc::clone(&blame),
            waiting: None,
        }
    }

    fn restart_after_crash(&mut self, reason: String) {
        let event = HostEvent::Crashed {
            agent: self.name.clone(),
            generation: self.generation,
            culprit: self.blame.borrow_mut().take(),
            reason,
        };
        let _ = self.events.send(event);
        let (nth, _) = self.intensity.count_restart(self.born.elapsed(), &self.policy);
        let wait = self.policy.backoff_before(nth, fastrand::f64());
        self.waiting = Some(Box::pin(tokio::time::sleep(wait)));
    }
}

impl<P: RunPayload> Future for Guard<P> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        loop {
            if let Some(wait) = &mut this.waiting {
                if wait.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                this.waiting = None;
                match catch_unwind(AssertUnwindSafe(|| this.actor.restart())) {
                    Ok(true) => {}
                    Ok(false) => return Poll::Ready(()),
                    Err(panic) => {
                        this.restart_after_crash(panic_text(&*panic));
                        continue;
                    }
                }
            }
            match catch_unwind(AssertUnwindSafe(|| Pin::new(&mut this.actor).poll(cx))) {
                Ok(Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(())) => return Poll::Ready(()),
                Err(panic) => this.restart_after_crash(panic_text(&*panic)),
            }
        }
    }
}
