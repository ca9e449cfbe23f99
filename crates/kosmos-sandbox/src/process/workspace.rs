//! The script's workspace: its size while the script runs, and what is copied from it to the host's folder afterwards.
//!
//! It is a filesystem in memory of a fixed size, mounted by process 1 in its own tree, see `root`. Kosmos holds a
//! descriptor of its folder, which keeps it after the tree is gone.

use std::{
    collections::BTreeSet,
    ffi::{CStr, CString},
    fs::{self, File, OpenOptions},
    io::{self, Read},
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::fs::PermissionsExt,
    },
    path::Path,
    sync::OnceLock,
};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, chmodat, fchmod, fstatvfs, openat, statat};

use super::policy::Identity;
use kosmos_core::removal::remove_tree;

use crate::{Caps, Refused, SandboxError};

/// Files up to this size that are unchanged are not written again, in bytes.
const COMPARED: u64 = 1 << 20;

/// Files of earlier jobs are inputs of later ones, whose user is another if Kosmos is root. The folder of the run keeps
/// all others out.
const READABLE: u32 = 0o644;

/// The size of a workspace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WorkspaceSize {
    pub bytes: u64,
    pub files: u64,
    /// The size of the largest file; known after the end only.
    pub largest: u64,
    /// True if it holds no more bytes or no more files.
    pub full: bool,
}

/// The workspace of one job or session, empty until process 1 has shared it.
#[derive(Debug, Default)]
pub struct OpenWorkspace {
    folder: OnceLock<OwnedFd>,
}

impl OpenWorkspace {
    /// Takes the folder from what process 1 has shared.
    pub fn fill(&self, shared: Vec<OwnedFd>) {
        if let Some(folder) = shared.into_iter().next() {
            // It is shared once.
            let _ = self.folder.set(folder);
        }
    }

    /// Returns its size by the filesystem's own count, which includes files that no folder lists. Nothing before it is
    /// shared.
    pub fn measure(&self) -> WorkspaceSize {
        let Some(found) = self.folder.get().and_then(|folder| fstatvfs(folder).ok()) else {
            return WorkspaceSize::default();
        };
        WorkspaceSize {
            bytes: found
                .f_blocks
                .saturating_sub(found.f_bfree)
                .saturating_mul(found.f_frsize),
            // The folder itself is one.
            files: found.f_files.saturating_sub(found.f_ffree).saturating_sub(1),
            largest: 0,
            full: found.f_bavail == 0 || found.f_ffree == 0,
        }
    }

    /// Replaces the contents of the folder `host` by the regular files of the workspace, and returns the size of that
    /// and what was left behind: links, pipes, sockets, names that are not UTF-8, and whatever exceeds `caps`. No link
    /// is followed. Call it when the processes inside have ended.
    pub fn copy_out(
        &self,
        host: &Path,
        identity: Identity,
        caps: &Caps,
    ) -> Result<(WorkspaceSize, Vec<Refused>), SandboxError> {
        let Some(folder) = self.folder.get() else {
            return Ok(Default::default());
        };
        let mut size = self.measure();
        let mut copying = Copying {
            caps,
            readable: !identity.is_mapped(),
            unchanged: BTreeSet::new(),
            files: 0,
            total: 0,
            largest: 0,
            refused: Vec::new(),
        };
        open_up(folder.as_fd()).map_err(SandboxError::on_host("open the workspace of", host))?;
        copying.clear(folder.as_fd(), host)?;
        copying.copy_folder(folder.as_fd(), host, "", 0)?;
        size.largest = copying.largest;
        copying.refused.sort_by(|a, b| a.name.cmp(&b.name));
        Ok((size, copying.refused))
    }
}

struct Copying<'a> {
    caps: &'a Caps,
    /// True if others must be able to read the files.
    readable: bool,
    /// The files directly in the folder that need not be copied.
    unchanged: BTreeSet<CString>,
    files: usize,
    total: u64,
    largest: u64,
    refused: Vec<Refused>,
}

