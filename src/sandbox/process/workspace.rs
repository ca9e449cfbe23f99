//! The host's folder that is the script's workspace: whose it is, and how full.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt, lchown},
    path::{Path, PathBuf},
};

use super::policy::Identity;

/// The size of a workspace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    pub bytes: u64,
    pub files: u64,
    /// Of the largest file.
    pub largest: u64,
}

/// Adds up what is in `dir`, without following links, until more than `most` files were seen.
///
/// The script may be changing it meanwhile: what vanishes is not counted. A folder that cannot be listed
/// counts as endless, for anything may be in it.
pub fn measure(dir: &Path, most: u64) -> Size {
    let mut size = Size::default();
    let closed = walk(dir, &mut |path| {
        if let Ok(found) = fs::symlink_metadata(path) {
            size.files += 1;
            if found.is_file() {
                // What it takes on disk: a file with holes is not what it claims to be.
                size.bytes += found.blocks() * 512;
                size.largest = size.largest.max(found.len());
            }
        }
        size.files <= most
    });
    if closed {
        size.files = u64::MAX;
    }
    size
}

/// Gives `dir` and everything in it to the user whom the script runs as, if that is another one. The
/// result is the folder's mode, for [`take_back`].
pub fn hand_over(dir: &Path, identity: Identity) -> io::Result<u32> {
    let mode = fs::metadata(dir)?.mode();
    if let Identity::Switched { uid, gid } = identity {
        give(dir, uid, gid)?;
    }
    Ok(mode)
}

/// Gives everything back to the user whom kosmos runs as, opens folders that the script has closed, and
/// gives the workspace itself its former `mode`. Call it when the script has ended.
pub fn take_back(dir: &Path, identity: Identity, mode: u32) -> io::Result<()> {
    fs::set_permissions(dir, fs::Permissions::from_mode(mode & 0o7777))?;
    if identity.is_mapped() {
        // A folder is visited before it is listed, which is what it is opened for.
        walk(dir, &mut |path| {
            if let Ok(found) = fs::symlink_metadata(path)
                && found.is_dir()
                && found.mode() & 0o700 != 0o700
            {
                let open = fs::Permissions::from_mode(found.mode() & 0o777 | 0o700);
                // One that stays closed is found by whoever measures next.
                let _ = fs::set_permissions(path, open);
            }
            true
        });
        return Ok(());
    }
    let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
    give(dir, uid.as_raw(), gid.as_raw())
}

fn give(dir: &Path, uid: u32, gid: u32) -> io::Result<()> {
    let mut failed = lchown(dir, Some(uid), Some(gid)).err();
    walk(dir, &mut |path| {
        if let Err(error) = lchown(path, Some(uid), Some(gid)) {
            failed.get_or_insert(error);
        }
        true
    });
    failed.map_or(Ok(()), Err)
}

/// Calls `visit` for everything beneath `dir` until it says false. Says whether a folder was closed to us.
fn walk(dir: &Path, visit: &mut impl FnMut(&Path) -> bool) -> bool {
    let mut closed = false;
    let mut pending: Vec<PathBuf> = vec![dir.to_owned()];
    while let Some(dir) = pending.pop() {
        let entries = match fs::read_dir(&dir) {
            Ok(entries) => entries,
            Err(error) => {
                closed |= error.kind() == io::ErrorKind::PermissionDenied;
                continue;
            }
        };
        for entry in entries.flatten() {
            let path = entry.path();
            if !visit(&path) {
                return closed;
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                pending.push(path);
            }
        }
    }
    closed
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
        let size = measure(home.path(), 100);
        assert_eq!((size.files, size.largest), (3, 5000));
        assert!(measure(Path::new("/usr"), 5).files <= 6);
    }
}
