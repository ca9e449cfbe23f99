//! Tokens and money of each attempt: set aside before it, settled after it.

use futures::FutureExt;
use tower::Layer;

use super::{Below, Call, Calling, Ever, Step, estimated};
use crate::llm::{
    Tokens,
    budget::{Amount, Budget, Reservation},
    fault::Fault,
};

#[derive(Clone)]
pub(super) struct SpendingLayer {
    budget: Budget,
}

impl SpendingLayer {
    pub(super) fn new(budget: Budget) -> Self {
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
    budget: Budget,
}

impl<S: Below> Step for Spending<S> {
    fn take(&self, call: Call) -> Calling {
        let (below, budget) = (self.below.clone(), self.budget.clone());
        async move {
            let priced = |tokens: Tokens| Amount {
                tokens,
                usd: call.price.map_or(0.0, |price| price.of(tokens)),
            };
            let reserved = budget.reserve(priced(call.request.estimate())).await?;
            // Dropped with the call, it is booked as what it probably took.
            let mut under_way = UnderWay {
                call: call.clone(),
                reserved: Some(reserved),
                priced,
            };
            let outcome = below.pass(call.clone()).await;
            let took = match &outcome {
                Ok(reply) => reply.usage.unwrap_or_else(|| estimated(&call.request, reply)),
                Err(fault) => {
                    let lost = call.probably_took(fault);
                    call.lost.add(lost);
                    lost
                }
            };
            under_way.settle(took);
            outcome
        }
        .boxed()
    }
}

/// A reservation whose call may be called off.
struct UnderWay<P: Fn(Tokens) -> Amount> {
    call: Call,
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
            let called_off = Fault::Cut("called off".to_owned());
            let took = self.call.probably_took(&called_off);
            self.call.lost.add(took);
            self.settle(took);
        }
    }
}
