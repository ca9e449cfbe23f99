//! Private temporary folders, which a later process removes if this one is killed.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use kosmos_core::removal::remove_tree;

/// A folder of the system's temporary folder that only this user may enter, removed when dropped.
#[derive(Debug)]
pub struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    /// Makes a new folder, whose name holds `purpose`. Folders of processes that were killed are removed first.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn create(purpose: &str) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        super::process::staging::remove_stale_folders();
        let path = fs::canonicalize(env::temp_dir())?.join(unique_name(purpose));
        make_private_folder(&path)?;
        Ok(Self(path))
    }

    /// Its path, absolute and without links.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        if let Err(error) = remove_tree(&self.0)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(folder = %self.0.display(), %error, "a temporary folder could not be removed");
        }
    }
}

#[cfg(target_os = "linux")]
fn unique_name(purpose: &str) -> String {
    super::process::owner::unique_name(purpose)
}

#[cfg(not(target_os = "linux"))]
fn unique_name(purpose: &str) -> String {
    format!("kosmos-{}-{:08x}-{purpose}", std::process::id(), fastrand::u32(..))
}

/// Makes a folder that only this user may enter, whatever the mask of file modes. It must not exist.
pub(super) fn make_private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_private_and_goes_when_dropped() {
        let folder = TemporaryFolder::create("trial").unwrap();
        let path = folder.path().to_owned();
        fs::write(path.join("x"), "").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        }
        drop(folder);
        assert!(!path.exists());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn those_of_killed_processes_are_removed() {
        let folder = TemporaryFolder::create("trial").unwrap();
        // The same name, of a process that cannot exist.
        let name = folder.path().file_name().unwrap().to_string_lossy().into_owned();
        let mut parts: Vec<&str> = name.split('-').collect();
        parts[1] = "4194303000";
        let stale = folder.path().with_file_name(parts.join("-"));
        fs::create_dir(&stale).unwrap();
        let other = TemporaryFolder::create("trial").unwrap();
        assert!(!stale.exists() && other.path().exists() && folder.path().exists());
    }
}
