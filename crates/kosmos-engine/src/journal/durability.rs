//! What a commit, and a file, is to survive.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

/// When a commit counts as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Survives the end of the process at any instant.
    Process,
    /// Survives the loss of power: an fsync at each commit.
    Power,
}

impl Durability {
    /// Makes the plain files and folders below `folder` survive, and `folder` itself. Links are not followed.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn keep(self, folder: &Path) -> io::Result<()> {
        match self {
            Self::Process => Ok(()),
            Self::Power => sync_tree(folder),
        }
    }

    /// Makes the names in `folder` survive: what was put there by renaming.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn keep_names(self, folder: &Path) -> io::Result<()> {
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
