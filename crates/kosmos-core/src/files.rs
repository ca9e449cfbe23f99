//! Writes files so that no reader and no crash ever sees half of one, and copies folders.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

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
