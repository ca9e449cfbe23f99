//! Content-addressed files, for content that is too large for the database.

use std::io::{self, ErrorKind};

use kosmos_core::{
    disk::is_disk_fault,
    failpoint,
    files::Sync,
    hash::sha256_hex,
    plain_path::{ContentHash, PlainPath},
    run_dir::RunDir,
    run_files,
};

use super::{Durability, JournalError};

/// `<run>/blobs/`: files named by the SHA-256 of their content, stored once.
#[derive(Debug, Clone)]
pub struct Blobs {
    run: RunDir,
    durability: Durability,
}

impl Blobs {
    /// The files of a run, to be read; their folder need not exist.
    pub fn of_run(run: RunDir) -> Self {
        Self {
            run,
            durability: Durability::Process,
        }
    }

    /// The files of a run, to be read and added to: the folder is made if needed. Files survive the death of the
    /// process, not a power failure.
    ///
    /// # Errors
    /// If the folder cannot be made.
    pub fn create(run: RunDir) -> Result<Self, JournalError> {
        let folder = PlainPath::of(run_files::BLOBS);
        run.create_folders(&folder).map_err(|source| JournalError::Io {
            path: run.place_of(&folder),
            source,
        })?;
        Ok(Self::of_run(run))
    }

    /// Makes files that are stored from now on survive as `durability` says.
    #[must_use]
    pub fn with_durability(self, durability: Durability) -> Self {
        Self { durability, ..self }
    }

    /// Returns what stored files survive.
    pub fn durability(&self) -> Durability {
        self.durability
    }

    /// Returns the run's folder.
    pub fn run_dir(&self) -> &RunDir {
        &self.run
    }

    /// Stores `content` and returns its hash. Content that is stored already is not written again.
    pub fn put(&self, content: &[u8]) -> Result<String, JournalError> {
        let sha256 = sha256_hex(content);
        let inside = PlainPath::of(run_files::BLOBS).join_id(&sha256);
        if self.run.has_file(&inside) {
            return Ok(sha256);
        }
        let sync = match self.durability {
            Durability::Process => Sync::No,
            Durability::Power => Sync::Content,
        };
        check_size(content)
            .and_then(|()| {
                self.run
                    .write_atomically(&inside, sync, |file| failpoint::write_all(file, "blob", content))
            })
            .and_then(|()| {
                failpoint::crash("blob.placed", "");
                self.durability.sync_names(&self.run, inside.parent().as_ref())
            })
            .map_err(|source| JournalError::Io {
                path: self.run.place_of(&inside),
                source,
            })?;
        Ok(sha256)
    }

    /// Returns true if there is a file of that hash. Its content is not checked.
    pub fn has(&self, sha256: &str) -> bool {
        path_of(sha256).is_some_and(|inside| self.run.has_file(&inside))
    }

    /// Returns the content of that hash, after checking it. A text that is no hash is one of a missing file.
    pub fn get(&self, sha256: &str) -> Result<Vec<u8>, JournalError> {
        let missing = || JournalError::Blob {
            sha256: sha256.to_owned(),
        };
        let inside = path_of(sha256).ok_or_else(missing)?;
        let read = failpoint::fault("blob.read").and_then(|()| self.run.read(&inside, run_files::BLOB_BYTES));
        let content = match read {
            Err(source) if is_disk_fault(&source) => {
                let path = self.run.place_of(&inside);
                return Err(JournalError::Io { path, source });
            }
            read => read.map_err(|_| missing())?,
        };
        match sha256_hex(&content) == sha256 {
            true => Ok(content),
            false => Err(missing()),
        }
    }
}

/// The place of the file of that hash; none if the text is no hash.
fn path_of(sha256: &str) -> Option<PlainPath> {
    let hash: ContentHash = sha256.parse().ok()?;
    Some(PlainPath::of(run_files::BLOBS).join_id(hash))
}

/// Larger ones could not be read again.
fn check_size(content: &[u8]) -> io::Result<()> {
    match content.len() as u64 > run_files::BLOB_BYTES {
        true => Err(ErrorKind::FileTooLarge.into()),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    #[test]
    fn only_files_named_by_their_content_are_read() {
        let desk = tempfile::tempdir().unwrap();
        let (folder, outside) = (desk.path().join("run"), desk.path().join("outside"));
        fs::create_dir(&folder).unwrap();
        fs::write(&outside, "secret").unwrap();
        let run = RunDir::open(&folder).unwrap();
        // Reading makes no folder.
        let unread = Blobs::of_run(run.clone());
        assert!(unread.get(&sha256_hex("x")).is_err() && !folder.join("blobs").exists());

        let blobs = Blobs::create(run).unwrap();
        let kept = blobs.put(b"kept").unwrap();
        assert_eq!(blobs.get(&kept).unwrap(), b"kept");
        let linked = sha256_hex("secret");
        symlink(&outside, folder.join("blobs").join(&linked)).unwrap();
        symlink("/dev/zero", folder.join("blobs").join(sha256_hex("zero"))).unwrap();
        for bad in [
            linked.as_str(),
            &sha256_hex("zero"),
            "../../outside",
            "/dev/zero",
            "",
            "..",
        ] {
            assert!(matches!(blobs.get(bad), Err(JournalError::Blob { .. })), "{bad}");
            assert!(!blobs.has(bad), "{bad}");
        }
        // A link in its place is replaced, and what it leads to stays as it is.
        assert_eq!(blobs.put(b"secret").unwrap(), linked);
        assert!(!folder.join("blobs").join(&linked).is_symlink());
        fs::remove_dir_all(folder.join("blobs")).unwrap();
        symlink(desk.path(), folder.join("blobs")).unwrap();
        assert!(blobs.put(b"more").is_err() && Blobs::create(blobs.run_dir().clone()).is_err());
        assert_eq!(fs::read_dir(desk.path()).unwrap().count(), 2);
    }
}
