//! The way to the endpoint: a stack of tower services, each with one duty.
//!
//! ```text
//! Retry      retries transient failures with backoff, up to max_retries and outage_wait
//!   Pace       limits calls and tokens per minute, and concurrent calls
//!     Spending   reserves tokens and money for each attempt, and settles
//!       Breaker    leaves an endpoint alone that keeps failing
//!         Deadline   limits the time of each attempt
//!           HttpStep   async-openai, over a guard that reads status and body
//! ```
//!
//! A whole call passes through them, up to the last byte of the reply: a stack around HTTP requests would be done at
//! the headers, and would miss a slow drip or a stream that is cut off.

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
    LlmError, Tokens, budget::SpendingLimit, dialect::Dialect, endpoint::Endpoint, fault::CallFault, price::Price,
    reply::WholeReply, request::ChatRequest, tokens,
};
use crate::llm::{LlmSettings, MindListener};
use kosmos_engine::AgentName;

pub(super) use guard::describe_causes;
pub(super) use http::http_client;
pub(super) use retry::Backoff;

/// A call on its way to the endpoint.
#[derive(Clone)]
pub(super) struct ModelCall {
    pub(super) request: Arc<ChatRequest>,
    pub(super) agent: AgentName,
    pub(super) price: Option<Price>,
    /// How long to wait for the breaker.
    patience: Instant,
    /// How far the current attempt got.
    progress: Arc<Progress>,
    /// Tokens of attempts that gave no reply.
    pub(super) lost: Arc<LostTokens>,
}

/// Progress of an attempt, from which its cost is estimated.
#[derive(Debug, Default)]
struct Progress {
    sent: AtomicBool,
    /// Letters of the reply.
    received: AtomicU64,
}

/// Tokens of attempts that gave no reply, and the number of attempts.
#[derive(Debug, Default)]
pub(super) struct LostTokens {
    input: AtomicU64,
    output: AtomicU64,
    attempts: AtomicU64,
}

impl LostTokens {
    pub(super) fn tokens(&self) -> Tokens {
        Tokens {
            input: self.input.load(Ordering::Relaxed),
            output: self.output.load(Ordering::Relaxed),
        }
    }

    /// Number of attempts that were sent.
    pub(super) fn attempts(&self) -> u64 {
        self.attempts.load(Ordering::Relaxed)
    }

    fn add_tokens(&self, tokens: Tokens) {
        self.input.fetch_add(tokens.input, Ordering::Relaxed);
        self.output.fetch_add(tokens.output, Ordering::Relaxed);
    }
}

impl ModelCall {
    pub(super) fn new(
        request: Arc<ChatRequest>,
        agent: AgentName,
        price: Option<Price>,
        lost: Arc<LostTokens>,
    ) -> Self {
        Self {
            request,
            agent,
            price,
            patience: Instant::now(),
            progress: Arc::default(),
            lost,
        }
    }

    /// A copy for a new attempt.
    fn new_attempt(&self, patience: Instant) -> Self {
        Self {
            patience,
            progress: Arc::default(),
            ..self.clone()
        }
    }

    /// Estimates the cost of an attempt without a reply: the prompt if it was sent, and the received part of the
    /// reply. An error answer costs nothing.
    fn estimate_lost(&self, fault: &CallFault) -> Tokens {
        let sent = self.progress.sent.load(Ordering::Relaxed);
        let costs = matches!(
            fault,
            CallFault::Cut(_) | CallFault::Late(_) | CallFault::TooLarge(_) | CallFault::Empty | CallFault::Garbled(_)
        );
        if !(sent && costs) {
            return Tokens::default();
        }
        let most = self.request.estimate_tokens();
        let received = self.progress.received.load(Ordering::Relaxed).div_ceil(3);
        Tokens {
            input: most.input,
            output: received.min(most.output),
        }
    }
}

/// Estimates the tokens of a call and its reply, for endpoints that do not count.
pub(super) fn estimate_usage(request: &ChatRequest, reply: &WholeReply) -> Tokens {
    Tokens {
        input: request.estimate_tokens().input,
        output: tokens::estimate_tokens(&reply.text),
    }
}

/// The whole stack. Cheap to clone.
pub(super) type Transport = BoxCloneSyncService<ModelCall, WholeReply, CallFault>;

/// Parts from which the stack is built.
pub(super) struct TransportParts<'a> {
    pub(super) settings: &'a LlmSettings,
    pub(super) endpoint: Arc<Endpoint>,
    pub(super) dialect: Arc<Dialect>,
    pub(super) budget: SpendingLimit,
    /// Receives each piece of a reply.
    pub(super) listener: Option<MindListener>,
}

/// Builds the stack.
///
/// # Errors
/// When no HTTP client can be built, for example because the machine has no certificates.
pub(super) fn build_transport(parts: TransportParts<'_>) -> Result<(Transport, reqwest::Client), LlmError> {
    let settings = parts.settings;
    let http = http_client(settings, &parts.endpoint)?;
    let wire = wire::HttpStep::new(
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
type Calling = BoxFuture<'static, Result<WholeReply, CallFault>>;

/// A service of the stack. It does its waiting inside the call, so it is always ready.
trait Step: Clone + Send + Sync + 'static {
    fn take_call(&self, call: ModelCall) -> Calling;
}

/// The service below a step.
trait Below:
    Service<ModelCall, Response = WholeReply, Error = CallFault, Future = Calling> + Clone + Send + Sync + 'static
{
    /// Passes the call down.
    fn pass_down(&self, call: ModelCall) -> Calling {
        self.clone().call(call)
    }
}

impl<S> Below for S where
    S: Service<ModelCall, Response = WholeReply, Error = CallFault, Future = Calling> + Clone + Send + Sync + 'static
{
}

/// Turns a [`Step`] into a tower service.
#[derive(Clone)]
struct Ever<S>(S);

impl<S: Step> Service<ModelCall> for Ever<S> {
    type Response = WholeReply;
    type Error = CallFault;
    type Future = Calling;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), CallFault>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: ModelCall) -> Calling {
        self.0.take_call(call)
    }
}
