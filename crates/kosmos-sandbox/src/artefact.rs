//! The files that a job left behind.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read},
    path::Path,
};

use kosmos_core::{plain_path::PlainPath, removal::remove_tree};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{ResourceLimits, SandboxError};

/// A regular file in a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectedFile {
    /// Its path relative to the workspace.
    pub name: PlainPath,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its content, in hexadecimal.
    pub sha256: String,
}

/// An entry of a workspace that was removed instead of collected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Its path relative to the workspace; bytes that are not UTF-8 are shown as U+FFFD.
    pub name: String,
    /// The reason.
    pub reason: String,
}

/// The contents of a workspace after a job.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collected {
    /// The files, sorted by name.
    pub artefacts: Vec<CollectedFile>,
    /// The entries that were removed instead, sorted by name.
    pub refused: Vec<Refused>,
}

/// Limits on what is collected; entries beyond them are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Number of files.
    pub files: usize,
    /// Bytes of one file.
    pub file_bytes: u64,
    /// Bytes of all files together.
    pub total_bytes: u64,
    /// Folders within folders.
    pub depth: usize,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            files: 1_000,
            file_bytes: 256 << 20,
            total_bytes: 512 << 20,
            depth: 8,
        }
    }
}

impl Caps {
    /// Returns the limits for what a job with `limits` may leave: files with holes take little room in its workspace,
    /// and would take all of their size outside.
    pub(crate) fn within(limits: &ResourceLimits) -> Self {
        let all = Self::default();
        Self {
            file_bytes: limits.file_bytes,
            total_bytes: all.total_bytes.max(limits.file_bytes).min(limits.workspace_bytes),
            ..all
        }
    }
}

/// Collects the regular files under `dir` and removes all else: links, pipes, sockets, devices, files whose paths
/// are not plain, and files beyond `caps`. Links are never followed. Set-user-id and
/// set-group-id bits are cleared, and only the owner keeps write permission.
///
/// Call it when the job has ended: nothing may change `dir` in the meantime.
///
/// # Errors
/// If a folder cannot be listed, or a file can be neither read nor removed.
pub fn collect_artefacts(dir: &Path, caps: &Caps) -> Result<Collected, SandboxError> {
    let mut walk = Walk {
        caps,
        total: 0,
        found: Collected::default(),
    };
    walk.visit_folder(dir, "", 0)?;
    walk.found.artefacts.sort_by(|a, b| a.name.cmp(&b.name));
    walk.found.refused.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(walk.found)
}

struct Walk<'a> {
    caps: &'a Caps,
    total: u64,
    found: Collected,
}

impl Walk<'_> {
    fn visit_folder(&mut self, dir: &Path, prefix: &str, depth: usize) -> Result<(), SandboxError> {
        let mut entries = fs::read_dir(dir)
            .and_then(Iterator::collect::<io::Result<Vec<_>>>)
            .map_err(SandboxError::on_host("list", dir))?;
        // Which files exceed the caps must not depend on the order on disk.
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            let kind = entry.file_type().map_err(SandboxError::on_host("examine", &path))?;
            let Ok(name) = entry.file_name().into_string() else {
                let shown = format!("{prefix}{}", entry.file_name().to_string_lossy());
                self.remove_and_record(&path, shown, "its name is not UTF-8", kind.is_dir())?;
                continue;
            };
            let name = format!("{prefix}{name}");
            let Ok(inside) = name.parse::<PlainPath>() else {
                let reason = "its path has a control character, or is too long";
                self.remove_and_record(&path, name, reason, kind.is_dir())?;
                continue;
            };
            if kind.is_dir() {
                if depth >= self.caps.depth {
                    self.remove_and_record(&path, name, "it is too deep", true)?;
                } else {
                    restrict_mode(&path, 0o700)?;
                    self.visit_folder(&path, &format!("{name}/"), depth + 1)?;
                }
            } else if kind.is_file() {
                self.visit_file(&path, inside)?;
            } else if kind.is_symlink() {
                self.remove_and_record(&path, name, "it is a symbolic link", false)?;
            } else {
                self.remove_and_record(&path, name, "it is not a regular file", false)?;
            }
        }
        Ok(())
    }

    fn visit_file(&mut self, path: &Path, name: PlainPath) -> Result<(), SandboxError> {
        let bytes = fs::symlink_metadata(path)
            .map_err(SandboxError::on_host("examine", path))?
            .len();
        let refused = match () {
            () if self.found.artefacts.len() >= self.caps.files => Some("there are too many files"),
            () if bytes > self.caps.file_bytes => Some("it is too large"),
            () if self.total.saturating_add(bytes) > self.caps.total_bytes => Some("the files are too large together"),
            () => None,
        };
        if let Some(reason) = refused {
            return self.remove_and_record(path, name.to_string(), reason, false);
        }
        restrict_mode(path, 0o600)?;
        let sha256 = open_no_follow(path)
            .and_then(hash_file)
            .map_err(SandboxError::on_host("read", path))?;
        self.total += bytes;
        self.found.artefacts.push(CollectedFile { name, bytes, sha256 });
        Ok(())
    }

    fn remove_and_record(
        &mut self,
        path: &Path,
        name: String,
        reason: &str,
        is_folder: bool,
    ) -> Result<(), SandboxError> {
        if is_folder {
            remove_tree(path)
        } else {
            fs::remove_file(path)
        }
        .map_err(SandboxError::on_host("remove", path))?;
        let reason = reason.to_owned();
        self.found.refused.push(Refused { name, reason });
        Ok(())
    }
}

