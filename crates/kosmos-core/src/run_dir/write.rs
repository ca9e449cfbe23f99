//! Making, replacing, renaming and removing.

use std::{
    ffi::CString,
    fs::File,
    io,
    os::fd::{AsFd, BorrowedFd},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

use rustix::{
    fs::{AtFlags, FileType, Mode, OFlags, fchmod, fstat, fsync, mkdirat, openat, renameat, statat, unlinkat},
    io::Errno,
};

use super::{BELOW, RunDir, Way, explain_link, open_folder};
use crate::{files::Sync, plain_path::PlainPath, regular_file::check_regular, removal::remove_entry};

/// The mode of new files: what a run holds is its user's alone.
const PRIVATE: Mode = Mode::RUSR.union(Mode::WUSR);

impl RunDir {
    /// Makes a folder and those on the way to it, unless they exist.
    ///
    /// # Errors
    /// If one cannot be made, or something else has its name.
    pub fn create_folders(&self, inside: &PlainPath) -> io::Result<()> {
        let mut folder = Way::Root(&self.folder);
        for name in inside.names() {
            match mkdirat(folder.as_fd(), name, Mode::RWXU) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
            folder = Way::Below(open_folder(folder.as_fd(), name)?);
        }
        Ok(())
    }

    /// Creates a file, which must not exist, in a folder that does.
    ///
    /// # Errors
    /// If it exists in any form, or cannot be made.
    pub fn create_file(&self, inside: &PlainPath) -> io::Result<File> {
        let (way, name) = self.way_to(inside)?;
        create_new(way.as_fd(), name)
    }

    /// Opens a regular file to append to it, and makes it if it is missing.
    ///
    /// # Errors
    /// If it is a link, a folder, a pipe or a device, or cannot be made or written to.
    pub fn open_to_append(&self, inside: &PlainPath) -> io::Result<File> {
        let (way, name) = self.way_to(inside)?;
        match statat(way.as_fd(), name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) => check_regular(&found)?,
            Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
        let flags = BELOW | OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE;
        let file = openat(way.as_fd(), name, flags, PRIVATE).map_err(explain_link)?;
        check_regular(&fstat(&file)?)?;
        Ok(File::from(file))
    }

    /// Writes a file beside its place and renames it, so that there is always the old content or all of the new. What
    /// has its name is replaced and not followed; a file keeps its mode.
    ///
    /// # Errors
    /// If the file cannot be made, filled, synced or renamed. Its place is then unchanged.
    pub fn write_atomically(
        &self,
        inside: &PlainPath,
        sync: Sync,
        write: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> io::Result<()> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let (way, name) = self.way_to(inside)?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let partial = format!(".{name}.{}.{number}.partial", process::id());
        // A process with this id may have died here.
        match unlinkat(way.as_fd(), &*partial, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
        let mut file = create_new(way.as_fd(), &partial)?;
        let replace = || -> io::Result<()> {
            write(&mut file)?;
            match statat(way.as_fd(), name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(old) if FileType::from_raw_mode(old.st_mode).is_file() => {
                    fchmod(&file, Mode::from_raw_mode(old.st_mode))?;
                }
                Ok(_) | Err(Errno::NOENT) => {}
                Err(error) => return Err(error.into()),
            }
            if sync == Sync::Content {
                file.sync_all()?;
            }
            Ok(renameat(way.as_fd(), &*partial, way.as_fd(), name)?)
        };
        let written = replace();
        if written.is_err() {
            // It is of no use, and its removal may fail for the same reason as the writing.
            let _ = unlinkat(way.as_fd(), &*partial, AtFlags::empty());
        }
        written
    }

    /// Gives an entry another name, in place of a file or an empty folder that has it.
    ///
    /// # Errors
    /// If it is missing, or cannot be moved there.
    pub fn rename(&self, from: &PlainPath, to: &PlainPath) -> io::Result<()> {
        let (old, old_name) = self.way_to(from)?;
        let (new, new_name) = self.way_to(to)?;
        Ok(renameat(old.as_fd(), old_name, new.as_fd(), new_name)?)
    }

    /// Removes an entry, a folder with all that is in it, whatever its depth, names and modes. Links are removed, not
    /// followed. Nothing is done if it is missing.
    ///
    /// # Errors
    /// If a folder on the way to it is a link, or something can be neither moved nor removed.
    pub fn remove(&self, inside: &PlainPath) -> io::Result<()> {
        let removed = self
            .way_to(inside)
            .and_then(|(way, name)| remove_entry(way.as_fd(), &CString::new(name)?));
        match removed {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    /// Writes the names in a folder to the disk, or those in this one.
    ///
    /// # Errors
    /// If it is missing, or the disk fails.
    pub fn sync_names(&self, inside: Option<&PlainPath>) -> io::Result<()> {
        Ok(fsync(self.folder_at(inside)?)?)
    }
}

fn create_new(at: BorrowedFd<'_>, name: &str) -> io::Result<File> {
    let flags = BELOW | OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
    Ok(File::from(openat(at, name, flags, PRIVATE)?))
}
