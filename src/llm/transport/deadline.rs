//! The time of one attempt, from its first byte to the last of its reply: a slow drip does not stretch it.

use std::time::Duration;

use futures::FutureExt;
use tower::Layer;

use super::{Below, Call, Calling, Ever, Step};
use crate::{config, llm::fault::Fault};

#[derive(Clone)]
pub(super) struct DeadlineLayer {
    time: Duration,
}

impl DeadlineLayer {
    pub(super) fn new(settings: &config::LlmSettings) -> Self {
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
    fn take(&self, call: Call) -> Calling {
        let (attempt, time) = (self.below.pass(call), self.time);
        async move {
            match tokio::time::timeout(time, attempt).await {
                Ok(outcome) => outcome,
                Err(_) => Err(Fault::Late(time)),
            }
        }
        .boxed()
    }
}
