//! All that is below a folder: listed, copied, written to the disk.

use std::{io, path::PathBuf};

use super::{EntryKind, RunDir};
use crate::plain_path::{PlainName, PlainPath};

/// Folders within folders, at most: Kosmos makes fewer.
const DEEPEST: usize = 64;

/// An entry that cannot be read, copied or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot use `{}`", place.display())]
pub struct EntryError {
    /// Its path.
    pub place: PathBuf,
    /// The cause.
    pub source: io::Error,
}

impl From<EntryError> for io::Error {
    fn from(error: EntryError) -> Self {
        error.source
    }
}

/// The treatment of entries whose names are not plain. Kosmos writes none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OddNames {
    /// They are an error.
    Refuse,
    /// They are left out, a folder with all that is in it.
    Skip,
}

impl RunDir {
    /// Lists everything below a folder, or below this one: entries by name, a folder before what is in it.
    ///
    /// # Errors
    /// If a folder cannot be listed, if folders are nested too deeply, and for names that are not plain, as `odd` says.
    pub fn tree(&self, inside: Option<&PlainPath>, odd: OddNames) -> Result<Vec<(PlainPath, EntryKind)>, EntryError> {
        let mut found = Vec::new();
        self.add_tree(inside, odd, 0, &mut found)?;
        Ok(found)
    }

    fn add_tree(
        &self,
        inside: Option<&PlainPath>,
        odd: OddNames,
        depth: usize,
        found: &mut Vec<(PlainPath, EntryKind)>,
    ) -> Result<(), EntryError> {
        let invalid = |told| io::Error::new(io::ErrorKind::InvalidData, told);
        if depth > DEEPEST {
            let told = format!("there are more than {DEEPEST} folders within folders");
            return Err(self.entry_error(inside, invalid(told)));
        }
        let entries = self.entries(inside).map_err(|error| self.entry_error(inside, error))?;
        for (name, kind) in entries {
            let path = match (name, odd) {
                (Ok(name), _) => join(inside, name),
                (Err(_), OddNames::Skip) => continue,
                (Err(error), OddNames::Refuse) => return Err(self.entry_error(inside, invalid(error.to_string()))),
            };
            found.push((path.clone(), kind));
            if kind == EntryKind::Folder {
                self.add_tree(Some(&path), odd, depth + 1, found)?;
            }
        }
        Ok(())
    }

    fn entry_error(&self, inside: Option<&PlainPath>, source: io::Error) -> EntryError {
        let place = inside.map_or_else(|| self.path().to_owned(), |inside| self.place_of(inside));
        EntryError { place, source }
    }

    /// Copies a folder, with the regular files and folders in it, to the same place in `to`. Links, pipes and devices
    /// are left out, as are entries whose names are not plain.
    ///
    /// # Errors
    /// If a folder cannot be listed or made, or a file exists in `to` or cannot be copied.
    pub fn copy_tree(&self, inside: &PlainPath, to: &Self) -> Result<(), EntryError> {
        let entries = self.tree(Some(inside), OddNames::Skip)?;
        let make = |folder: &PlainPath| {
            to.create_folders(folder)
                .map_err(|error| to.entry_error(Some(folder), error))
        };
        make(inside)?;
        for (path, kind) in entries {
            match kind {
                EntryKind::Folder => make(&path)?,
                EntryKind::File(_) => self
                    .copy_file(&path, to)
                    .map_err(|error| self.entry_error(Some(&path), error))?,
                EntryKind::Link | EntryKind::Other => {}
            }
        }
        Ok(())
    }

    fn copy_file(&self, path: &PlainPath, to: &Self) -> io::Result<()> {
        let mut from = self.open_file(path)?;
        let mut copy = to.create_file(path)?;
        io::copy(&mut from, &mut copy)?;
        copy.set_permissions(from.metadata()?.permissions())
    }

    /// Writes a folder, or this one, with all files and folders in it to the disk.
    ///
    /// # Errors
    /// If something cannot be opened, or the disk fails.
    pub fn sync_tree(&self, inside: Option<&PlainPath>) -> Result<(), EntryError> {
        for (path, kind) in self.tree(inside, OddNames::Skip)? {
            let synced = match kind {
                EntryKind::File(_) => self.open_file(&path).and_then(|file| file.sync_all()),
                EntryKind::Folder => self.sync_names(Some(&path)),
                EntryKind::Link | EntryKind::Other => Ok(()),
            };
            synced.map_err(|error| self.entry_error(Some(&path), error))?;
        }
        self.sync_names(inside).map_err(|error| self.entry_error(inside, error))
    }
}

fn join(inside: Option<&PlainPath>, name: PlainName) -> PlainPath {
    match inside {
        None => name.into(),
        Some(inside) => inside.join(&name),
    }
}
