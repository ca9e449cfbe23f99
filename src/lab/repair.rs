//! Repairs a run whose journal is damaged.

use super::{LabError, RunFolder, options::journal_options};
use crate::journal::{Dropped, Journal};

/// Removes from a run's journal the entries that were lost and all that follow; returns the place, if any were.
///
/// # Errors
/// When the run came from elsewhere, another process works on it, or its journal cannot be read at all.
pub fn drop_damaged(folder: &RunFolder) -> Result<Option<Dropped>, LabError> {
    folder.check_trusted()?;
    let (_, dropped) = Journal::open_without_lost(folder.path(), journal_options(&folder.read_settings()?))?;
    Ok(dropped)
}
