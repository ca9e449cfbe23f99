//! The failures that a commit or a file survives.

use std::{
    fs::{self, File},
    io,
    path::Path,
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
    /// Syncs the plain files and folders below `folder`, and `folder` itself, if they have to survive a power failure.
    /// Links are not followed.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn sync_folder(self, folder: &Path) -> io::Result<()> {
        match self {
            Self::Process => Ok(()),
            Self::Power => sync_tree(folder),
        }
    }

    /// Syncs the names in `folder`, which renaming has changed, if they have to survive a power failure.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn sync_names(self, folder: &Path) -> io::Result<()> {
        match self {
            Self::Process => Ok(()),
            Self::Power => File::open(folder)?.sync_all(),
        }
    }
}

fn sync_tree(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            sync_tree(&entry.path())?;
        } else if kind.is_file() {
            File::open(entry.path())?.sync_all()?;
        }
    }
    File::open(folder)?.sync_all()
}
