//! Rate limits: calls and tokens per minute, and concurrent calls. If the endpoint asks one call to wait, the others
//! wait too.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::FutureExt;
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep_until},
};
use tower::Layer;

use super::{Below, Calling, Ever, ModelCall, Step, estimate_usage};
use crate::llm::{LlmSettings, fault::CallFault};

/// The window of the rate limits.
const WINDOW: Duration = Duration::from_secs(60);

#[derive(Clone)]
pub(super) struct PaceLayer {
    pace: Pace,
}

impl PaceLayer {
    pub(super) fn new(settings: &LlmSettings) -> Self {
        Self {
            pace: Pace {
                requests: settings.requests_per_minute.map(u64::from),
                tokens: settings.tokens_per_minute.map(u64::from),
                longest: settings.backoff_max.get(),
                slots: Arc::new(Semaphore::new(settings.max_concurrent.max(1) as usize)),
                past: Arc::default(),
            },
        }
    }
}

impl<S> Layer<S> for PaceLayer {
    type Service = Ever<Paced<S>>;

    fn layer(&self, below: S) -> Self::Service {
        Ever(Paced {
            below,
            pace: self.pace.clone(),
        })
    }
}

#[derive(Clone)]
pub(super) struct Paced<S> {
    below: S,
    pace: Pace,
}

impl<S: Below> Step for Paced<S> {
    fn take_call(&self, call: ModelCall) -> Calling {
        let (below, pace) = (self.below.clone(), self.pace.clone());
        async move {
            // The slot comes before the start: a call that waits for a slot uses no rate.
            let Ok(_slot) = pace.slots.acquire().await else {
                return Err(CallFault::Cut("called off".to_owned()));
            };
            let number = pace.wait_for_turn(call.request.estimate_tokens().sum()).await;
            let outcome = below.pass_down(call.clone()).await;
            match &outcome {
                Ok(reply) => pace.correct_tokens(
                    number,
                    reply
                        .usage
                        .unwrap_or_else(|| estimate_usage(&call.request, reply))
                        .sum(),
                ),
                Err(fault) => {
                    pace.correct_tokens(number, call.estimate_lost(fault).sum());
                    if let Some(asked) = fault.retry_after() {
                        pace.hold_calls(asked);
                    }
                }
            }
            outcome
        }
        .boxed()
    }
}

#[derive(Clone)]
struct Pace {
    requests: Option<u64>,
    tokens: Option<u64>,
    /// Longest wait that an endpoint can impose on all calls.
    longest: Duration,
    slots: Arc<Semaphore>,
    past: Arc<Mutex<Past>>,
}

/// The calls of the last minute.
#[derive(Debug, Default)]
struct Past {
    calls: VecDeque<Started>,
    number: u64,
    held_until: Option<Instant>,
}

#[derive(Debug)]
struct Started {
    at: Instant,
    tokens: u64,
    number: u64,
}

impl Pace {
    /// Waits until a call of this many tokens may start, records it and returns its number.
    async fn wait_for_turn(&self, tokens: u64) -> u64 {
        loop {
            let wait_until = {
                let mut past = self.lock_past();
                match self.blocked_until(&mut past, tokens, Instant::now()) {
                    Some(until) => until,
                    None => {
                        past.number += 1;
                        let number = past.number;
                        if self.requests.is_some() || self.tokens.is_some() {
                            past.calls.push_back(Started {
                                at: Instant::now(),
                                tokens,
                                number,
                            });
                        }
                        return number;
                    }
                }
            };
            sleep_until(wait_until).await;
        }
    }

    /// How long a call of this many tokens must wait, if at all. No minute has more calls or tokens than allowed,
    /// except that a call of more than a minute's tokens gets a minute of its own.
    fn blocked_until(&self, past: &mut Past, tokens: u64, now: Instant) -> Option<Instant> {
        while past.calls.front().is_some_and(|first| first.at + WINDOW <= now) {
            past.calls.pop_front();
        }
        if let Some(held) = past.held_until.filter(|held| *held > now) {
            return Some(held);
        }
        let first_leaves = |past: &Past| past.calls.front().map(|first| first.at + WINDOW);
        if self.requests.is_some_and(|most| past.calls.len() as u64 >= most) {
            return first_leaves(past);
        }
        let used: u64 = past.calls.iter().map(|call| call.tokens).sum();
        if self.tokens.is_some_and(|most| used.saturating_add(tokens) > most) {
            // `None` if there is nothing to wait for.
            return first_leaves(past);
        }
        None
    }

    /// Replaces a call's estimated tokens by the actual number.
    fn correct_tokens(&self, number: u64, tokens: u64) {
        let mut past = self.lock_past();
        if let Some(call) = past.calls.iter_mut().find(|call| call.number == number) {
            call.tokens = tokens;
        }
    }

    fn hold_calls(&self, asked: Duration) {
        let until = Instant::now() + asked.min(self.longest);
        let mut past = self.lock_past();
        past.held_until = Some(past.held_until.map_or(until, |held| held.max(until)));
    }

    fn lock_past(&self) -> MutexGuard<'_, Past> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(requests: Option<u64>, tokens: Option<u64>) -> Pace {
        Pace {
            requests,
            tokens,
            longest: Duration::from_secs(10),
            slots: Arc::new(Semaphore::new(4)),
            past: Arc::default(),
        }
    }

    async fn starts(pace: &Pace, tokens: &[u64]) -> Vec<u64> {
        let begin = Instant::now();
        let mut starts = Vec::new();
        for tokens in tokens {
            pace.wait_for_turn(*tokens).await;
            starts.push(begin.elapsed().as_secs());
        }
        starts
    }

    #[tokio::test(start_paused = true)]
    async fn requests_are_counted_over_any_minute() {
        assert_eq!(starts(&pace(Some(2), None), &[1; 5]).await, [0, 0, 60, 60, 120]);
    }

    #[tokio::test(start_paused = true)]
    async fn tokens_are_counted_over_any_minute() {
        assert_eq!(
            starts(&pace(None, Some(100)), &[60, 40, 1, 500, 1]).await,
            [0, 0, 60, 120, 180]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_call_took_in_fact_counts() {
        let pace = pace(None, Some(100));
        let begin = Instant::now();
        let first = pace.wait_for_turn(90).await;
        pace.correct_tokens(first, 10);
        pace.wait_for_turn(90).await;
        assert_eq!(begin.elapsed(), Duration::ZERO);
        pace.wait_for_turn(90).await;
        assert_eq!(begin.elapsed(), WINDOW);
    }

    #[tokio::test(start_paused = true)]
    async fn all_wait_when_one_is_asked_to_but_not_for_hours() {
        let pace = pace(None, None);
        pace.hold_calls(Duration::from_secs(5));
        assert_eq!(starts(&pace, &[1]).await, [5]);
        pace.hold_calls(Duration::from_secs(7200));
        assert_eq!(starts(&pace, &[1, 1]).await, [10, 10]);
    }
}