impl Copying<'_> {
    /// Removes everything in `host` but the files that the workspace holds unchanged.
    fn clear(&mut self, folder: BorrowedFd<'_>, host: &Path) -> Result<(), SandboxError> {
        for entry in fs::read_dir(host).map_err(SandboxError::on_host("clear", host))? {
            let entry = entry.map_err(SandboxError::on_host("clear", host))?;
            let path = entry.path();
            let kind = entry.file_type().map_err(SandboxError::on_host("clear", &path))?;
            let name = CString::new(entry.file_name().into_encoded_bytes()).unwrap_or_default();
            let removed = if kind.is_file() && holds_same(folder, &name, &path) {
                self.unchanged.insert(name);
                Ok(())
            } else if kind.is_dir() {
                remove_tree(&path)
            } else {
                fs::remove_file(&path)
            };
            removed.map_err(SandboxError::on_host("clear", &path))?;
        }
        Ok(())
    }

    fn copy_folder(
        &mut self,
        folder: BorrowedFd<'_>,
        host: &Path,
        prefix: &str,
        depth: usize,
    ) -> Result<(), SandboxError> {
        for name in sorted_names(folder).map_err(SandboxError::on_host("list the workspace of", host))? {
            let failed = |action| SandboxError::on_host(action, host.join(&*name.to_string_lossy()));
            let found =
                statat(folder, &name, AtFlags::SYMLINK_NOFOLLOW).map_err(|error| failed("examine")(error.into()))?;
            let kind = FileType::from_raw_mode(found.st_mode);
            if kind.is_file() {
                self.largest = self.largest.max(found.st_size.unsigned_abs());
            }
            let Ok(plain) = name.to_str() else {
                self.refuse(format!("{prefix}{}", name.to_string_lossy()), "its name is not UTF-8");
                continue;
            };
            let shown = format!("{prefix}{plain}");
            let target = host.join(plain);
            match kind {
                FileType::Directory if depth >= self.caps.depth => self.refuse(shown, "it is too deep"),
                FileType::Directory => {
                    let inner = open_folder(folder, &name).map_err(failed("open"))?;
                    fs::create_dir(&target).map_err(failed("write"))?;
                    self.copy_folder(inner.as_fd(), &target, &format!("{shown}/"), depth + 1)?;
                }
                FileType::RegularFile => {
                    if let Some(reason) = self.over_caps(&found) {
                        self.refuse(shown, reason);
                        if depth == 0 && self.unchanged.remove(&name) {
                            fs::remove_file(&target).map_err(failed("clear"))?;
                        }
                        continue;
                    }
                    self.files += 1;
                    self.total += found.st_size.unsigned_abs();
                    if depth > 0 || !self.unchanged.contains(&name) {
                        copy_file(folder, &name, &found, &target, self.readable).map_err(failed("write"))?;
                    }
                }
                FileType::Symlink => self.refuse(shown, "it is a symbolic link"),
                _ => self.refuse(shown, "it is not a regular file"),
            }
        }
        Ok(())
    }

    fn over_caps(&self, found: &Stat) -> Option<&'static str> {
        let bytes = found.st_size.unsigned_abs();
        if self.files >= self.caps.files {
            Some("there are too many files")
        } else if bytes > self.caps.file_bytes {
            Some("it is too large")
        } else if self.total.saturating_add(bytes) > self.caps.total_bytes {
            Some("the files are too large together")
        } else {
            None
        }
    }

    fn refuse(&mut self, name: String, reason: &str) {
        let reason = reason.to_owned();
        self.refused.push(Refused { name, reason });
    }
}

/// Makes a folder readable again, which the script may have closed.
fn open_up(folder: BorrowedFd<'_>) -> io::Result<()> {
    Ok(fchmod(folder, Mode::RWXU)?)
}

fn open_folder(folder: BorrowedFd<'_>, name: &CStr) -> io::Result<OwnedFd> {
    chmodat(folder, name, Mode::RWXU, AtFlags::empty())?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(openat(folder, name, flags, Mode::empty())?)
}

/// Opens a file that was seen to be regular.
fn open_file(folder: BorrowedFd<'_>, name: &CStr, found: &Stat) -> io::Result<File> {
    let readable = Mode::RUSR | Mode::WUSR;
    if !Mode::from_raw_mode(found.st_mode).contains(readable) {
        chmodat(folder, name, readable, AtFlags::empty())?;
    }
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(openat(folder, name, flags, Mode::empty())?.into())
}

fn copy_file(folder: BorrowedFd<'_>, name: &CStr, found: &Stat, target: &Path, readable: bool) -> io::Result<()> {
    let mut from = open_file(folder, name, found)?.take(found.st_size.unsigned_abs());
    let mut to = OpenOptions::new().write(true).create_new(true).open(target)?;
    if readable {
        to.set_permissions(fs::Permissions::from_mode(READABLE))?;
    }
    io::copy(&mut from, &mut to).map(drop)
}

