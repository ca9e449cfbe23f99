//! Tokens and money of each attempt: reserved before it, settled after it.

use futures::FutureExt;
use tower::Layer;

use super::{Below, Calling, Ever, ModelCall, Step, estimate_usage};
use crate::llm::{
    Tokens,
    budget::{Amount, Reservation, SpendingLimit},
    fault::CallFault,
};

#[derive(Clone)]
pub(super) struct SpendingLayer {
    budget: SpendingLimit,
}

impl SpendingLayer {
    pub(super) fn new(budget: SpendingLimit) -> Self {
        Self { budget }
    }
}

impl<S> Layer<S> for SpendingLayer {
    type Service = Ever<Spending<S>>;

    fn layer(&self, below: S) -> Self::Service {
        Ever(Spending {
            below,
            budget: self.budget.clone(),
        })
    }
}

#[derive(Clone)]
pub(super) struct Spending<S> {
    below: S,
    budget: SpendingLimit,
}

impl<S: Below> Step for Spending<S> {
    fn take_call(&self, call: ModelCall) -> Calling {
        let (below, budget) = (self.below.clone(), self.budget.clone());
        async move {
            let priced = |tokens: Tokens| Amount {
                tokens,
                usd: call.price.map_or(0.0, |price| price.cost_of(tokens)),
            };
            let reserved = budget.reserve(priced(call.request.estimate_tokens())).await?;
            // If the call is dropped, its estimated cost is recorded.
            let mut under_way = UnderWay {
                call: call.clone(),
                reserved: Some(reserved),
                priced,
            };
            let outcome = below.pass_down(call.clone()).await;
            let took = match &outcome {
                Ok(reply) => reply.usage.unwrap_or_else(|| estimate_usage(&call.request, reply)),
                Err(fault) => {
                    let lost = call.estimate_lost(fault);
                    call.lost.add_tokens(lost);
                    lost
                }
            };
            under_way.settle(took);
            outcome
        }
        .boxed()
    }
}

/// A reservation of a call that may be cancelled.
struct UnderWay<P: Fn(Tokens) -> Amount> {
    call: ModelCall,
    reserved: Option<Reservation>,
    priced: P,
}

impl<P: Fn(Tokens) -> Amount> UnderWay<P> {
    fn settle(&mut self, took: Tokens) {
        if let Some(reserved) = self.reserved.take() {
            reserved.settle((self.priced)(took));
        }
    }
}

impl<P: Fn(Tokens) -> Amount> Drop for UnderWay<P> {
    fn drop(&mut self) {
        if self.reserved.is_some() {
            let called_off = CallFault::Cut("called off".to_owned());
            let took = self.call.estimate_lost(&called_off);
            self.call.lost.add_tokens(took);
            self.settle(took);
        }
    }
}
