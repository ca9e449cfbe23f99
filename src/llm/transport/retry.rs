//! Retries transient failures.

use std::time::Duration;

use futures::FutureExt;
use tokio::time::{Instant, sleep};
use tower::Layer;

use super::{Below, Calling, Ever, ModelCall, Step};
use crate::llm::LlmSettings;

/// Waits before retries: exponential with full jitter, so that callers that failed together do not retry together.
#[derive(Debug, Clone, Copy)]
pub(in crate::llm) struct Backoff {
    min: Duration,
    max: Duration,
}

impl Backoff {
    pub(in crate::llm) fn new(settings: &LlmSettings) -> Self {
        Self {
            min: settings.backoff_min.get(),
            max: settings.backoff_max.get(),
        }
    }

    /// The wait before retry number `nth`, from 0; `draw` is from 0 to 1. The endpoint's request counts up to the
    /// cap: one that asks for hours is tried earlier and given up in the end.
    pub(in crate::llm) fn wait_before_retry(&self, nth: u32, asked: Option<Duration>, draw: f64) -> Duration {
        let doubled = self.min.saturating_mul(1u32.checked_shl(nth).unwrap_or(u32::MAX));
        let drawn = doubled.min(self.max).mul_f64(draw.clamp(0.0, 1.0));
        match asked {
            Some(asked) => asked.max(drawn).min(self.max),
            None => drawn,
        }
    }
}

#[derive(Clone)]
pub(super) struct RetryLayer {
    backoff: Backoff,
    max_retries: u32,
    outage_wait: Duration,
}

impl RetryLayer {
    pub(super) fn new(settings: &LlmSettings) -> Self {
        Self {
            backoff: Backoff::new(settings),
            max_retries: settings.max_retries,
            outage_wait: settings.outage_wait.get(),
        }
    }
}

impl<S> Layer<S> for RetryLayer {
    type Service = Ever<Retry<S>>;

    fn layer(&self, below: S) -> Self::Service {
        Ever(Retry {
            below,
            backoff: self.backoff,
            max_retries: self.max_retries,
            outage_wait: self.outage_wait,
        })
    }
}

#[derive(Clone)]
pub(super) struct Retry<S> {
    below: S,
    backoff: Backoff,
    max_retries: u32,
    outage_wait: Duration,
}

impl<S: Below> Step for Retry<S> {
    fn take_call(&self, call: ModelCall) -> Calling {
        let Self {
            below,
            backoff,
            max_retries,
            outage_wait,
        } = self.clone();
        async move {
            let mut retries = 0;
            let mut patience = Instant::now() + outage_wait;
            loop {
                let fault = match below.pass_down(call.new_attempt(patience)).await {
                    Ok(reply) => return Ok(reply),
                    Err(fault) => fault,
                };
                if !fault.is_transient() || retries >= max_retries {
                    return Err(fault);
                }
                if retries == 0 {
                    // Waiting for a turn is not an outage: time counts from the first failure.
                    patience = Instant::now() + outage_wait;
                }
                let wait = backoff.wait_before_retry(retries, fault.retry_after(), fastrand::f64());
                if Instant::now() + wait > patience {
                    return Err(fault);
                }
                retries += 1;
                tracing::debug!(agent = %call.agent, retry = retries, wait_ms = wait.as_millis() as u64, error = %fault, "trying again");
                sleep(wait).await;
            }
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff {
        min: Duration::from_millis(500),
        max: Duration::from_secs(60),
    };

    #[test]
    fn waits_double_up_to_the_cap() {
        let table = [
            (0, 500),
            (1, 1000),
            (2, 2000),
            (6, 32_000),
            (7, 60_000),
            (40, 60_000),
            (u32::MAX, 60_000),
        ];
        for (nth, most) in table {
            assert_eq!(
                BACKOFF.wait_before_retry(nth, None, 1.0),
                Duration::from_millis(most),
                "{nth}"
            );
            assert_eq!(BACKOFF.wait_before_retry(nth, None, 0.0), Duration::ZERO);
            assert_eq!(
                BACKOFF.wait_before_retry(nth, None, 0.5),
                Duration::from_millis(most / 2)
            );
        }
    }

    #[test]
    fn an_endpoints_wish_counts_up_to_the_cap() {
        let asked = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(BACKOFF.wait_before_retry(0, asked(7), 0.3), Duration::from_secs(7));
        assert_eq!(
            BACKOFF.wait_before_retry(0, asked(3 * 3600), 0.3),
            Duration::from_secs(60)
        );
        assert_eq!(BACKOFF.wait_before_retry(3, asked(0), 1.0), Duration::from_secs(4));
    }
}
