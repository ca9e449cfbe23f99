//! The record of an environment's files, by which it is checked before an interpreter of it is started.
//!
//! The interpreter of the cache runs outside of the sandbox too, so a file that somebody else has put there would act
//! with the user's rights. Each start checks that every file and folder belongs to the user, or to root, and that
//! nobody else may write to it, and compares two digests with the record: a quick one of names, modes, sizes and times,
//! and, only if that differs (as after a copy of the cache), one of the contents.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{InterpreterError, cache::CachePlace};

/// Why an environment is not used.
#[derive(Debug, thiserror::Error)]
pub enum TamperFault {
    /// The record of its files cannot be read.
    #[error("the record of its files, {}, is missing ({cause})", record.display())]
    NoRecord {
        /// The record.
        record: PathBuf,
        /// The reason.
        cause: io::Error,
    },
    /// There is something else in the place of the record.
    #[error("{} is not a file", .0.display())]
    RecordNotAFile(PathBuf),
    /// A file has another content, or there are other files.
    #[error("its files are not those that were installed")]
    OtherFiles,
    /// Somebody else may change a file.
    #[error("{} belongs to another user ({owner})", path.display())]
    OtherOwner {
        /// The file.
        path: PathBuf,
        /// The id of its owner.
        owner: u32,
    },
    /// Everybody, or everybody of a group, may change a file.
    #[error("other users can write to {}", .0.display())]
    Writable(PathBuf),
    /// A file cannot be looked at.
    #[error("{}: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The reason.
        cause: io::Error,
    },
    /// The folder cannot be read, or not be closed to others.
    #[error("{0}")]
    Folder(io::Error),
}

/// Records the environment in `place.building`, which is complete but for its marker.
#[cfg(unix)]
pub fn record_files(place: &CachePlace) -> std::io::Result<()> {
    let digests = unix::Digests {
        quick: unix::quick_digest(&place.building).map_err(std::io::Error::other)?,
        content: unix::content_digest(&place.building)?,
    };
    unix::write_record(&place.record, &digests)
}

#[cfg(not(unix))]
pub fn record_files(_: &CachePlace) -> std::io::Result<()> {
    Ok(())
}

/// Checks the environment in `place.folder` against its record.
///
/// # Errors
/// [`InterpreterError::Tampered`] if it is not what was built there.
pub fn check_files(place: &CachePlace) -> Result<(), InterpreterError> {
    #[cfg(unix)]
    unix::compare_with_record(place).map_err(|fault| tampered(&place.folder, fault))?;
    Ok(())
}

/// Checks that the folder of all environments is the user's, and closes it to everybody else.
///
/// # Errors
/// [`InterpreterError::Tampered`] if it belongs to somebody else.
pub fn check_folder(folder: &Path) -> Result<(), InterpreterError> {
    #[cfg(unix)]
    unix::close_to_others(folder).map_err(|fault| tampered(folder, fault))?;
    Ok(())
}

fn tampered(path: &Path, fault: TamperFault) -> InterpreterError {
    InterpreterError::Tampered {
        path: path.to_owned(),
        fault,
    }
}

#[cfg(unix)]
mod unix {
    use std::{
        ffi::OsString,
        fs::{self, Metadata, Permissions},
        io::{self, Write},
        os::unix::{
            ffi::OsStrExt,
            fs::{MetadataExt, PermissionsExt},
        },
        path::{Path, PathBuf},
    };

    use kosmos_core::{
        files::{Sync, write_atomically},
        hash::sha256_file,
    };
    use serde::{Deserialize, Serialize};
    use sha2::{Digest, Sha256};

    use super::{
        super::cache::{CachePlace, MARKER},
        TamperFault,
    };