/// Returns true if the file `name` of the workspace has the content of `host`.
fn holds_same(folder: BorrowedFd<'_>, name: &CStr, host: &Path) -> bool {
    let read = || -> io::Result<bool> {
        let found = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
        let bytes = fs::symlink_metadata(host)?.len();
        let kind = FileType::from_raw_mode(found.st_mode);
        if !kind.is_file() || found.st_size.unsigned_abs() != bytes || bytes > COMPARED {
            return Ok(false);
        }
        let (mut inside, mut outside) = (Vec::new(), Vec::new());
        open_file(folder, name, &found)?.take(bytes).read_to_end(&mut inside)?;
        File::open(host)?.take(bytes).read_to_end(&mut outside)?;
        Ok(inside == outside)
    };
    // A file that cannot be compared is written again, which says why if that fails too.
    read().unwrap_or(false)
}

fn sorted_names(folder: BorrowedFd<'_>) -> io::Result<Vec<CString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let name = entry?.file_name().to_owned();
        if !matches!(name.to_bytes(), b"." | b"..") {
            names.push(name);
        }
    }
    // Which files exceed the caps must not depend on the order in memory.
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    const MAPPED: Identity = Identity::Mapped { uid: 0, gid: 0 };

    fn opened(folder: &Path) -> OpenWorkspace {
        let workspace = OpenWorkspace::default();
        workspace.fill(vec![File::open(folder).unwrap().into()]);
        workspace
    }

    fn copied(inside: &Path, host: &Path, caps: &Caps) -> (Vec<String>, Vec<(String, String)>) {
        let (_, refused) = opened(inside).copy_out(host, MAPPED, caps).unwrap();
        let found = crate::collect_artefacts(host, &Caps::default()).unwrap();
        let files = found.artefacts.into_iter().map(|file| file.name.to_string()).collect();
        assert!(found.refused.is_empty(), "{:?}", found.refused);
        (files, refused.into_iter().map(|one| (one.name, one.reason)).collect())
    }

    #[test]
    fn regular_files_replace_what_was_there() {
        let home = tempfile::tempdir().unwrap();
        let (inside, host) = (home.path().join("inside"), home.path().join("host"));
        fs::create_dir_all(inside.join("figures")).unwrap();
        fs::create_dir_all(host.join("old/deep")).unwrap();
        fs::write(home.path().join("secret"), "secret").unwrap();
        for (name, text) in [("script.py", "same"), ("result.json", "1"), ("figures/a.svg", "<svg/>")] {
            fs::write(inside.join(name), text).unwrap();
        }
        fs::write(host.join("script.py"), "same").unwrap();
        fs::write(host.join("gone"), "x").unwrap();
        symlink(home.path().join("secret"), inside.join("stolen")).unwrap();
        symlink(home.path(), inside.join("folder")).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, inside.join("pipe"), FileType::Fifo, Mode::RUSR, 0).unwrap();
        fs::set_permissions(inside.join("figures"), fs::Permissions::from_mode(0o0)).unwrap();
        let before = fs::metadata(host.join("script.py")).unwrap().modified().unwrap();

        let (files, refused) = copied(&inside, &host, &Caps::default());
        assert_eq!(files, ["figures/a.svg", "result.json", "script.py"]);
        let refused: Vec<_> = refused.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(refused, ["folder", "pipe", "stolen"]);
        assert_eq!(
            fs::metadata(host.join("script.py")).unwrap().modified().unwrap(),
            before
        );
    }

    #[test]
    fn caps_hold_for_what_is_copied() {
        let home = tempfile::tempdir().unwrap();
        let (inside, host) = (home.path().join("inside"), home.path().join("host"));
        fs::create_dir_all(inside.join("d/e")).unwrap();
        fs::create_dir_all(&host).unwrap();
        for name in ["a", "b", "c"] {
            fs::write(inside.join(name), "12345").unwrap();
            fs::write(host.join(name), "12345").unwrap();
        }
        fs::write(inside.join("d/e/f"), "1").unwrap();
        fs::write(inside.join("large"), vec![0; 64]).unwrap();
        let caps = Caps {
            total_bytes: 10,
            file_bytes: 20,
            depth: 1,
            ..Caps::default()
        };
        let (files, refused) = copied(&inside, &host, &caps);
        assert_eq!(files, ["a", "b"]);
        let refused: Vec<_> = refused.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(refused, ["c", "d/e", "large"]);
    }

    #[test]
    fn nothing_is_touched_before_there_is_a_workspace() {
        let host = tempfile::tempdir().unwrap();
        fs::write(host.path().join("script.py"), "x").unwrap();
        let none = OpenWorkspace::default();
        let (size, refused) = none.copy_out(host.path(), MAPPED, &Caps::default()).unwrap();
        assert_eq!((size, refused.len()), (WorkspaceSize::default(), 0));
        assert!(host.path().join("script.py").exists());
    }
}
