//! A recorded run's replies, in place of an endpoint.

use std::{collections::HashMap, path::Path, sync::Arc};

use super::{Receipt, Tokens, budget::Amount, receipt::receipt_of};
use crate::journal::{Blobs, Entry, JournalError, read_entries};

/// The replies that a run was given, by the question. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Replay {
    receipts: Arc<HashMap<String, Receipt>>,
    /// What the run used.
    used: Amount,
}

impl Replay {
    /// The replies in the journal of the run in `folder`; it need not be at rest.
    ///
    /// # Errors
    /// When the journal's log cannot be read.
    pub fn read(folder: &Path) -> Result<Self, JournalError> {
        let blobs = Blobs::open(folder.join("blobs"))?;
        Self::of(read_entries(folder, &blobs)?.into_iter().map(Ok))
    }

    /// The replies among a journal's entries.
    ///
    /// # Errors
    /// When an entry cannot be read, or a receipt is not of its form.
    pub fn of(entries: impl IntoIterator<Item = Result<Entry, JournalError>>) -> Result<Self, JournalError> {
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

    /// Replies that were recorded.
    pub fn len(&self) -> usize {
        self.receipts.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.receipts.is_empty()
    }

    /// Tokens that the run used.
    pub fn tokens(&self) -> Tokens {
        self.used.tokens
    }

    pub(super) fn receipt(&self, key: &str) -> Option<Receipt> {
        self.receipts.get(key).cloned()
    }

    pub(super) fn used(&self) -> Amount {
        self.used
    }
}
