//! The failures that a commit or a file survives.

use std::io;

use kosmos_core::{
    plain_path::PlainPath,
    run_dir::{EntryError, RunDir},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The failures that a committed step survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// The end of the process at any instant, including `kill -9`.
    Process,
    /// Loss of power as well: every commit waits for the disk.
    Power,
}

impl Durability {
    /// Syncs a folder of a run, or the run's, with the files and folders in it, if they have to survive a power
    /// failure. Links are not followed.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn sync_folder(self, run: &RunDir, inside: Option<&PlainPath>) -> Result<(), EntryError> {
        match self {
            Self::Process => Ok(()),
            Self::Power => run.sync_tree(inside),
        }
    }

    /// Syncs the names in a folder of a run, or in the run's, which renaming has changed, if they have to survive a
    /// power failure.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn sync_names(self, run: &RunDir, inside: Option<&PlainPath>) -> io::Result<()> {
        match self {
            Self::Process => Ok(()),
            Self::Power => run.sync_names(inside),
        }
    }
}
