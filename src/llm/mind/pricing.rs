//! What the models of a run cost.

use crate::{
    config::{self, Provider},
    llm::{
        LlmError, Tokens,
        budget::Amount,
        price::{Price, Prices},
    },
};

/// What the models of an endpoint cost.
pub(super) struct Pricing {
    prices: Prices,
    free: bool,
}

impl Pricing {
    pub(super) fn new(settings: &config::LlmSettings) -> Result<Self, LlmError> {
        Ok(Self {
            prices: Prices::load(settings.prices.as_deref())?,
            free: settings.provider.is_some_and(Provider::is_free),
        })
    }

    pub(super) fn of(&self, model: &str) -> Option<Price> {
        match self.free {
            true => Some(Price::NOTHING),
            false => self.prices.of(model),
        }
    }

    pub(super) fn amount(&self, model: &str, tokens: Tokens) -> Amount {
        Amount {
            tokens,
            usd: self.of(model).map_or(0.0, |price| price.of(tokens)),
        }
    }
}
