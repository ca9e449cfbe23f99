//! Tokens and money that the models of a run have used, by agent, cycle and model.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Receipt, Tokens,
    receipt::{LOST, receipt_of},
};
use kosmos_engine::{
    RunPayload,
    journal::{Entry, JournalError},
};

/// The account of a run: a fold over the receipts in its journal.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Account {
    /// Tokens of all calls.
    pub total: Tokens,
    /// Number of replies.
    pub calls: u64,
    /// US dollars, for the models that have a price.
    pub usd: f64,
    /// Calls whose token counts are estimated at least in part.
    pub estimated: u64,
    /// Calls to models without a price, which `usd` leaves out.
    pub unpriced: u64,
    /// Shares by agent.
    pub by_agent: BTreeMap<String, Share>,
    /// Shares by cycle.
    pub by_cycle: BTreeMap<u32, Share>,
    /// Shares by model.
    pub by_model: BTreeMap<String, Share>,
}

/// A part of an account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Share {
    /// Number of replies.
    pub calls: u64,
    /// Tokens of prompts and replies.
    pub tokens: Tokens,
    /// US dollars.
    pub usd: f64,
}

impl Account {
    /// Adds up the receipts among a journal's entries.
    ///
    /// # Errors
    /// When an entry cannot be read, or a receipt is malformed.
    pub fn from_entries<P: RunPayload, E>(entries: impl IntoIterator<Item = Result<Entry<P>, E>>) -> Result<Self, E>
    where
        E: From<JournalError>,
    {
        let mut account = Self::default();
        for entry in entries {
            let entry = entry?;
            if let Some(found) = receipt_of(&entry) {
                let (key, receipt) = found?;
                account.add_receipt(&receipt, !key.starts_with(LOST));
            }
        }
        Ok(account)
    }

    /// Adds a receipt; `replied` is false for the tokens of calls that gave no reply.
    pub(super) fn add_receipt(&mut self, receipt: &Receipt, replied: bool) {
        let calls = u64::from(replied);
        let usd = receipt.usd.unwrap_or_default();
        self.total += receipt.usage;
        self.calls += calls;
        self.usd += usd;
        self.estimated += u64::from(receipt.estimated);
        self.unpriced += u64::from(receipt.usd.is_none());
        let shares = [
            self.by_agent.entry(receipt.agent.clone()).or_default(),
            self.by_cycle.entry(receipt.cycle).or_default(),
            self.by_model.entry(receipt.model.clone()).or_default(),
        ];
        for share in shares {
            share.calls += calls;
            share.tokens += receipt.usage;
            share.usd += usd;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Entry, Record};

    fn entry(key: &str, agent: &str, cycle: u32, usd: Option<f64>) -> Result<Entry, JournalError> {
        let receipt = Receipt {
            agent: agent.to_owned(),
            purpose: "propose".to_owned(),
            cycle,
            model: "m".to_owned(),
            template_sha256: String::new(),
            text: "{}".to_owned(),
            finish_reason: "stop".to_owned(),
            usage: Tokens { input: 10, output: 5 },
            usd,
            estimated: usd.is_none(),
            problem: None,
        };
        Ok(Entry {
            seq: 1,
            at_ms: 0,
            more: false,
            record: Record::Receipt {
                key: key.to_owned(),
                value: serde_json::to_value(receipt).unwrap(),
            },
        })
    }

    #[test]
    fn counts_by_agent_and_cycle() {
        let other = Ok(Entry {
            seq: 9,
            at_ms: 0,
            more: false,
            record: Record::Receipt {
                key: "experiment:e1".to_owned(),
                value: serde_json::json!({"outcome": 1}),
            },
        });
        let entries = [
            entry("llm:1", "a", 1, Some(0.5)),
            entry("llm:2", "b", 1, None),
            entry("llm:3", "a", 2, Some(0.25)),
            entry("llm-lost:3-1", "a", 2, Some(0.25)),
            other,
        ];
        let account = Account::from_entries(entries).unwrap();
        assert_eq!((account.calls, account.estimated, account.unpriced), (3, 1, 1));
        assert_eq!(account.total, Tokens { input: 40, output: 20 });
        assert_eq!(account.usd, 1.0);
        let a = &account.by_agent["a"];
        assert_eq!((a.calls, a.tokens.sum(), a.usd), (2, 45, 1.0));
        assert_eq!(account.by_cycle[&2].calls, 1);
        assert_eq!(
            account.by_cycle.values().map(|share| share.tokens.sum()).sum::<u64>(),
            60
        );
    }
}
