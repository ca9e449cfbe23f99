//! Leaves an endpoint alone that keeps failing: after a pause one call probes it, and the others wait for what comes of it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::FutureExt;
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};
use tower::Layer;

use super::{Below, Call, Calling, Ever, Step};
use crate::{config, llm::fault::Fault};

#[derive(Clone)]
pub(super) struct BreakerLayer {
    breaker: Breaker,
}

impl BreakerLayer {
    pub(super) fn new(settings: &config::LlmSettings) -> Self {
        Self {
            breaker: Breaker::new(settings.breaker_failures, settings.breaker_pause.get()),
        }
    }
}

impl<S> Layer<S> for BreakerLayer {
    type Service = Ever<Guarded<S>>;

    fn layer(&self, below: S) -> Self::Service {
        Ever(Guarded {
            below,
            breaker: self.breaker.clone(),
        })
    }
}

#[derive(Clone)]
pub(super) struct Guarded<S> {
    below: S,
    breaker: Breaker,
}

impl<S: Below> Step for Guarded<S> {
    fn take(&self, call: Call) -> Calling {
        let (below, breaker) = (self.below.clone(), self.breaker.clone());
        async move {
            let pass = breaker.admit(call.patience).await?;
            let outcome = below.pass(call).await;
            pass.report(outcome.as_ref().err().is_none_or(|fault| !fault.is_outage()));
            outcome
        }
        .boxed()
    }
}

/// The breaker itself, shared by all calls.
#[derive(Clone)]
struct Breaker {
    most: u32,
    pause: Duration,
    state: Arc<Mutex<State>>,
    changed: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    /// Failures in a row.
    failures: u32,
    /// Set while the endpoint is left alone.
    until: Option<Instant>,
    /// Whether a call probes it.
    probing: bool,
}

/// The right to one call.
struct Pass {
    breaker: Breaker,
    probe: bool,
    reported: bool,
}

impl Breaker {
    fn new(most: u32, pause: Duration) -> Self {
        Self {
            most,
            pause,
            state: Arc::default(),
            changed: Arc::default(),
        }
    }

    /// Waits until a call may go out, but not beyond `patience`.
    async fn admit(&self, patience: Instant) -> Result<Pass, Fault> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let wake = {
                let mut state = self.lock();
                match state.until {
                    None => return Ok(self.pass(false)),
                    Some(until) if !state.probing && Instant::now() >= until => {
                        state.probing = true;
                        return Ok(self.pass(true));
                    }
                    Some(until) if !state.probing && until > patience => {
                        return Err(Fault::LeftAlone {
                            failures: state.failures,
                        });
                    }
                    Some(_) if Instant::now() >= patience => {
                        return Err(Fault::LeftAlone {
                            failures: state.failures,
                        });
                    }
                    // The probe under way says how it goes on.
                    Some(_) if state.probing => patience,
                    Some(until) => until,
                }
            };
            let _ = timeout_at(wake, changed).await;
        }
    }

    fn pass(&self, probe: bool) -> Pass {
        Pass {
            breaker: self.clone(),
            probe,
            reported: false,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass {
    /// Says how the call came out: whether the endpoint was there for it.
    fn report(mut self, well: bool) {
        self.reported = true;
        let mut state = self.breaker.lock();
        if self.probe {
            state.probing = false;
        }
        if well {
            *state = State {
                probing: state.probing,
                ..State::default()
            };
        } else {
            state.failures = state.failures.saturating_add(1);
            // Those that were under way when it opened change nothing.
            if self.probe || (state.until.is_none() && state.failures >= self.breaker.most) {
                tracing::warn!(
                    failures = state.failures,
                    pause_ms = self.breaker.pause.as_millis() as u64,
                    "the model's endpoint keeps failing and is left alone for a while"
                );
                state.until = Some(Instant::now() + self.breaker.pause);
            }
        }
        drop(state);
        self.breaker.changed.notify_waiters();
    }
}

impl Drop for Pass {
    /// A call that was called off says nothing of the endpoint; as a probe it makes room for the next.
    fn drop(&mut self) {
        if self.probe && !self.reported {
            self.breaker.lock().probing = false;
            self.breaker.changed.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    async fn fail(breaker: &Breaker, times: u32) {
        for _ in 0..times {
            let pass = breaker.admit(Instant::now() + seconds(1000)).await.ok().unwrap();
            pass.report(false);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn opens_probes_and_closes() {
        let breaker = Breaker::new(3, seconds(30));
        fail(&breaker, 2).await;
        let start = Instant::now();
        breaker.admit(start).await.ok().unwrap().report(true);
        fail(&breaker, 3).await;
        assert_eq!(start.elapsed(), Duration::ZERO);

        let probe = breaker.admit(start + seconds(100)).await.ok().unwrap();
        assert_eq!(start.elapsed(), seconds(30));
        assert!(probe.probe);
        let other = tokio::spawn({
            let breaker = breaker.clone();
            async move { breaker.admit(start + seconds(100)).await.ok().unwrap().probe }
        });
        tokio::task::yield_now().await;
        assert!(!other.is_finished());
        probe.report(true);
        assert!(!other.await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_probe_opens_it_again() {
        let breaker = Breaker::new(1, seconds(30));
        let start = Instant::now();
        fail(&breaker, 3).await;
        assert_eq!(start.elapsed(), seconds(60));
        let late = breaker.admit(Instant::now() + seconds(29)).await;
        assert!(matches!(late, Err(Fault::LeftAlone { failures: 3 })));
        assert_eq!(start.elapsed(), seconds(60));
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_called_off_makes_room() {
        let breaker = Breaker::new(1, seconds(30));
        fail(&breaker, 1).await;
        let patience = Instant::now() + seconds(100);
        drop(breaker.admit(patience).await.ok().unwrap());
        assert!(breaker.admit(patience).await.ok().unwrap().probe);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_a_probe_gives_up_in_time() {
        let breaker = Breaker::new(1, seconds(30));
        fail(&breaker, 1).await;
        let start = Instant::now();
        let _probe = breaker.admit(start + seconds(100)).await.ok().unwrap();
        assert!(breaker.admit(start + seconds(50)).await.is_err());
        assert_eq!(start.elapsed(), seconds(50));
    }
}
