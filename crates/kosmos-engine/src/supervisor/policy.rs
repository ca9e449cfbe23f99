//! When to restart an agent, how long to wait before it, and when to give up: decisions without side effects.

use std::{collections::VecDeque, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The agents that are restarted if one fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// The failed agent only.
    #[default]
    OneForOne,
    /// The failed agent and those registered after it: the built-in agents in the order of the README, then the others.
    RestForOne,
}

/// How agents are restarted.
#[derive(Debug, Clone, PartialEq)]
pub struct RestartPolicy {
    /// Restarts allowed within `window`. One more ends the run.
    pub max_restarts: usize,
    /// The length of the window.
    pub window: Duration,
    /// The backoff before the first restart. It doubles with each further one within the window.
    pub backoff_min: Duration,
    /// The longest backoff.
    pub backoff_max: Duration,
    /// Failures of one message after which it becomes a dead letter.
    pub max_attempts: u32,
    /// Which agents are restarted together.
    pub strategy: Strategy,
}

impl Default for RestartPolicy {
    fn default() -> Self {
        Self {
            max_restarts: 5,
            window: Duration::from_secs(60),
            backoff_min: Duration::from_millis(100),
            backoff_max: Duration::from_secs(10),
            max_attempts: 3,
            strategy: Strategy::OneForOne,
        }
    }
}

impl RestartPolicy {
    /// Returns the backoff before the `nth` restart of a window (from 1): exponential, then scaled by `jitter` (0..=1)
    /// to between half and all of it, so that agents that failed together do not restart together.
    pub fn backoff_before(&self, nth: usize, jitter: f64) -> Duration {
        let doublings = u32::try_from(nth.saturating_sub(1)).unwrap_or(u32::MAX).min(20);
        let full = self.backoff_min.saturating_mul(1 << doublings).min(self.backoff_max);
        full.mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0))
    }
}

/// The restarts of one agent within the window.
#[derive(Debug, Default)]
pub struct Intensity {
    restarts: VecDeque<Duration>,
}

impl Intensity {
    /// Counts a restart at `now` (time since any fixed moment). Returns the number in the window, and true if it
    /// exceeds the policy's limit.
    pub fn count_restart(&mut self, now: Duration, policy: &RestartPolicy) -> (usize, bool) {
        self.restarts.push_back(now);
        while self
            .restarts
            .front()
            .is_some_and(|first| now.saturating_sub(*first) > policy.window)
        {
            self.restarts.pop_front();
        }
        (self.restarts.len(), self.restarts.len() > policy.max_restarts)
    }

    /// Returns true if the last count exceeded the policy's limit.
    pub fn is_exceeded(&self, policy: &RestartPolicy) -> bool {
        self.restarts.len() > policy.max_restarts
    }

    /// Forgets the last `n` restarts: a poison message caused them, and it is now a dead letter.
    pub fn forget_last(&mut self, n: usize) {
        for _ in 0..n {
            self.restarts.pop_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_up_to_its_cap() {
        let policy = RestartPolicy::default();
        let waits: Vec<u128> = (1..=9).map(|nth| policy.backoff_before(nth, 1.0).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
        assert_eq!(policy.backoff_before(1, 0.0).as_millis(), 50);
        assert_eq!(policy.backoff_before(usize::MAX, 1.0), policy.backoff_max);
    }

    #[test]
    fn more_than_the_limit_within_the_window_escalates() {
        let policy = RestartPolicy::default();
        let mut intensity = Intensity::default();
        for second in 0..5 {
            assert!(!intensity.count_restart(Duration::from_secs(second), &policy).1);
        }
        assert_eq!(intensity.count_restart(Duration::from_secs(5), &policy), (6, true));
    }

    #[test]
    fn restarts_outside_the_window_and_forgiven_ones_do_not_count() {
        let policy = RestartPolicy::default();
        let mut intensity = Intensity::default();
        for nth in 0..100 {
            assert!(!intensity.count_restart(Duration::from_secs(nth * 30), &policy).1);
        }
        let mut intensity = Intensity::default();
        for _ in 0..10 {
            for _ in 0..3 {
                assert!(!intensity.count_restart(Duration::ZERO, &policy).1);
            }
            intensity.forget_last(3);
        }
    }
}
