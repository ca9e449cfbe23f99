//! Circuit breaker: an endpoint that keeps failing is left alone; after a pause one call probes it and the others
//! wait for the result.

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

use super::{Below, Calling, Ever, ModelCall, Step};
use crate::llm::{LlmSettings, fault::CallFault};

#[derive(Clone)]
pub(super) struct BreakerLayer {
    breaker: Breaker,
}

impl BreakerLayer {
    pub(super) fn new(settings: &LlmSettings) -> Self {
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
    fn take_call(&self, call: ModelCall) -> Calling {
        let (below, breaker) = (self.below.clone(), self.breaker.clone());
        async move {
            let pass = breaker.admit_call(call.patience).await?;
            let outcome = below.pass_down(call).await;
            pass.report_outcome(outcome.as_ref().err().is_none_or(|fault| !fault.is_outage()));
            outcome
        }
        .boxed()
    }
}

/// The breaker, shared by all calls.
#[derive(Clone)]
struct Breaker {
    most: u32,
    pause: Duration,
    state: Arc<Mutex<State>>,
    changed: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    /// Consecutive failures.
    failures: u32,
    /// Set while the breaker is open.
    until: Option<Instant>,
    /// Whether a call probes the endpoint.
    probing: bool,
}

/// Permission for one call.
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

    /// Waits until a call may be sent, but not beyond `patience`.
    async fn admit_call(&self, patience: Instant) -> Result<Pass, CallFault> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let wake = {
                let mut state = self.lock_state();
                match state.until {
                    None => return Ok(self.issue_pass(false)),
                    Some(until) if !state.probing && Instant::now() >= until => {
                        state.probing = true;
                        return Ok(self.issue_pass(true));
                    }
                    Some(until) if !state.probing && until > patience => {
                        return Err(CallFault::LeftAlone {
                            failures: state.failures,
                        });
                    }
                    Some(_) if Instant::now() >= patience => {
                        return Err(CallFault::LeftAlone {
                            failures: state.failures,
                        });
                    }
                    // The probe under way decides.
                    Some(_) if state.probing => patience,
                    Some(until) => until,
                }
            };
            let _ = timeout_at(wake, changed).await;
        }
    }

    fn issue_pass(&self, probe: bool) -> Pass {
        Pass {
            breaker: self.clone(),
            probe,
            reported: false,
        }
    }

    fn lock_state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass {
    /// Reports whether the endpoint answered the call.
    fn report_outcome(mut self, well: bool) {
        self.reported = true;
        let mut state = self.breaker.lock_state();
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
            // Failures of calls that were under way when the breaker opened change nothing.
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
    /// A cancelled call says nothing about the endpoint; a cancelled probe makes room for the next.
    fn drop(&mut self) {
        if self.probe && !self.reported {
            self.breaker.lock_state().probing = false;
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
            let pass = breaker.admit_call(Instant::now() + seconds(1000)).await.ok().unwrap();
            pass.report_outcome(false);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn opens_probes_and_closes() {
        let breaker = Breaker::new(3, seconds(30));
        fail(&breaker, 2).await;
        let start = Instant::now();
        breaker.admit_call(start).await.ok().unwrap().report_outcome(true);
        fail(&breaker, 3).await;
        assert_eq!(start.elapsed(), Duration::ZERO);

        let probe = breaker.admit_call(start + seconds(100)).await.ok().unwrap();
        assert_eq!(start.elapsed(), seconds(30));
        assert!(probe.probe);
        let other = tokio::spawn({
            let breaker = breaker.clone();
            async move { breaker.admit_call(start + seconds(100)).await.ok().unwrap().probe }
        });
        tokio::task::yield_now().await;
        assert!(!other.is_finished());
        probe.report_outcome(true);
        assert!(!other.await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_probe_opens_it_again() {
        let breaker = Breaker::new(1, seconds(30));
        let start = Instant::now();
        fail(&breaker, 3).await;
        assert_eq!(start.elapsed(), seconds(60));
        let late = breaker.admit_call(Instant::now() + seconds(29)).await;
        assert!(matches!(late, Err(CallFault::LeftAlone { failures: 3 })));
        assert_eq!(start.elapsed(), seconds(60));
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_called_off_makes_room() {
        let breaker = Breaker::new(1, seconds(30));
        fail(&breaker, 1).await;
        let patience = Instant::now() + seconds(100);
        drop(breaker.admit_call(patience).await.ok().unwrap());
        assert!(breaker.admit_call(patience).await.ok().unwrap().probe);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_a_probe_gives_up_in_time() {
        let breaker = Breaker::new(1, seconds(30));
        fail(&breaker, 1).await;
        let start = Instant::now();
        let _probe = breaker.admit_call(start + seconds(100)).await.ok().unwrap();
        assert!(breaker.admit_call(start + seconds(50)).await.is_err());
        assert_eq!(start.elapsed(), seconds(50));
    }
}
