//! A temporary folder that is removed with its owner.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use kosmos_core::removal::remove_tree;

use crate::message::AgentName;

/// An agent's working folder.
pub struct Scratch(PathBuf);

impl Scratch {
    /// Creates an empty folder in `parent`.
    pub fn create_in(parent: &Path, agent: &AgentName) -> io::Result<Self> {
        fs::create_dir_all(parent)?;
        let path = parent.join(format!("{agent}-{:08x}", fastrand::u32(..)));
        fs::create_dir(&path)?;
        Ok(Self(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = remove_tree(&self.0) {
            tracing::debug!(folder = %self.0.display(), %error, "cannot remove a scratch folder");
        }
    }
}
