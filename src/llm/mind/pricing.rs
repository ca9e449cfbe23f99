//! Costs of the models of a run.

use crate::llm::{
    LlmError, LlmSettings, Provider, Tokens,
    budget::Amount,
    price::{Price, Prices},
};

/// Prices of an endpoint's models.
pub(super) struct Pricing {
    prices: Prices,
    free: bool,
}

impl Pricing {
    pub(super) fn new(settings: &LlmSettings) -> Result<Self, LlmError> {
        Ok(Self {
            prices: Prices::load(settings.prices.as_deref())?,
            free: settings.provider.is_some_and(Provider::is_free),
        })
    }

    pub(super) fn price_of(&self, model: &str) -> Option<Price> {
        match self.free {
            true => Some(Price::NOTHING),
            false => self.prices.price_of(model),
        }
    }

    pub(super) fn price_tokens(&self, model: &str, tokens: Tokens) -> Amount {
        Amount {
            tokens,
            usd: self.price_of(model).map_or(0.0, |price| price.cost_of(tokens)),
        }
    }
}
