//! The script's workspace on the host: its owner and its size.

use std::{
    ffi::{CStr, OsStr},
    fs, io,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::{
            ffi::OsStrExt,
            fs::{MetadataExt, PermissionsExt, lchown},
        },
    },
    path::{Path, PathBuf},
};

use rustix::{
    fs::{AtFlags, Dir, FileType, Gid, Mode, OFlags, Uid, chmodat, chownat, openat, statat},
    io::Errno,
};

use super::policy::Identity;
use crate::ResourceLimits;

/// The longest part of a path that is passed to the kernel at once, in bytes; the kernel accepts 4095.
const LONGEST: usize = 3000;

/// The size of a workspace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WorkspaceSize {
    pub bytes: u64,
    pub files: u64,
    /// The size of the largest file.
    pub largest: u64,
    /// True if a folder could not be listed, so that its contents are unknown.
    pub closed: bool,
}

impl WorkspaceSize {
    /// Returns true if a limit on the workspace is exceeded.
    pub fn exceeds(&self, limits: &ResourceLimits) -> bool {
        self.bytes > limits.workspace_bytes || self.files > limits.workspace_files
    }
}

/// Adds up the contents of `dir`, without following links, until more than `most` files were seen.
///
/// The script may change it at the same time: files that vanish are not counted.
pub fn measure_workspace(dir: &Path, most: u64) -> WorkspaceSize {
    let mut size = WorkspaceSize::default();
    let closed = visit_all(dir, &mut |folder, name| {
        if let Ok(found) = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            size.files += 1;
            if FileType::from_raw_mode(found.st_mode).is_file() {
                // The size on disk: the nominal size of a file with holes is too large.
                size.bytes += found.st_blocks.unsigned_abs() * 512;
                size.largest = size.largest.max(found.st_size.unsigned_abs());
            }
        }
        size.files <= most
    });
    WorkspaceSize { closed, ..size }
}

/// Gives `dir` and everything in it to the user that the script runs as, if that is another one. Returns
/// the folder's mode, for [`take_back`].
pub fn hand_over(dir: &Path, identity: Identity) -> io::Result<u32> {
    let mode = fs::metadata(dir)?.mode();
    if let Identity::Switched { uid, gid } = identity {
        change_owner(dir, uid, gid)?;
    }
    Ok(mode)
}

/// Gives everything back to the user that Kosmos runs as, makes folders readable again, and
/// restores the `mode` of the workspace itself. Call it when the script has ended.
pub fn take_back(dir: &Path, identity: Identity, mode: u32) -> io::Result<()> {
    fs::set_permissions(dir, fs::Permissions::from_mode(mode & 0o7777))?;
    if identity.is_mapped() {
        // A folder is visited before it is listed, so it can be made readable in time.
        visit_all(dir, &mut |folder, name| {
            if let Ok(found) = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
                && FileType::from_raw_mode(found.st_mode).is_dir()
                && found.st_mode & 0o700 != 0o700
            {
                let open = Mode::from_raw_mode(found.st_mode & 0o777 | 0o700);
                // If it stays unreadable, the next measurement reports it.
                let _ = chmodat(folder, name, open, AtFlags::empty());
            }
            true
        });
        return Ok(());
    }
    let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
    change_owner(dir, uid.as_raw(), gid.as_raw())
}

fn change_owner(dir: &Path, uid: u32, gid: u32) -> io::Result<()> {
    let mut failed = lchown(dir, Some(uid), Some(gid)).err();
    visit_all(dir, &mut |folder, name| {
        let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
        if let Err(error) = chownat(folder, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW) {
            failed.get_or_insert(error.into());
        }
        true
    });
    failed.map_or(Ok(()), Err)
}

/// Calls `visit` for every entry beneath `dir`, however deep, with its folder and its name there, until it returns
/// false. Returns true if a folder could not be read.
fn visit_all(dir: &Path, visit: &mut impl FnMut(BorrowedFd<'_>, &CStr) -> bool) -> bool {
    let mut closed = false;
    let mut pending: Vec<PathBuf> = vec![PathBuf::new()];
    while let Some(within) = pending.pop() {
        let opened =
            open_beneath(dir, &within).and_then(|folder| Dir::read_from(&folder).map(|entries| (folder, entries)));
        let (folder, entries) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                closed |= !matches!(error, Errno::NOENT | Errno::NOTDIR | Errno::LOOP);
                continue;
            }
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            if !visit(folder.as_fd(), name) {
                return closed;
            }
            let kind = match entry.file_type() {
                // Some file systems do not store the type in the folder.
                FileType::Unknown => statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW)
                    .map_or(FileType::Unknown, |found| FileType::from_raw_mode(found.st_mode)),
                known => known,
            };
            if kind.is_dir() {
                pending.push(within.join(OsStr::from_bytes(name.to_bytes())));
            }
        }
    }
    closed
}

/// Opens the folder `within` of `dir`, in several steps if its path is too long for one.
fn open_beneath(dir: &Path, within: &Path) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut folder = rustix::fs::open(dir, flags, Mode::empty())?;
    let mut step = PathBuf::new();
    for part in within {
        if step.as_os_str().len() + part.len() > LONGEST {
            folder = openat(&folder, &step, flags, Mode::empty())?;
            step = PathBuf::new();
        }
        step.push(part);
    }
    if step.as_os_str().is_empty() {
        return Ok(folder);
    }
    openat(&folder, &step, flags, Mode::empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_counted_and_not_followed() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("d")).unwrap();
        fs::write(home.path().join("d/a"), vec![1; 5000]).unwrap();
        std::os::unix::fs::symlink("/usr", home.path().join("l")).unwrap();
        let size = measure_workspace(home.path(), 100);
        assert_eq!((size.files, size.largest), (3, 5000));
        assert!(measure_workspace(Path::new("/usr"), 5).files <= 6);
    }

    #[test]
    fn depth_hides_nothing() {
        let home = tempfile::tempdir().unwrap();
        let name = "d".repeat(100);
        let mut folder = rustix::fs::open(home.path(), OFlags::DIRECTORY, Mode::empty()).unwrap();
        for _ in 0..100 {
            rustix::fs::mkdirat(&folder, &name, Mode::RWXU).unwrap();
            folder = openat(&folder, &name, OFlags::DIRECTORY, Mode::empty()).unwrap();
        }
        let file = openat(&folder, "x", OFlags::CREATE | OFlags::WRONLY, Mode::RWXU).unwrap();
        rustix::io::write(&file, &[1; 9000]).unwrap();
        let size = measure_workspace(home.path(), 1000);
        assert_eq!((size.files, size.largest), (101, 9000));
        crate::remove_tree(&home.path().join(&name)).unwrap();
        assert_eq!(measure_workspace(home.path(), 1000), WorkspaceSize::default());
    }
}