    /// The record.
    #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub struct Digests {
        pub quick: String,
        pub content: String,
    }

    pub fn write_record(path: &Path, digests: &Digests) -> io::Result<()> {
        write_atomically(path, Sync::No, |file| {
            file.set_permissions(Permissions::from_mode(0o600))?;
            file.write_all(&serde_json::to_vec(digests)?)
        })
    }

    /// Compares the environment with its record.
    pub fn compare_with_record(place: &CachePlace) -> Result<(), TamperFault> {
        let no_record = |cause: io::Error| TamperFault::NoRecord {
            record: place.record.clone(),
            cause,
        };
        let found = fs::symlink_metadata(&place.record).map_err(no_record)?;
        check_entry(&place.record, &found)?;
        if !found.is_file() {
            return Err(TamperFault::RecordNotAFile(place.record.clone()));
        }
        let recorded: Digests = fs::read(&place.record)
            .map_err(no_record)
            .and_then(|text| serde_json::from_slice(&text).map_err(|error| no_record(error.into())))?;
        let quick = quick_digest(&place.folder)?;
        if quick == recorded.quick {
            return Ok(());
        }
        let content = content_digest(&place.folder).map_err(TamperFault::Folder)?;
        if content != recorded.content {
            return Err(TamperFault::OtherFiles);
        }
        // If it cannot be kept, the contents are compared at the next start again.
        let _ = write_record(&place.record, &Digests { quick, content });
        Ok(())
    }

    /// Returns a digest of names, modes, sizes and times. The time of the last change of a file or its mode cannot be
    /// set, so that no change goes unnoticed. The error is the first file that somebody else can write to.
    pub fn quick_digest(folder: &Path) -> Result<String, TamperFault> {
        let mut hash = Sha256::new();
        let top = fs::symlink_metadata(folder).map_err(|error| Failure(folder.to_owned(), error))?;
        check_entry(folder, &top)?;
        visit_sorted(folder, &mut |path, found| -> Result<(), TamperFault> {
            check_entry(path, found)?;
            add_name(&mut hash, folder, path);
            for number in [found.mode().into(), found.size()] {
                hash.update(number.to_le_bytes());
            }
            for time in [found.mtime(), found.mtime_nsec(), found.ctime(), found.ctime_nsec()] {
                hash.update(time.to_le_bytes());
            }
            Ok(())
        })?;
        Ok(format!("{:x}", hash.finalize()))
    }

    /// Returns a digest of names, modes and contents.
    pub fn content_digest(folder: &Path) -> io::Result<String> {
        let mut hash = Sha256::new();
        visit_sorted(folder, &mut |path, found| -> io::Result<()> {
            add_name(&mut hash, folder, path);
            hash.update(found.mode().to_le_bytes());
            if found.is_symlink() {
                hash.update(fs::read_link(path)?.as_os_str().as_bytes());
            } else if found.is_file() {
                hash.update(sha256_file(path)?);
            }
            hash.update([0]);
            Ok(())
        })?;
        Ok(format!("{:x}", hash.finalize()))
    }

    fn add_name(hash: &mut Sha256, folder: &Path, path: &Path) {
        hash.update(path.strip_prefix(folder).unwrap_or(path).as_os_str().as_bytes());
        hash.update([0]);
    }

    /// Visits everything below `folder`, links not followed, in the order of names. Its marker, which is written last,
    /// is left out.
    fn visit_sorted<E: From<Failure>>(
        folder: &Path,
        see: &mut dyn FnMut(&Path, &Metadata) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut pending: Vec<PathBuf> = vec![folder.to_owned()];
        while let Some(at) = pending.pop() {
            let failed = |error| Failure(at.clone(), error);
            let mut names: Vec<OsString> = Vec::new();
            for entry in fs::read_dir(&at).map_err(failed)? {
                names.push(entry.map_err(failed)?.file_name());
            }
            names.sort();
            for name in names {
                if at == folder && name == MARKER {
                    continue;
                }
                let path = at.join(name);
                let found = fs::symlink_metadata(&path).map_err(|error| Failure(path.clone(), error))?;
                see(&path, &found)?;
                if found.is_dir() {
                    pending.push(path);
                }
            }
        }
        Ok(())
    }

    /// A file that could not be read.
    struct Failure(PathBuf, io::Error);

    impl From<Failure> for TamperFault {
        fn from(Failure(path, cause): Failure) -> Self {
            Self::Unreadable { path, cause }
        }
    }

    impl From<Failure> for io::Error {
        fn from(Failure(_, error): Failure) -> Self {
            error
        }
    }

    /// Checks that nobody but the user and root can change a file.
    fn check_entry(path: &Path, found: &Metadata) -> Result<(), TamperFault> {
        let owner = found.uid();
        if owner != current_user() && owner != 0 {
            let path = path.to_owned();
            return Err(TamperFault::OtherOwner { path, owner });
        }
        // The mode of a link means nothing.
        if !found.is_symlink() && found.mode() & 0o022 != 0 {
            return Err(TamperFault::Writable(path.to_owned()));
        }
        Ok(())
    }

    pub fn close_to_others(folder: &Path) -> Result<(), TamperFault> {
        let found = fs::symlink_metadata(folder).map_err(TamperFault::Folder)?;
        if found.uid() == current_user() && found.mode() & 0o077 != 0 {
            return fs::set_permissions(folder, Permissions::from_mode(0o700)).map_err(TamperFault::Folder);
        }
        check_entry(folder, &found)
    }

    #[cfg(target_os = "linux")]
    fn current_user() -> u32 {
        rustix::process::geteuid().as_raw()
    }

    /// A file of this process shows who it runs as.
    #[cfg(not(target_os = "linux"))]
    fn current_user() -> u32 {
        std::env::home_dir()
            .and_then(|home| fs::metadata(home).ok())
            .map_or(0, |found| found.uid())
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::{
        fs,
        os::unix::fs::{PermissionsExt, symlink},
        time::{Duration, SystemTime},
    };

    use super::{super::cache::EnvironmentCache, *};

    fn built(home: &Path) -> CachePlace {
        let place = EnvironmentCache::open(Some(home)).unwrap().place("python-x");
        fs::create_dir_all(place.building.join("bin")).unwrap();
        fs::write(place.building.join("bin/tool"), "#!/bin/sh\n").unwrap();
        symlink("/usr/bin/python3", place.building.join("bin/python")).unwrap();
        for path in ["", "bin", "bin/tool"] {
            fs::set_permissions(place.building.join(path), fs::Permissions::from_mode(0o755)).unwrap();
        }
        record_files(&place).unwrap();
        place.move_into_place().unwrap();
        place
    }

    fn refused(place: &CachePlace) -> String {
        let error = check_files(place).unwrap_err();
        assert!(error.help().unwrap().contains("remove"), "{error}");
        error.to_string()
    }

    #[test]
    fn what_was_built_is_used_also_after_a_copy() {
        let home = tempfile::tempdir().unwrap();
        let place = built(home.path());
        check_files(&place).unwrap();
        let before = fs::read(&place.record).unwrap();
        // Other times, the same contents.
        let tool = place.folder.join("bin/tool");
        fs::write(&tool, "#!/bin/sh\n").unwrap();
        let file = fs::File::options().write(true).open(&tool).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(1000))
            .unwrap();
        check_files(&place).unwrap();
        assert_ne!(fs::read(&place.record).unwrap(), before);
        check_files(&place).unwrap();
    }

    #[test]
    fn what_was_changed_is_refused() {
        type Change = fn(&CachePlace);
        let changes: [(&str, Change); 7] = [
            ("not those that were installed", |place| {
                fs::write(place.folder.join("bin/tool"), "#!/bin/no\n").unwrap();
            }),
            ("not those that were installed", |place| {
                fs::write(place.folder.join("bin/site.pth"), "import evil").unwrap();
            }),
            ("not those that were installed", |place| {
                fs::remove_file(place.folder.join("bin/python")).unwrap();
                symlink("/tmp/python", place.folder.join("bin/python")).unwrap();
            }),
            ("can write to", |place| {
                fs::set_permissions(place.folder.join("bin/tool"), fs::Permissions::from_mode(0o777)).unwrap();
            }),
            ("can write to", |place| {
                fs::set_permissions(&place.folder, fs::Permissions::from_mode(0o775)).unwrap();
            }),
            ("is missing", |place| fs::remove_file(&place.record).unwrap()),
            ("can write to", |place| {
                fs::set_permissions(&place.record, fs::Permissions::from_mode(0o666)).unwrap();
            }),
        ];
        for (reason, change) in changes {
            let home = tempfile::tempdir().unwrap();
            let place = built(home.path());
            change(&place);
            let told = refused(&place);
            assert!(told.contains(reason), "{told}");
        }
    }

    #[test]
    fn the_folder_of_environments_is_private() {
        let home = tempfile::tempdir().unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o777)).unwrap();
        check_folder(home.path()).unwrap();
        let mode = fs::metadata(home.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        if std::os::unix::fs::chown(home.path(), Some(12345), None).is_ok() {
            let told = check_folder(home.path()).unwrap_err().to_string();
            assert!(told.contains("belongs to another user (12345)"), "{told}");
        }
    }
}
