//! Deadline of one attempt, from the request to the last byte of its reply: a slow drip does not extend it.

use std::time::Duration;

use futures::FutureExt;
use tower::Layer;

use super::{Below, Calling, Ever, ModelCall, Step};
use crate::llm::{LlmSettings, fault::CallFault};

#[derive(Clone)]
pub(super) struct DeadlineLayer {
    time: Duration,
}

impl DeadlineLayer {
    pub(super) fn new(settings: &LlmSettings) -> Self {
        Self {
            time: settings.timeout.get(),
        }
    }
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = Ever<Deadline<S>>;

    fn layer(&self, below: S) -> Self::Service {
        Ever(Deadline { below, time: self.time })
    }
}

#[derive(Clone)]
pub(super) struct Deadline<S> {
    below: S,
    time: Duration,
}

impl<S: Below> Step for Deadline<S> {
    fn take_call(&self, call: ModelCall) -> Calling {
        let (attempt, time) = (self.below.pass_down(call), self.time);
        async move {
            match tokio::time::timeout(time, attempt).await {
                Ok(outcome) => outcome,
                Err(_) => Err(CallFault::Late(time)),
            }
        }
        .boxed()
    }
}
