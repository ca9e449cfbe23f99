//! Writes a codebook to a file of the user's, which is never overwritten unless the user says so.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    path::{Path, PathBuf},
};

use kosmos_core::files::{Sync, with_users_modes, write_atomically};

use super::CliError;

/// Why a codebook cannot be written.
#[derive(Debug, thiserror::Error)]
enum WriteError {
    #[error("there is a file {} already", .0.display())]
    Exists(PathBuf),
    #[error("cannot write {}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

fn exists(path: &Path) -> CliError {
    CliError::from_usage(
        WriteError::Exists(path.to_owned()),
        "name another with --write=PATH, or overwrite it with --force",
    )
}

/// Checks that the codebook may be written, before the tables are read.
pub(super) fn check_target(path: &Path, force: bool) -> Result<(), CliError> {
    match !force && path.symlink_metadata().is_ok() {
        true => Err(exists(path)),
        false => Ok(()),
    }
}

/// Writes the codebook, completely or not at all.
pub(super) fn write_codebook(path: &Path, content: &str, force: bool) -> Result<(), CliError> {
    let write = || match force {
        true => write_atomically(path, Sync::Content, |file| file.write_all(content.as_bytes())),
        false => {
            let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
            let written = file.write_all(content.as_bytes());
            if written.is_err() {
                // Half a codebook is of no use, and its removal may fail for the same reason.
                let _ = std::fs::remove_file(path);
            }
            written
        }
    };
    with_users_modes(write).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => exists(path),
        _ => {
            let path = path.to_owned();
            CliError::from_failure_with_help(WriteError::Io { path, source }, "name another place with --write=PATH")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_overwritten_without_force() {
        let desk = tempfile::tempdir().unwrap();
        let path = desk.path().join("codebook.toml");
        write_codebook(&path, "one", false).unwrap();
        assert!(check_target(&path, false).is_err() && check_target(&path, true).is_ok());
        assert!(write_codebook(&path, "two", false).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one");
        write_codebook(&path, "two", true).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "two");
        // A link to nothing is something that the user has there.
        let link = desk.path().join("link.toml");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        assert!(check_target(&link, false).is_err() && write_codebook(&link, "x", false).is_err());
    }
}
