//! The way to the endpoint: a stack of tower services, each with one duty.
//!
//! ```text
//! Retry      tries again what may pass, with backoff, up to max_retries and outage_wait
//!   Pace       calls and tokens per minute, calls at once
//!     Spending   sets tokens and money aside for what is sent now, and settles
//!       Breaker    leaves an endpoint alone that keeps failing
//!         Deadline   gives each attempt its time
//!           Wire       async-openai, over a guard below it that reads status and body
//! ```
//!
//! What goes through them is a whole call, up to the last byte of the reply: a stack around HTTP requests alone would be done
//! at the headers, and see neither a slow drip nor a stream that is cut off.

mod breaker;
mod deadline;
mod guard;
mod http;
mod pace;
mod retry;
mod spending;
mod wire;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use futures::future::BoxFuture;
use tokio::time::Instant;
use tower::{Service, ServiceBuilder, util::BoxCloneSyncService};

use super::{
    LlmError, Tokens, budget::Budget, dialect::Dialect, endpoint::Endpoint, fault::Fault, price::Price, reply::Reply,
    request::ChatRequest, tokens,
};
use crate::{config, llm::Listener, message::AgentName};

pub(super) use guard::causes;
pub(super) use http::http_client;
pub(super) use retry::Backoff;

/// A call on its way to the endpoint.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) request: Arc<ChatRequest>,
    pub(super) agent: AgentName,
    pub(super) price: Option<Price>,
    /// The breaker is waited for no longer.
    patience: Instant,
    /// How far the attempt under way got.
    progress: Arc<Progress>,
    /// What attempts without a reply took.
    pub(super) lost: Arc<Lost>,
}

/// How far an attempt got: what it may have cost follows from it.
#[derive(Debug, Default)]
struct Progress {
    sent: AtomicBool,
    /// Letters of the reply.
    received: AtomicU64,
}

/// Tokens of attempts that gave no reply, and the number of attempts.
#[derive(Debug, Default)]
pub(super) struct Lost {
    input: AtomicU64,
    output: AtomicU64,
    attempts: AtomicU64,
}

impl Lost {
    pub(super) fn tokens(&self) -> Tokens {
        Tokens {
            input: self.input.load(Ordering::Relaxed),
            output: self.output.load(Ordering::Relaxed),
        }
    }

    /// Attempts that were sent.
    pub(super) fn attempts(&self) -> u64 {
        self.attempts.load(Ordering::Relaxed)
    }

    fn add(&self, tokens: Tokens) {
        self.input.fetch_add(tokens.input, Ordering::Relaxed);
        self.output.fetch_add(tokens.output, Ordering::Relaxed);
    }
}

impl Call {
    pub(super) fn new(request: Arc<ChatRequest>, agent: AgentName, price: Option<Price>, lost: Arc<Lost>) -> Self {
        Self {
            request,
            agent,
            price,
            patience: Instant::now(),
            progress: Arc::default(),
            lost,
        }
    }

    /// The same for an attempt of its own.
    fn attempt(&self, patience: Instant) -> Self {
        Self {
            patience,
            progress: Arc::default(),
            ..self.clone()
        }
    }

    /// What an attempt without a reply probably took: the prompt once it was sent, and what came of the reply. An answer
    /// that is an error takes nothing.
    fn probably_took(&self, fault: &Fault) -> Tokens {
        let sent = self.progress.sent.load(Ordering::Relaxed);
        let costs = matches!(
            fault,
            Fault::Cut(_) | Fault::Late(_) | Fault::TooLarge(_) | Fault::Empty | Fault::Garbled(_)
        );
        if !(sent && costs) {
            return Tokens::default();
        }
        let most = self.request.estimate();
        let received = self.progress.received.load(Ordering::Relaxed).div_ceil(3);
        Tokens {
            input: most.input,
            output: received.min(most.output),
        }
    }
}

/// Tokens of a call and its reply, where the endpoint did not count.
pub(super) fn estimated(request: &ChatRequest, reply: &Reply) -> Tokens {
    Tokens {
        input: request.estimate().input,
        output: tokens::estimate(&reply.text),
    }
}

/// The whole stack. Cheap to clone.
pub(super) type Transport = BoxCloneSyncService<Call, Reply, Fault>;

/// What the stack is built from.
pub(super) struct Parts<'a> {
    pub(super) settings: &'a config::LlmSettings,
    pub(super) endpoint: Arc<Endpoint>,
    pub(super) dialect: Arc<Dialect>,
    pub(super) budget: Budget,
    /// Told of each piece of a reply as it comes.
    pub(super) listener: Option<Listener>,
}

/// Builds the stack.
///
/// # Errors
/// When no HTTP client can be made, as where a machine has no certificates.
pub(super) fn transport(parts: Parts<'_>) -> Result<(Transport, reqwest::Client), LlmError> {
    let settings = parts.settings;
    let http = http_client(settings, &parts.endpoint)?;
    let wire = wire::Wire::new(
        http.clone(),
        Arc::clone(&parts.endpoint),
        parts.dialect,
        settings.max_reply.get(),
        parts.listener,
    );
    let stack = ServiceBuilder::new()
        .layer(retry::RetryLayer::new(settings))
        .layer(pace::PaceLayer::new(settings))
        .layer(spending::SpendingLayer::new(parts.budget))
        .layer(breaker::BreakerLayer::new(settings))
        .layer(deadline::DeadlineLayer::new(settings))
        .service(wire);
    Ok((BoxCloneSyncService::new(stack), http))
}

/// The future of a call.
type Calling = BoxFuture<'static, Result<Reply, Fault>>;

/// A service of the stack: whatever has to be waited for is waited for in the call itself, so that it is ever ready.
trait Step: Clone + Send + Sync + 'static {
    fn take(&self, call: Call) -> Calling;
}

/// What is below a step, as it sees it.
trait Below: Service<Call, Response = Reply, Error = Fault, Future = Calling> + Clone + Send + Sync + 'static {
    /// Hands the call down.
    fn pass(&self, call: Call) -> Calling {
        self.clone().call(call)
    }
}

impl<S> Below for S where
    S: Service<Call, Response = Reply, Error = Fault, Future = Calling> + Clone + Send + Sync + 'static
{
}

/// Makes a [`Step`] a tower service.
#[derive(Clone)]
struct Ever<S>(S);

impl<S: Step> Service<Call> for Ever<S> {
    type Response = Reply;
    type Error = Fault;
    type Future = Calling;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Call) -> Calling {
        self.0.take(call)
    }
}
