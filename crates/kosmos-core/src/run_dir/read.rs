//! Reading files and listing folders.

use std::{
    ffi::CStr,
    fs::File,
    io::{self, Read},
    os::fd::AsFd,
};

use rustix::{
    fs::{AtFlags, Mode, OFlags, fstat, openat, statat},
    io::Errno,
};
use sha2::{Digest, Sha256};

use super::{BELOW, EntryKind, RunDir, explain_link};
use crate::{
    id::InvalidText,
    plain_path::{ContentHash, PlainName, PlainPath},
    regular_file::check_regular,
    removal::names_in,
};

impl RunDir {
    /// Opens a regular file for reading.
    ///
    /// # Errors
    /// If it is missing, or is a link, a folder, a pipe or a device.
    pub fn open_file(&self, inside: &PlainPath) -> io::Result<File> {
        let (way, name) = self.way_to(inside)?;
        // To open a device can have effects of its own.
        check_regular(&statat(way.as_fd(), name, AtFlags::SYMLINK_NOFOLLOW)?)?;
        let file = openat(way.as_fd(), name, BELOW | OFlags::RDONLY, Mode::empty()).map_err(explain_link)?;
        check_regular(&fstat(&file)?)?;
        Ok(File::from(file))
    }

    /// Opens a regular file for reading that has no more than `most` bytes, and returns it with its size.
    fn open_bounded(&self, inside: &PlainPath, most: u64) -> io::Result<(File, u64)> {
        let file = self.open_file(inside)?;
        let bytes = file.metadata()?.len();
        match bytes > most {
            true => Err(too_large(bytes, most)),
            false => Ok((file, bytes)),
        }
    }

    /// Reads a regular file of at most `most` bytes.
    ///
    /// # Errors
    /// As [`RunDir::open_file`], and [`io::ErrorKind::FileTooLarge`] if it has more bytes.
    pub fn read(&self, inside: &PlainPath, most: u64) -> io::Result<Vec<u8>> {
        let (file, bytes) = self.open_bounded(inside, most)?;
        let mut content = Vec::with_capacity(usize::try_from(bytes).unwrap_or_default());
        file.take(most.saturating_add(1)).read_to_end(&mut content)?;
        match content.len() as u64 {
            read if read > most => Err(too_large(read, most)),
            _ => Ok(content),
        }
    }

    /// Reads a text of at most `most` bytes.
    ///
    /// # Errors
    /// As [`RunDir::read`], and if it is not UTF-8.
    pub fn read_text(&self, inside: &PlainPath, most: u64) -> io::Result<String> {
        String::from_utf8(self.read(inside, most)?).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    /// Returns the SHA-256 of a regular file of at most `most` bytes. It is read in pieces.
    ///
    /// # Errors
    /// As [`RunDir::read`].
    pub fn hash(&self, inside: &PlainPath, most: u64) -> io::Result<ContentHash> {
        let (mut file, _) = self.open_bounded(inside, most)?;
        let mut hasher = Sha256::new();
        let mut piece = vec![0; 1 << 16];
        let mut total = 0;
        loop {
            let read = file.read(&mut piece)?;
            total += read as u64;
            match piece.get(..read) {
                _ if total > most => return Err(too_large(total, most)),
                Some(bytes) if read > 0 => hasher.update(bytes),
                _ => break,
            }
        }
        let hash = format!("{:x}", hasher.finalize());
        hash.try_into().map_err(io::Error::other)
    }

    /// Lists a folder, or this one itself, by name.
    ///
    /// # Errors
    /// If it is missing, no folder, or cannot be read, and if the name of an entry is not plain: nothing that Kosmos
    /// wrote has such a name.
    pub fn list(&self, inside: Option<&PlainPath>) -> io::Result<Vec<(PlainName, EntryKind)>> {
        let entries = self.entries(inside)?.into_iter();
        let named = entries.map(|(name, kind)| match name {
            Ok(name) => Ok((name, kind)),
            Err(error) => Err(io::Error::new(io::ErrorKind::InvalidData, error)),
        });
        named.collect()
    }

    /// The entries of a folder, or of this one, by name; an error in place of a name that is not plain.
    pub(super) fn entries(&self, inside: Option<&PlainPath>) -> io::Result<Vec<Entry>> {
        let folder = self.folder_at(inside)?;
        let mut entries = Vec::new();
        for name in names_in(folder.as_fd())? {
            match statat(folder.as_fd(), &*name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => entries.push((plain_name(&name), EntryKind::of(&stat))),
                // It was removed in the meantime.
                Err(Errno::NOENT) => {}
                Err(error) => return Err(error.into()),
            }
        }
        entries.sort_by(|a, b| a.0.as_ref().ok().cmp(&b.0.as_ref().ok()));
        Ok(entries)
    }
}

type Entry = (Result<PlainName, InvalidText>, EntryKind);

fn plain_name(name: &CStr) -> Result<PlainName, InvalidText> {
    match name.to_str() {
        Ok(text) => text.parse(),
        Err(_) => Err(InvalidText::new(
            &name.to_string_lossy(),
            "the name of a file",
            "a name in UTF-8",
        )),
    }
}

fn too_large(bytes: u64, most: u64) -> io::Error {
    let told = format!("it has {bytes} bytes, more than the {most} that are read");
    io::Error::new(io::ErrorKind::FileTooLarge, told)
}
