//! The kinds of a folder's entries.

use std::io;

use rustix::fs::{AtFlags, FileType, Stat, statat};

use super::RunDir;
use crate::plain_path::PlainPath;

/// The kind of a folder's entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file, with its size in bytes.
    File(u64),
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A pipe, a socket or a device.
    Other,
}

impl EntryKind {
    pub(super) fn of(stat: &Stat) -> Self {
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Self::File(u64::try_from(stat.st_size).unwrap_or_default()),
            FileType::Directory => Self::Folder,
            FileType::Symlink => Self::Link,
            _ => Self::Other,
        }
    }
}

impl RunDir {
    /// Returns what an entry is; none if it is missing.
    ///
    /// # Errors
    /// If a folder on the way to it is a link or no folder, or cannot be searched.
    pub fn kind_of(&self, inside: &PlainPath) -> io::Result<Option<EntryKind>> {
        let found = self
            .way_to(inside)
            .and_then(|(way, name)| Ok(statat(way, name, AtFlags::SYMLINK_NOFOLLOW)?));
        match found {
            Ok(stat) => Ok(Some(EntryKind::of(&stat))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns true if there is a regular file.
    pub fn has_file(&self, inside: &PlainPath) -> bool {
        matches!(self.kind_of(inside), Ok(Some(EntryKind::File(_))))
    }
}
