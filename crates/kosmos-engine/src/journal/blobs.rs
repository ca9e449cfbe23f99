//! Content-addressed files, for content that is too large for the database.

use std::{fs, path::PathBuf};

use kosmos_core::{
    disk::is_disk_fault,
    failpoint,
    files::{Sync, write_atomically},
    hash::sha256_hex,
};

use super::{Durability, JournalError};

/// `<run>/blobs/`: files named by the SHA-256 of their content, stored once.
#[derive(Debug, Clone)]
pub struct Blobs {
    folder: PathBuf,
    durability: Durability,
}

impl Blobs {
    /// Opens the folder to be read; it need not exist.
    pub(super) fn at(folder: PathBuf) -> Self {
        Self {
            folder,
            durability: Durability::Process,
        }
    }

    /// Opens the folder, and creates it if needed. Files survive the death of the process, not a power failure.
    pub fn open(folder: PathBuf) -> Result<Self, JournalError> {
        fs::create_dir_all(&folder).map_err(|source| JournalError::Io {
            path: folder.clone(),
            source,
        })?;
        Ok(Self::at(folder))
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

    /// Stores `content` and returns its hash. Content that is stored already is not written again.
    pub fn put(&self, content: &[u8]) -> Result<String, JournalError> {
        let sha256 = sha256_hex(content);
        let path = self.folder.join(&sha256);
        if path.exists() {
            return Ok(sha256);
        }
        let sync = match self.durability {
            Durability::Process => Sync::No,
            Durability::Power => Sync::Content,
        };
        write_atomically(&path, sync, |file| failpoint::write_all(file, "blob", content))
            .and_then(|()| {
                failpoint::crash("blob.placed", "");
                self.durability.sync_names(&self.folder)
            })
            .map_err(|source| JournalError::Io {
                path: path.clone(),
                source,
            })?;
        Ok(sha256)
    }

    /// Returns true if there is a file of that hash. Its content is not checked.
    pub fn has(&self, sha256: &str) -> bool {
        self.folder.join(sha256).is_file()
    }

    /// Returns the content of that hash, after checking it.
    pub fn get(&self, sha256: &str) -> Result<Vec<u8>, JournalError> {
        let missing = || JournalError::Blob {
            sha256: sha256.to_owned(),
        };
        let path = self.folder.join(sha256);
        let content = match failpoint::fault("blob.read").and_then(|()| fs::read(&path)) {
            Err(source) if is_disk_fault(&source) => return Err(JournalError::Io { path, source }),
            read => read.map_err(|_| missing())?,
        };
        if sha256_hex(&content) == sha256 {
            Ok(content)
        } else {
            Err(missing())
        }
    }
}
