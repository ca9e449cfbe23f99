//! Removes folders that others have filled, whatever their depth, names and modes.

use std::{
    ffi::{CStr, CString},
    io,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    path::Path,
};

use rustix::{
    fs::{AtFlags, Dir, FileType, Mode, OFlags, fchmod, fstat, open, openat, renameat, statat, unlinkat},
    io::Errno,
};

/// Folders within folders that are opened at once. What is deeper is moved up first.
const OPEN_AT_ONCE: u32 = 32;

/// Removes the folder at `path` with all that is in it. Links in it are removed, not followed.
///
/// # Errors
/// If it is missing, is a link or no folder, or an entry can be neither moved nor removed.
pub fn remove_tree(path: &Path) -> io::Result<()> {
    let no_folder = || io::Error::new(io::ErrorKind::NotADirectory, "it is a link or no folder, and stays");
    let name = path.file_name().ok_or_else(no_folder)?;
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let parent = open(
        parent,
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    let name = CString::new(name.as_bytes())?;
    match statat(&parent, &*name, AtFlags::SYMLINK_NOFOLLOW)? {
        found if FileType::from_raw_mode(found.st_mode).is_dir() => remove_folder(parent.as_fd(), &name),
        _ => Err(no_folder()),
    }
}

/// Removes the entry `name` of the folder `at`, whatever it is.
///
/// # Errors
/// [`io::ErrorKind::NotFound`] if there is none; and if something can be neither moved nor removed.
pub(crate) fn remove_entry(at: BorrowedFd<'_>, name: &CStr) -> io::Result<()> {
    match statat(at, name, AtFlags::SYMLINK_NOFOLLOW)? {
        found if FileType::from_raw_mode(found.st_mode).is_dir() => remove_folder(at, name),
        _ => Ok(unlinkat(at, name, AtFlags::empty())?),
    }
}

fn remove_folder(at: BorrowedFd<'_>, name: &CStr) -> io::Result<()> {
    let folder = open_for_removal(at, name)?;
    empty_folder(folder.as_fd(), OPEN_AT_ONCE)?;
    drop(folder);
    Ok(unlinkat(at, name, AtFlags::REMOVEDIR)?)
}

/// Removes what is in a folder. From a depth of `open_at_once` on, folders are moved up instead of opened, so that no
/// path becomes long and few folders are open.
fn empty_folder(folder: BorrowedFd<'_>, open_at_once: u32) -> io::Result<()> {
    if open_at_once == 0 {
        return flatten_folder(folder);
    }
    for name in remove_files(folder)? {
        let inner = open_for_removal(folder, &name)?;
        empty_folder(inner.as_fd(), open_at_once - 1)?;
        drop(inner);
        unlinkat(folder, &*name, AtFlags::REMOVEDIR)?;
    }
    Ok(())
}

fn flatten_folder(top: BorrowedFd<'_>) -> io::Result<()> {
    let mut moved: u64 = 0;
    loop {
        let folders = remove_files(top)?;
        if folders.is_empty() {
            return Ok(());
        }
        for name in folders {
            let folder = open_for_removal(top, &name)?;
            for inner in remove_files(folder.as_fd())? {
                // Moving a folder requires write permission on it.
                drop(open_for_removal(folder.as_fd(), &inner)?);
                let place = find_unused_name(top, &mut moved)?;
                renameat(&folder, &*inner, top, &*place)?;
            }
            drop(folder);
            unlinkat(top, &*name, AtFlags::REMOVEDIR)?;
        }
    }
}

fn find_unused_name(folder: BorrowedFd<'_>, next: &mut u64) -> io::Result<String> {
    loop {
        let name = next.to_string();
        *next += 1;
        match statat(folder, &*name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => return Ok(name),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Opens a folder that is to be emptied, and gives its owner all permissions on it first.
fn open_for_removal(at: BorrowedFd<'_>, name: &CStr) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = match openat(at, name, flags, Mode::empty()) {
        Err(Errno::ACCESS) => {
            // Nobody else works on it, and it is a folder: a link's mode cannot be changed by way of its name.
            let found = statat(at, name, AtFlags::SYMLINK_NOFOLLOW)?;
            if FileType::from_raw_mode(found.st_mode).is_dir() {
                rustix::fs::chmodat(at, name, Mode::RWXU, AtFlags::empty())?;
            }
            openat(at, name, flags, Mode::empty())?
        }
        opened => opened?,
    };
    if fstat(&opened)?.st_mode & 0o700 != 0o700 {
        fchmod(&opened, Mode::RWXU)?;
    }
    Ok(opened)
}

/// Removes what is directly in `folder` and no folder, and returns the folders.
fn remove_files(folder: BorrowedFd<'_>) -> io::Result<Vec<CString>> {
    let mut folders = Vec::new();
    for name in names_in(folder)? {
        let found = statat(folder, &*name, AtFlags::SYMLINK_NOFOLLOW)?;
        match FileType::from_raw_mode(found.st_mode).is_dir() {
            true => folders.push(name),
            false => unlinkat(folder, &*name, AtFlags::empty())?,
        }
    }
    Ok(folders)
}

/// The names in a folder, without `.` and `..`.
pub(crate) fn names_in(folder: BorrowedFd<'_>) -> io::Result<Vec<CString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let name = entry?.file_name().to_owned();
        if !matches!(name.as_bytes(), b"." | b"..") {
            names.push(name);
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use std::{
        ffi::OsStr,
        fs,
        os::unix::fs::{PermissionsExt, symlink},
    };

    use rustix::fs::mkdirat;

    use super::*;

    #[test]
    fn a_tree_is_removed_and_nothing_outside() {
        let desk = tempfile::tempdir().unwrap();
        let at = |name: &str| desk.path().join(name);
        fs::create_dir_all(at("tree/0/1/2")).unwrap();
        fs::create_dir(at("elsewhere")).unwrap();
        fs::write(at("elsewhere/file"), "kept").unwrap();
        fs::write(at("tree/0").join(OsStr::from_bytes(b"\xff\n")), "x").unwrap();
        symlink(at("elsewhere"), at("tree/0/1/link")).unwrap();
        fs::set_permissions(at("tree/0/1/2"), fs::Permissions::from_mode(0o0)).unwrap();
        symlink(at("elsewhere"), at("link")).unwrap();
        remove_tree(&at("tree")).unwrap();
        assert!(!at("tree").exists());
        for bad in ["link", "elsewhere/file"] {
            let told = remove_tree(&at(bad)).unwrap_err().to_string();
            assert!(told.contains("it is a link or no folder"), "{bad}: {told}");
        }
        assert_eq!(remove_tree(&at("tree")).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(fs::read_to_string(at("elsewhere/file")).unwrap(), "kept");
        assert!(at("link").is_symlink());
    }

    #[test]
    fn depth_is_no_obstacle() {
        let desk = tempfile::tempdir().unwrap();
        let name = "d".repeat(100);
        let mut folder = open(desk.path(), OFlags::DIRECTORY, Mode::empty()).unwrap();
        for _ in 0..200 {
            mkdirat(&folder, &*name, Mode::RWXU).unwrap();
            folder = openat(&folder, &*name, OFlags::DIRECTORY, Mode::empty()).unwrap();
        }
        remove_tree(&desk.path().join(&name)).unwrap();
        assert!(fs::read_dir(desk.path()).unwrap().next().is_none());
    }
}
