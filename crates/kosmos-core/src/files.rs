//! Writes files so that no reader and no crash ever sees half of one, decides who may read them, reads them up to a
//! limit, and copies folders.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File, OpenOptions},
    io::{self, Read},
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

/// Has every file and folder that this process makes from now on belong to the user alone (0600 and 0700): questions,
/// tables, prompts and results are private. Call it once, when the process starts.
pub fn make_files_private() {
    #[cfg(unix)]
    {
        let before = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
        USERS_MASK.store(u64::from(before.bits()), Ordering::Relaxed);
    }
}

/// The mask of file modes that the process was started with.
#[cfg(unix)]
static USERS_MASK: AtomicU64 = AtomicU64::new(0o022);

/// Does `work` with the mask of file modes that the user has set: for files that are meant for others too, such as
/// manual pages. Call it while nothing else of this process makes files.
pub fn with_users_modes<T>(work: impl FnOnce() -> T) -> T {
    #[cfg(unix)]
    {
        let mode = |bits| rustix::fs::Mode::from_raw_mode(bits);
        let users = u32::try_from(USERS_MASK.load(Ordering::Relaxed)).unwrap_or(0o022);
        let before = rustix::process::umask(mode(users));
        let done = work();
        rustix::process::umask(before);
        done
    }
    #[cfg(not(unix))]
    work()
}

/// Lets every user read a file or folder and all that is in it, and the owner alone write to it. A folder above it may
/// still keep others out.
///
/// # Errors
/// If a folder cannot be listed or a mode cannot be changed.
pub fn let_others_read(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mut pending = vec![path.to_owned()];
        while let Some(path) = pending.pop() {
            let found = fs::symlink_metadata(&path)?;
            if found.is_symlink() {
                continue;
            }
            let mode = found.permissions().mode() & 0o7777;
            let wanted = (mode & !0o022) | 0o444 | if mode & 0o100 == 0 { 0 } else { 0o111 };
            if mode != wanted {
                fs::set_permissions(&path, fs::Permissions::from_mode(wanted))?;
            }
            if found.is_dir() {
                for entry in fs::read_dir(&path)? {
                    pending.push(entry?.path());
                }
            }
        }
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Reads a regular file of at most `most` bytes. A link at `path` is not followed, and neither a pipe nor a device can
/// hold this up or make it read without end.
///
/// # Errors
/// [`io::ErrorKind::FileTooLarge`] if it is larger, [`io::ErrorKind::InvalidInput`] if it is no regular file, and
/// others if it cannot be read.
pub fn read_bounded(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let not_a_file = || io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file");
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(not_a_file());
    }
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.custom_flags(flags.bits().cast_signed());
    }
    let file = options.open(path)?;
    if !file.metadata()?.is_file() {
        return Err(not_a_file());
    }
    let mut content = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut content)?;
    if content.len() as u64 > most {
        let cause = format!("it is larger than {most} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, cause));
    }
    Ok(content)
}

/// The failure that a finished file must survive before it takes its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sync {
    /// The death of this process: the system writes the file to the disk when it chooses.
    No,
    /// A power failure: the content is on the disk first. The folder's entry is not: the caller syncs the folder if the
    /// new name must survive too.
    Content,
}

/// Writes a file beside `path` and renames it to `path`, so that `path` always holds the old content or all of the new.
///
/// `write` fills the file, which is empty and open for writing. A file that `path` already names keeps its mode; a new
/// one gets the mode of the umask. A symbolic link at `path` is replaced, not followed.
///
/// # Errors
/// If the file cannot be created, filled, synced or renamed. `path` is then unchanged, and the partial file is removed.
pub fn write_atomically(path: &Path, sync: Sync, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let partial = partial_path(path)?;
    let mut file = OpenOptions::new().write(true).create_new(true).open(&partial)?;
    let written = write(&mut file)
        .and_then(|()| copy_mode(path, &file))
        .and_then(|()| match sync {
            Sync::No => Ok(()),
            Sync::Content => file.sync_all(),
        })
        .and_then(|()| fs::rename(&partial, path));
    if written.is_err() {
        // It is of no use, and its removal may fail for the same reason as the writing.
        let _ = fs::remove_file(&partial);
    }
    written
}