/// Gives the owner the permissions `bits`, and clears set-id and sticky bits and the write permission of others.
fn restrict_mode(path: &Path, bits: u32) -> Result<(), SandboxError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let examined = fs::symlink_metadata(path);
        let mode = examined
            .map_err(SandboxError::on_host("examine", path))?
            .permissions()
            .mode();
        let wanted = (mode & 0o755) | bits;
        if mode & 0o7777 != wanted {
            set_mode(path, wanted).map_err(SandboxError::on_host("change the mode of", path))?;
        }
    }
    #[cfg(not(unix))]
    let _ = (path, bits);
    Ok(())
}

fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
    }
    #[cfg(not(unix))]
    {
        let _ = (path, mode);
        Ok(())
    }
}

/// Opens a file that was seen to be regular. If it has become a link or a pipe since, this neither follows it nor
/// waits.
fn open_no_follow(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.custom_flags(flags.bits() as i32);
    }
    options.open(path)
}

fn hash_file(mut file: File) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            return Ok(format!("{:x}", hash.finalize()));
        }
        hash.update(buffer.get(..n).unwrap_or_default());
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn regular_files_alone_are_collected() {
        let home = tempfile::tempdir().unwrap();
        let outside = home.path().join("secret");
        fs::write(&outside, "secret").unwrap();
        let dir = home.path().join("work");
        fs::create_dir_all(dir.join("figures")).unwrap();
        fs::write(dir.join("result.json"), "abc").unwrap();
        fs::write(dir.join("figures/a.png"), "").unwrap();
        fs::set_permissions(dir.join("result.json"), fs::Permissions::from_mode(0o6755)).unwrap();
        symlink(&outside, dir.join("stolen")).unwrap();
        symlink(home.path(), dir.join("folder")).unwrap();
        fs::write(dir.join("line\nbreak"), "").unwrap();

        let found = collect_artefacts(&dir, &Caps::default()).unwrap();
        let names: Vec<_> = found.artefacts.iter().map(|a| a.name.as_str()).collect();
        assert_eq!(names, ["figures/a.png", "result.json"]);
        assert_eq!(
            found.artefacts[1].sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        let refused: Vec<_> = found.refused.iter().map(|refused| refused.name.as_str()).collect();
        assert_eq!(refused, ["folder", "line\nbreak", "stolen"]);
        for name in refused {
            assert!(fs::symlink_metadata(dir.join(name)).is_err(), "{name}");
        }
        assert!(outside.exists());
        let mode = fs::metadata(dir.join("result.json")).unwrap().permissions();
        assert_eq!(mode.mode() & 0o7777, 0o755);
    }

    #[test]
    fn caps_refuse_what_goes_beyond() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path();
        for name in ["a", "b", "c"] {
            fs::write(dir.join(name), "12345").unwrap();
        }
        fs::create_dir_all(dir.join("d/e")).unwrap();
        fs::write(dir.join("d/e/f"), "1").unwrap();
        fs::set_permissions(dir.join("d/e"), fs::Permissions::from_mode(0o0)).unwrap();
        let caps = Caps {
            total_bytes: 10,
            depth: 1,
            ..Caps::default()
        };
        let found = collect_artefacts(dir, &caps).unwrap();
        let refused: Vec<_> = found.refused.iter().map(|r| r.name.as_str()).collect();
        assert_eq!(found.artefacts.len(), 2);
        assert_eq!(refused, ["c", "d/e"]);
    }
}
