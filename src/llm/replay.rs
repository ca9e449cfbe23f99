//! A recorded run's replies in place of an endpoint.

use std::{collections::HashMap, path::Path, sync::Arc};

use super::{Receipt, Tokens, budget::Amount, receipt::receipt_of};
use kosmos_core::run_dir::RunDir;
use kosmos_engine::{
    RunPayload,
    journal::{Entry, JournalError, read_entries},
};

/// The replies of a recorded run, by question. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Replay {
    receipts: Arc<HashMap<String, Receipt>>,
    /// Tokens and money that the recorded run used.
    used: Amount,
}

impl Replay {
    /// Reads the replies in the journal of the run in `folder`, which may still be running.
    ///
    /// # Errors
    /// When the journal's log cannot be read.
    pub fn of_run<P: RunPayload>(folder: &Path) -> Result<Self, JournalError> {
        let run = RunDir::open(folder).map_err(|source| JournalError::Io {
            path: folder.to_owned(),
            source,
        })?;
        Self::from_entries(read_entries::<P>(&run)?.into_iter().map(Ok))
    }

    /// Collects the replies among a journal's entries.
    ///
    /// # Errors
    /// When an entry cannot be read, or a receipt is malformed.
    pub fn from_entries<P: RunPayload>(
        entries: impl IntoIterator<Item = Result<Entry<P>, JournalError>>,
    ) -> Result<Self, JournalError> {
        let mut receipts = HashMap::new();
        let mut used = Amount::default();
        for entry in entries {
            let entry = entry?;
            if let Some(found) = receipt_of(&entry) {
                let (key, receipt) = found?;
                used.tokens += receipt.usage;
                used.usd += receipt.usd.unwrap_or_default();
                receipts.insert(key.to_owned(), receipt);
            }
        }
        Ok(Self {
            receipts: Arc::new(receipts),
            used,
        })
    }

    /// Number of recorded replies.
    pub fn len(&self) -> usize {
        self.receipts.len()
    }

    /// Whether there are no recorded replies.
    pub fn is_empty(&self) -> bool {
        self.receipts.is_empty()
    }

    /// Tokens that the recorded run used.
    pub fn tokens_used(&self) -> Tokens {
        self.used.tokens
    }

    pub(super) fn receipt_for(&self, key: &str) -> Option<Receipt> {
        self.receipts.get(key).cloned()
    }

    pub(super) fn amount_used(&self) -> Amount {
        self.used
    }
}