/// Copies the regular files below `from` to `to`, which is created. Files and folders whose name `keep`
/// refuses are left out, as are symbolic links and devices.
///
/// # Errors
/// If a folder cannot be listed or created, or a file cannot be copied.
pub fn copy_folder(from: &Path, to: &Path, keep: &dyn Fn(&OsStr) -> bool) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if !keep(&name) {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy_folder(&entry.path(), &to.join(&name), keep)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), to.join(&name))?;
        }
    }
    Ok(())
}

/// Returns a path beside `path` that no other call in any living process uses: `.NAME.PID.NUMBER.partial`.
fn partial_path(path: &Path) -> io::Result<PathBuf> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"))?;
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let mut partial = OsString::from(".");
    partial.push(name);
    partial.push(format!(".{}.{number}.partial", process::id()));
    let partial = path.with_file_name(partial);
    // A process with this id may have died here.
    match fs::remove_file(&partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(partial),
    }
}

/// Gives `file` the mode of the file at `path`, if there is one.
fn copy_mode(path: &Path, file: &File) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(old) if old.is_file() => file.set_permissions(old.permissions()),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn names(folder: &Path) -> Vec<OsString> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect()
    }

    #[test]
    fn replaces_the_content_and_keeps_the_mode() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("file");
        for (text, sync) in [("old", Sync::No), ("new", Sync::Content)] {
            write_atomically(&path, sync, |file| file.write_all(text.as_bytes())).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                if text == "old" {
                    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
                } else {
                    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
                }
            }
        }
        assert_eq!(names(home.path()), ["file"]);
    }

    #[test]
    fn only_regular_files_up_to_a_limit_are_read() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("file");
        fs::write(&path, "12345").unwrap();
        assert_eq!(read_bounded(&path, 5).unwrap(), b"12345");
        assert_eq!(read_bounded(&path, 4).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(
            read_bounded(home.path(), 9).unwrap_err().kind(),
            io::ErrorKind::InvalidInput
        );
        #[cfg(unix)]
        {
            let link = home.path().join("link");
            std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
            for path in [&link, Path::new("/dev/zero")] {
                assert_eq!(read_bounded(path, 9).unwrap_err().kind(), io::ErrorKind::InvalidInput);
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn others_read_what_they_are_let_read_and_nothing_else() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let mode = |name: &str| fs::metadata(home.path().join(name)).unwrap().permissions().mode() & 0o777;
        for (name, before) in [("tool", 0o722), ("table", 0o660)] {
            fs::write(home.path().join(name), "").unwrap();
            fs::set_permissions(home.path().join(name), fs::Permissions::from_mode(before)).unwrap();
        }
        let_others_read(home.path()).unwrap();
        assert_eq!((mode(""), mode("tool"), mode("table")), (0o755, 0o755, 0o644));
    }

    #[test]
    fn copies_the_files_that_are_kept() {
        let home = tempfile::tempdir().unwrap();
        let (from, to) = (home.path().join("from"), home.path().join("a/to"));
        fs::create_dir_all(from.join("inner")).unwrap();
        fs::create_dir_all(from.join(".hidden")).unwrap();
        for name in ["a.txt", "inner/b.txt", ".hidden/c.txt", ".d"] {
            fs::write(from.join(name), name).unwrap();
        }
        copy_folder(&from, &to, &|name| !name.to_string_lossy().starts_with('.')).unwrap();
        assert_eq!(fs::read_to_string(to.join("a.txt")).unwrap(), "a.txt");
        assert_eq!(fs::read_to_string(to.join("inner/b.txt")).unwrap(), "inner/b.txt");
        let mut copied = names(&to);
        copied.sort();
        assert_eq!(copied, ["a.txt", "inner"]);
    }

    #[test]
    fn an_error_leaves_the_old_content_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("file");
        fs::write(&path, "old").unwrap();
        let error = write_atomically(&path, Sync::No, |file| {
            file.write_all(b"half of the n")?;
            Err(io::ErrorKind::StorageFull.into())
        })
        .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names(home.path()), ["file"]);
    }

    #[test]
    fn a_folder_in_its_place_is_an_error() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("folder");
        fs::create_dir(&path).unwrap();
        write_atomically(&path, Sync::No, |file| file.write_all(b"x")).unwrap_err();
        assert_eq!(names(home.path()), ["folder"]);
        assert!(write_atomically(Path::new("/"), Sync::No, |_| Ok(())).is_err());
    }
}
