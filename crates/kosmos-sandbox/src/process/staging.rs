//! Copies of inputs that the script's user may not read at their own paths.

use std::{
    env, fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use super::{owner, policy::Identity};
use kosmos_core::removal::remove_tree;

use crate::temporary::make_private_folder;

/// A private folder for copies, removed when dropped.
#[derive(Debug, Default)]
pub struct InputStaging {
    folder: Option<PathBuf>,
    copies: usize,
}

impl InputStaging {
    /// Returns `input` if the script's user may read it, else the path of a copy.
    ///
    /// Only a privileged Kosmos makes copies: it can read files of mode 0600 that the unprivileged user
    /// that it switches to cannot.
    pub fn readable_path(&mut self, input: &Path, identity: Identity) -> io::Result<PathBuf> {
        let found = fs::metadata(input)?;
        if identity.is_mapped() || may_be_read_by_all(&found) {
            return Ok(input.to_owned());
        }
        if !found.is_file() {
            let cause = "the sandbox's user may not list it; let others read it (chmod o+rx)";
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, cause));
        }
        let copy = self.folder_for_copies()?.join(self.copies.to_string());
        self.copies += 1;
        fs::copy(input, &copy)?;
        let execute = if found.mode() & 0o100 == 0 { 0 } else { 0o111 };
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o444 | execute))?;
        Ok(copy)
    }

    fn folder_for_copies(&mut self) -> io::Result<PathBuf> {
        if let Some(folder) = &self.folder {
            return Ok(folder.clone());
        }
        let folder = fs::canonicalize(env::temp_dir())?.join(owner::unique_name("inputs"));
        make_private_folder(&folder)?;
        self.folder = Some(folder.clone());
        Ok(folder)
    }
}

impl Drop for InputStaging {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            // Leftovers are removed at the next start.
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// Removes temporary folders of this user's dead Kosmos processes.
pub fn remove_stale_folders() {
    let Ok(entries) = fs::read_dir(env::temp_dir()) else {
        return;
    };
    let own = rustix::process::geteuid().as_raw();
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_ours = entry.metadata().is_ok_and(|found| found.is_dir() && found.uid() == own);
        if is_ours && owner::is_stale(&name.to_string_lossy()) {
            let _ = remove_tree(&entry.path());
        }
    }
}

fn may_be_read_by_all(found: &fs::Metadata) -> bool {
    let needed = if found.is_dir() { 0o005 } else { 0o004 };
    found.mode() & needed == needed
}
