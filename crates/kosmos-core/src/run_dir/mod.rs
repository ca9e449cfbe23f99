//! The one handle of a run's folder.
//!
//! A run may have come from anywhere, and its folder may hold anything: links, devices, pipes, files without an end. A
//! [`RunDir`] is opened once. Every path is resolved from there, name by name, and no link is followed on the way; only
//! regular files are opened, and no more of one is read than the caller allows.
//!
//! | module | holds |
//! |---|---|
//! | `entry` | what an entry of a folder is |
//! | `read` | reading files and listing folders |
//! | `write` | making, replacing, renaming and removing |
//! | `tree` | all that is below a folder: listed, copied, written to the disk |

mod entry;
mod read;
mod tree;
mod write;

#[cfg(test)]
mod tests;

use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
    sync::Arc,
};

use rustix::{
    fs::{Mode, OFlags, open, openat},
    io::Errno,
};

use crate::plain_path::PlainPath;

pub use entry::EntryKind;
pub use tree::{EntryError, OddNames};

/// Flags for every file and folder that is opened below a run's folder.
const BELOW: OFlags = OFlags::NOFOLLOW
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// The folder of a run, or another that someone else may have filled. Cheap to clone.
#[derive(Debug, Clone)]
pub struct RunDir {
    folder: Arc<OwnedFd>,
    path: PathBuf,
}

/// A folder on the way to an entry.
enum Way<'a> {
    Root(&'a OwnedFd),
    Below(OwnedFd),
}

impl AsFd for Way<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Root(folder) => folder.as_fd(),
            Self::Below(folder) => folder.as_fd(),
        }
    }
}

impl RunDir {
    /// Opens the folder at `path`. A link at `path` itself, which its user made, is followed.
    ///
    /// # Errors
    /// If it is missing, or is no folder.
    pub fn open(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = Arc::new(open(&path, flags, Mode::empty())?);
        Ok(Self { folder, path })
    }

    /// Returns the path that it was opened at: to name it to a person, or to a program that runs on it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the path of an entry, to name it to a person, or to a program that runs on it.
    pub fn place_of(&self, inside: &PlainPath) -> PathBuf {
        self.path.join(inside.as_path())
    }

    /// Opens the folders on the way to an entry; returns the one that it is in, and its name there.
    fn way_to<'p>(&self, inside: &'p PlainPath) -> io::Result<(Way<'_>, &'p str)> {
        let mut way = Way::Root(&self.folder);
        let mut names = inside.names();
        let last = names.next_back().unwrap_or_default();
        for name in names {
            way = Way::Below(open_folder(way.as_fd(), name)?);
        }
        Ok((way, last))
    }

    /// Opens a folder below this one, or this one itself.
    fn folder_at(&self, inside: Option<&PlainPath>) -> io::Result<Way<'_>> {
        match inside {
            None => Ok(Way::Root(&self.folder)),
            Some(inside) => {
                let (way, name) = self.way_to(inside)?;
                Ok(Way::Below(open_folder(way.as_fd(), name)?))
            }
        }
    }
}

fn open_folder(at: BorrowedFd<'_>, name: &str) -> io::Result<OwnedFd> {
    let flags = BELOW | OFlags::RDONLY | OFlags::DIRECTORY;
    openat(at, name, flags, Mode::empty()).map_err(explain_link)
}

/// The errors of a link in the way, in words.
fn explain_link(error: Errno) -> io::Error {
    match error {
        Errno::LOOP => io::Error::new(io::ErrorKind::InvalidInput, "there is a link in its path"),
        Errno::NOTDIR => io::Error::new(
            io::ErrorKind::NotADirectory,
            "there is a link or a file in place of a folder",
        ),
        error => error.into(),
    }
}
