//! Content hashes.

use std::{
    io::{self, Read},
    path::Path,
};

use sha2::{Digest, Sha256};

use crate::regular_file::open_regular_file;

/// Returns the SHA-256 of `bytes` as 64 lower-case hexadecimal digits.
pub fn sha256_hex(bytes: impl AsRef<[u8]>) -> String {
    format!("{:x}", Sha256::digest(bytes.as_ref()))
}

/// Returns the SHA-256 of a regular file as 64 lower-case hexadecimal digits. The file is read in pieces of 1 MiB.
///
/// # Errors
/// If the file cannot be opened or read, or is a pipe, a device or a folder.
pub fn sha256_file(path: &Path) -> io::Result<String> {
    let mut file = open_regular_file(path)?;
    let mut hasher = Sha256::new();
    let mut piece = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut piece)?;
        match piece.get(..read) {
            Some(bytes) if read > 0 => hasher.update(bytes),
            _ => return Ok(format!("{:x}", hasher.finalize())),
        }
    }
}
