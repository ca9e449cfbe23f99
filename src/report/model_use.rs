//! The use of models in a run and its cost.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::llm::{Account, Share};

/// The models' part in a run, as its receipts tell it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelUse {
    /// All of it.
    pub total: UseLine,
    /// Calls whose tokens are at least in part our estimate, because the endpoint did not count them.
    pub estimated: u64,
    /// Calls of models without a price, which no sum of dollars holds.
    pub unpriced: u64,
    /// By the model's name.
    pub models: Vec<UseLine>,
    /// By who asked.
    pub agents: Vec<UseLine>,
    /// By cycle.
    pub cycles: Vec<UseLine>,
}

/// A share of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UseLine {
    /// Whose: a model, an agent, the number of a cycle.
    pub name: String,
    /// Replies.
    pub calls: u64,
    /// Tokens of prompts.
    pub input: u64,
    /// Tokens of replies.
    pub output: u64,
    /// US dollars.
    pub usd: f64,
}

impl UseLine {
    fn of(name: impl ToString, share: &Share) -> Self {
        Self {
            name: name.to_string(),
            calls: share.calls,
            input: share.tokens.input,
            output: share.tokens.output,
            usd: share.usd,
        }
    }
}

impl From<&Account> for ModelUse {
    fn from(account: &Account) -> Self {
        let total = Share {
            calls: account.calls,
            tokens: account.total,
            usd: account.usd,
        };
        Self {
            total: UseLine::of("total", &total),
            estimated: account.estimated,
            unpriced: account.unpriced,
            models: account
                .by_model
                .iter()
                .map(|(name, share)| UseLine::of(name, share))
                .collect(),
            agents: account
                .by_agent
                .iter()
                .map(|(name, share)| UseLine::of(name, share))
                .collect(),
            cycles: account
                .by_cycle
                .iter()
                .map(|(cycle, share)| UseLine::of(cycle, share))
                .collect(),
        }
    }
}
