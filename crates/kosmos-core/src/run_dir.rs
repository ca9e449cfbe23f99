//! The one handle of a run's folder.
//!
//! A run may have come from anywhere, and its folder may hold anything: links, devices, pipes, files without an end. A
//! [`RunDir`] is opened once. Every path is resolved from there, name by name, and no link is followed on the way; only
//! regular files are opened, and no more of one is read than the caller allows.

use std::{
    ffi::{CStr, CString, OsStr},
    fs::File,
    io::{self, Read},
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    path::{Path, PathBuf},
    process,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use rustix::{
    fs::{
        AtFlags, Dir, FileType, Mode, OFlags, Stat, fchmod, fstat, mkdirat, open, openat, renameat, statat, unlinkat,
    },
    io::Errno,
};
use sha2::{Digest, Sha256};

use crate::{
    files::Sync,
    plain_path::{ContentHash, PlainName, PlainPath},
};

/// Flags for every file and folder that is opened below a run's folder.
const BELOW: OFlags = OFlags::NOFOLLOW
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// The folder of a run, or one below it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct RunDir {
    folder: Arc<OwnedFd>,
    path: PathBuf,
}

/// What an entry of a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file, with its size in bytes.
    File(u64),
    /// A folder.
    Folder,
    /// A link, a pipe, a socket or a device.
    Other,
}

impl EntryKind {
    fn of(stat: &Stat) -> Self {
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Self::File(size_of(stat)),
            FileType::Directory => Self::Folder,
            _ => Self::Other,
        }
    }
}

/// A folder on the way to an entry.
enum Way<'a> {
    Root(&'a OwnedFd),
    Below(OwnedFd),
}

impl AsFd for Way<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Root(folder) => folder.as_fd(),
            Self::Below(folder) => folder.as_fd(),
        }
    }
}

impl RunDir {
    /// Opens the folder at `path`. A link at `path` itself, which its user made, is followed.
    ///
    /// # Errors
    /// If it is missing, or is no folder.
    pub fn open(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = Arc::new(open(&path, flags, Mode::empty())?);
        Ok(Self { folder, path })
    }

    /// Returns the path that it was opened at: to name it to a person, or to a program that runs on it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the path of an entry as text, to name it to a person.
    pub fn place_of(&self, inside: &PlainPath) -> PathBuf {
        self.path.join(inside.as_path())
    }

    /// Opens a folder below this one.
    ///
    /// # Errors
    /// If it is missing, or if it or a folder on the way to it is a link or no folder.
    pub fn folder(&self, inside: &PlainPath) -> io::Result<Self> {
        let (way, name) = self.way_to(inside)?;
        Ok(Self {
            folder: Arc::new(open_folder(way.as_fd(), name)?),
            path: self.place_of(inside),
        })
    }

    /// Returns what an entry is; none if it is missing.
    ///
    /// # Errors
    /// If a folder on the way to it is a link or no folder, or cannot be searched.
    pub fn kind_of(&self, inside: &PlainPath) -> io::Result<Option<EntryKind>> {
        let found = self
            .way_to(inside)
            .and_then(|(way, name)| Ok(statat(way.as_fd(), name, AtFlags::SYMLINK_NOFOLLOW)?));
        match found {
            Ok(stat) => Ok(Some(EntryKind::of(&stat))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns true if there is a regular file.
    pub fn has_file(&self, inside: &PlainPath) -> bool {
        matches!(self.kind_of(inside), Ok(Some(EntryKind::File(_))))
    }

    /// Opens a regular file for reading.
    ///
    /// # Errors
    /// If it is missing, or is a link, a folder, a pipe or a device.
    pub fn open_file(&self, inside: &PlainPath) -> io::Result<File> {
        let (way, name) = self.way_to(inside)?;
        // To open a device can have effects of its own.
        check_regular(&statat(way.as_fd(), name, AtFlags::SYMLINK_NOFOLLOW)?)?;
        let file = openat(way.as_fd(), name, BELOW | OFlags::RDONLY, Mode::empty()).map_err(explain_link)?;
        check_regular(&fstat(&file)?)?;
        Ok(File::from(file))
    }

    /// Opens a regular file for reading that has no more than `most` bytes, and returns it with its size.
    fn open_bounded(&self, inside: &PlainPath, most: u64) -> io::Result<(File, u64)> {
        let file = self.open_file(inside)?;
        let bytes = file.metadata()?.len();
        if bytes > most {
            return Err(too_large(bytes, most));
        }
        Ok((file, bytes))
    }

    /// Reads a regular file of at most `most` bytes.
    ///
    /// # Errors
    /// As [`RunDir::open_file`], and if it has more bytes.
    pub fn read(&self, inside: &PlainPath, most: u64) -> io::Result<Vec<u8>> {
        let (file, bytes) = self.open_bounded(inside, most)?;
        let mut content = Vec::with_capacity(usize::try_from(bytes).unwrap_or_default());
        file.take(most.saturating_add(1)).read_to_end(&mut content)?;
        match content.len() as u64 {
            read if read > most => Err(too_large(read, most)),
            _ => Ok(content),
        }
    }

    /// Reads a text of at most `most` bytes.
    ///
    /// # Errors
    /// As [`RunDir::read`], and if it is not UTF-8.
    pub fn read_text(&self, inside: &PlainPath, most: u64) -> io::Result<String> {
        String::from_utf8(self.read(inside, most)?).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    /// Returns the SHA-256 of a regular file of at most `most` bytes. It is read in pieces.
    ///
    /// # Errors
    /// As [`RunDir::read`].
    pub fn hash(&self, inside: &PlainPath, most: u64) -> io::Result<ContentHash> {
        let (file, _) = self.open_bounded(inside, most)?;
        let mut file = file.take(most.saturating_add(1));
        let mut hasher = Sha256::new();
        let mut piece = vec![0; 1 << 16];
        let mut total = 0;
        loop {
            let read = file.read(&mut piece)?;
            total += read as u64;
            match piece.get(..read) {
                _ if total > most => return Err(too_large(total, most)),
                Some(bytes) if read > 0 => hasher.update(bytes),
                _ => break,
            }
        }
        let hash = format!("{:x}", hasher.finalize());
        hash.try_into().map_err(io::Error::other)
    }

    /// Lists a folder, or this one itself, by name.
    ///
    /// # Errors
    /// If it is missing, no folder, or cannot be read, and if the name of an entry is not plain: nothing that Kosmos
    /// wrote has such a name.
    pub fn list(&self, inside: Option<&PlainPath>) -> io::Result<Vec<(PlainName, EntryKind)>> {
        let below;
        let folder = match inside {
            None => &*self.folder,
            Some(inside) => {
                let (way, name) = self.way_to(inside)?;
                below = open_folder(way.as_fd(), name)?;
                &below
            }
        };
        let mut entries = Vec::new();
        for name in names_in(folder.as_fd())? {
            let plain: Result<PlainName, _> = name.to_string_lossy().parse();
            let plain = plain.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            match statat(folder, &name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => entries.push((plain, EntryKind::of(&stat))),
                // It was removed in the meantime.
                Err(Errno::NOENT) => {}
                Err(error) => return Err(error.into()),
            }
        }
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(entries)
    }

    /// Makes a folder and those on the way to it, unless they exist.
    ///
    /// # Errors
    /// If one cannot be made, or something else has its name.
    pub fn create_folders(&self, inside: &PlainPath) -> io::Result<()> {
        let mut folder = Way::Root(&self.folder);
        for name in inside.names() {
            match mkdirat(folder.as_fd(), name, Mode::RWXU | Mode::RWXG | Mode::RWXO) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
            folder = Way::Below(open_folder(folder.as_fd(), name)?);
        }
        Ok(())
    }

    /// Creates a file, which must not exist, in a folder that does.
    ///
    /// # Errors
    /// If it exists in any form, or cannot be made.
    pub fn create_file(&self, inside: &PlainPath) -> io::Result<File> {
        let (way, name) = self.way_to(inside)?;
        create_new(way.as_fd(), name)
    }

    /// Writes a file beside its place and renames it, so that there is always the old content or all of the new. What
    /// has its name is replaced and not followed; a file keeps its mode.
    ///
    /// # Errors
    /// If the file cannot be made, filled, synced or renamed. Its place is then unchanged.
    pub fn write_atomically(
        &self,
        inside: &PlainPath,
        sync: Sync,
        write: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> io::Result<()> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let (way, name) = self.way_to(inside)?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let partial = format!(".{name}.{}.{number}.partial", process::id());
        // A process with this id may have died here.
        match unlinkat(way.as_fd(), &*partial, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
        let mut file = create_new(way.as_fd(), &partial)?;
        let replace = || -> io::Result<()> {
            write(&mut file)?;
            match statat(way.as_fd(), name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(old) if FileType::from_raw_mode(old.st_mode).is_file() => {
                    fchmod(&file, Mode::from_raw_mode(old.st_mode))?;
                }
                Ok(_) | Err(Errno::NOENT) => {}
                Err(error) => return Err(error.into()),
            }
            if sync == Sync::Content {
                file.sync_all()?;
            }
            Ok(renameat(way.as_fd(), &*partial, way.as_fd(), name)?)
        };
        let written = replace();
        if written.is_err() {
            // It is of no use, and its removal may fail for the same reason as the writing.
            let _ = unlinkat(way.as_fd(), &*partial, AtFlags::empty());
        }
        written
    }

    /// Gives an entry another name, in place of a file or an empty folder that has it.
    ///
    /// # Errors
    /// If it is missing, or cannot be moved there.
    pub fn rename(&self, from: &PlainPath, to: &PlainPath) -> io::Result<()> {
        let (old, old_name) = self.way_to(from)?;
        let (new, new_name) = self.way_to(to)?;
        Ok(renameat(old.as_fd(), old_name, new.as_fd(), new_name)?)
    }

    /// Writes the names in a folder to the disk, or those in this one.
    ///
    /// # Errors
    /// If it is missing, or the disk fails.
    pub fn sync_names(&self, inside: Option<&PlainPath>) -> io::Result<()> {
        match inside {
            None => Ok(rustix::fs::fsync(&*self.folder)?),
            Some(inside) => self.folder(inside)?.sync_names(None),
        }
    }

    /// Writes everything below a folder to the disk.
    ///
    /// # Errors
    /// If something cannot be opened, or the disk fails.
    pub fn sync_tree(&self, inside: &PlainPath) -> io::Result<()> {
        for (name, kind) in self.list(Some(inside))? {
            let path = inside.join(&name);
            match kind {
                EntryKind::File(_) => self.open_file(&path)?.sync_all()?,
                EntryKind::Folder => self.sync_tree(&path)?,
                EntryKind::Other => {}
            }
        }
        self.sync_names(Some(inside))
    }

    /// Removes an entry, a folder with all that is in it, whatever its depth, names and modes. Links are removed, not
    /// followed. Nothing is done if it is missing.
    ///
    /// A folder is flattened from above: the contents of its folders are moved up, so that no path becomes long and few
    /// folders are open.
    ///
    /// # Errors
    /// If an entry can be neither moved nor removed.
    pub fn remove_tree(&self, inside: &PlainPath) -> io::Result<()> {
        let missing_is_fine = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        };
        let (way, name) = match self.way_to(inside) {
            Ok(found) => found,
            Err(error) => return missing_is_fine(error),
        };
        match statat(way.as_fd(), name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if !FileType::from_raw_mode(stat.st_mode).is_dir() => {
                return Ok(unlinkat(way.as_fd(), name, AtFlags::empty())?);
            }
            Ok(_) => {}
            Err(error) => return missing_is_fine(error.into()),
        }
        let top = open_for_removal(way.as_fd(), &CString::new(name)?)?;
        let mut moved: u64 = 0;
        loop {
            let folders = remove_files(top.as_fd())?;
            if folders.is_empty() {
                break;
            }
            for folder in folders {
                let opened = open_for_removal(top.as_fd(), &folder)?;
                for inner in remove_files(opened.as_fd())? {
                    // Moving a folder requires write permission on it.
                    drop(open_for_removal(opened.as_fd(), &inner)?);
                    let place = loop {
                        let place = moved.to_string();
                        moved += 1;
                        match statat(&top, &*place, AtFlags::SYMLINK_NOFOLLOW) {
                            Err(Errno::NOENT) => break place,
                            Ok(_) => {}
                            Err(error) => return Err(error.into()),
                        }
                    };
                    renameat(&opened, &*inner, &top, &*place)?;
                }
                drop(opened);
                unlinkat(&top, &*folder, AtFlags::REMOVEDIR)?;
            }
        }
        Ok(unlinkat(way.as_fd(), name, AtFlags::REMOVEDIR)?)
    }

    /// Copies the regular files below a folder, or this one, to the same place in `to`. Links, pipes and devices are
    /// left out, as are entries that `keep` refuses.
    ///
    /// # Errors
    /// If a folder cannot be listed or made, or a file exists in `to` or cannot be copied.
    pub fn copy_tree(
        &self,
        inside: Option<&PlainPath>,
        to: &Self,
        keep: &dyn Fn(&PlainName) -> bool,
    ) -> io::Result<()> {
        if let Some(inside) = inside {
            to.create_folders(inside)?;
        }
        for (name, kind) in self.list(inside)? {
            if !keep(&name) {
                continue;
            }
            let path = match inside {
                None => PlainPath::from(name),
                Some(inside) => inside.join(&name),
            };
            match kind {
                EntryKind::Folder => self.copy_tree(Some(&path), to, keep)?,
                EntryKind::File(_) => {
                    let mut from = self.open_file(&path)?;
                    let mut copy = to.create_file(&path)?;
                    io::copy(&mut from, &mut copy)?;
                    copy.set_permissions(from.metadata()?.permissions())?;
                }
                EntryKind::Other => {}
            }
        }
        Ok(())
    }

    /// Opens the folders on the way to an entry; returns the one that it is in, and its name there.
    fn way_to<'p>(&self, inside: &'p PlainPath) -> io::Result<(Way<'_>, &'p str)> {
        let mut way = Way::Root(&self.folder);
        let mut names = inside.names();
        let last = names.next_back().unwrap_or_default();
        for name in names {
            way = Way::Below(open_folder(way.as_fd(), name)?);
        }
        Ok((way, last))
    }
}

fn open_folder(at: BorrowedFd<'_>, name: &str) -> io::Result<OwnedFd> {
    let flags = BELOW | OFlags::RDONLY | OFlags::DIRECTORY;
    openat(at, name, flags, Mode::empty()).map_err(explain_link)
}

/// Opens a folder that is to be emptied, and gives its owner all permissions on it first.
fn open_for_removal(at: BorrowedFd<'_>, name: &CStr) -> io::Result<OwnedFd> {
    let flags = BELOW | OFlags::RDONLY | OFlags::DIRECTORY;
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

fn create_new(at: BorrowedFd<'_>, name: &str) -> io::Result<File> {
    let flags = BELOW | OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
    // The umask takes from it.
    let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::WGRP | Mode::ROTH | Mode::WOTH;
    Ok(File::from(openat(at, name, flags, mode)?))
}

/// The names in a folder, without `.` and `..`.
fn names_in(folder: BorrowedFd<'_>) -> io::Result<Vec<CString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let name = entry?.file_name().to_owned();
        if !matches!(name.as_bytes(), b"." | b"..") {
            names.push(name);
        }
    }
    Ok(names)
}

/// Removes what is directly in `folder` and no folder, and returns the folders.
fn remove_files(folder: BorrowedFd<'_>) -> io::Result<Vec<CString>> {
    let mut folders = Vec::new();
    for name in names_in(folder)? {
        let stat = statat(folder, &*name, AtFlags::SYMLINK_NOFOLLOW)?;
        match FileType::from_raw_mode(stat.st_mode).is_dir() {
            true => folders.push(name),
            false => unlinkat(folder, &*name, AtFlags::empty())?,
        }
    }
    Ok(folders)
}

fn size_of(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or_default()
}

/// An error that says what stands in a file's place, if it is no regular file.
fn check_regular(stat: &Stat) -> io::Result<()> {
    let found = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => return Ok(()),
        FileType::Symlink => "a link",
        FileType::Directory => "a folder",
        FileType::Fifo => "a pipe",
        FileType::Socket => "a socket",
        _ => "a device",
    };
    let told = format!("it is {found}, not a regular file");
    Err(io::Error::new(io::ErrorKind::InvalidInput, told))
}

/// The errors of a link in the way, in words.
fn explain_link(error: Errno) -> io::Error {
    match error {
        Errno::LOOP => io::Error::new(io::ErrorKind::InvalidInput, "there is a link in its path"),
        Errno::NOTDIR => io::Error::new(
            io::ErrorKind::NotADirectory,
            "there is a link or a file in place of a folder",
        ),
        error => error.into(),
    }
}

fn too_large(bytes: u64, most: u64) -> io::Error {
    let told = format!("it has {bytes} bytes, more than the {most} that are read");
    io::Error::new(io::ErrorKind::FileTooLarge, told)
}

/// Opens a regular file of the user's, by a path of theirs: links are followed, and a pipe or a device is refused
/// before it is opened.
///
/// # Errors
/// If it is missing, cannot be read, or is no regular file.
pub fn open_regular_file(path: &Path) -> io::Result<File> {
    check_regular(&rustix::fs::stat(path)?)?;
    let file = open(
        path,
        OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    check_regular(&fstat(&file)?)?;
    Ok(File::from(file))
}

/// A name of the file system as a [`PlainName`]; none if it is not one.
pub fn plain_name(name: &OsStr) -> Option<PlainName> {
    std::str::from_utf8(name.as_bytes()).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        io::Write,
        os::unix::fs::{PermissionsExt, symlink},
        time::{Duration, Instant},
    };

    use super::*;
    use crate::hash::sha256_hex;

    /// A run's folder with a file and with everything that is none, beside a folder that is not the run's.
    struct Scene {
        desk: tempfile::TempDir,
        run: RunDir,
    }

    fn path(text: &str) -> PlainPath {
        text.parse().unwrap()
    }

    impl Scene {
        fn new() -> Self {
            let desk = tempfile::tempdir().unwrap();
            let at = |name: &str| desk.path().join(name);
            fs::create_dir_all(at("run/experiments/e-1")).unwrap();
            fs::create_dir_all(at("elsewhere/folder")).unwrap();
            fs::write(at("elsewhere/secret"), "secret").unwrap();
            fs::write(at("elsewhere/folder/secret"), "secret").unwrap();
            fs::write(at("run/experiments/e-1/result.json"), "{}").unwrap();
            symlink(at("elsewhere/secret"), at("run/link")).unwrap();
            symlink(at("elsewhere/folder"), at("run/linked")).unwrap();
            symlink("/dev/zero", at("run/zero")).unwrap();
            symlink("..", at("run/up")).unwrap();
            let pipe = CString::new(at("run/pipe").as_os_str().as_bytes()).unwrap();
            rustix::fs::mkfifoat(rustix::fs::CWD, &*pipe, Mode::RWXU).unwrap();
            let run = RunDir::open(at("run")).unwrap();
            Self { desk, run }
        }

        fn elsewhere(&self) -> Vec<String> {
            let mut found: Vec<String> = ["elsewhere/secret", "elsewhere/folder/secret"]
                .iter()
                .map(|name| fs::read_to_string(self.desk.path().join(name)).unwrap())
                .collect();
            found.extend(names(&self.desk.path().join("elsewhere")));
            found
        }
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Paths that lead to something other than a regular file of the run.
    const NO_FILE: [(&str, &str); 9] = [
        ("link", "it is a link"),
        ("zero", "it is a link"),
        ("linked/secret", "a link"),
        ("up/elsewhere/secret", "a link"),
        ("linked", "it is a link"),
        ("pipe", "it is a pipe"),
        ("experiments", "it is a folder"),
        ("experiments/e-1/result.json/x", "in place of a folder"),
        ("missing", "No such file"),
    ];

    #[test]
    fn only_regular_files_of_the_folder_are_read() {
        let scene = Scene::new();
        let began = Instant::now();
        let good = path("experiments/e-1/result.json");
        assert_eq!(scene.run.read(&good, 2).unwrap(), b"{}");
        assert_eq!(scene.run.read_text(&good, 9).unwrap(), "{}");
        assert_eq!(scene.run.hash(&good, 2).unwrap().as_str(), sha256_hex("{}"));
        assert!(scene.run.has_file(&good));
        for (bad, expected) in NO_FILE {
            let bad = path(bad);
            for told in [
                scene.run.read(&bad, 100).unwrap_err().to_string(),
                scene.run.hash(&bad, 100).unwrap_err().to_string(),
                scene.run.open_file(&bad).unwrap_err().to_string(),
            ] {
                assert!(told.contains(expected), "{bad}: {told}");
            }
            assert!(!scene.run.has_file(&bad), "{bad}");
        }
        assert!(began.elapsed() < Duration::from_secs(5), "it waited");
        for path in ["link", "zero", "pipe", "linked"] {
            assert_eq!(
                scene.run.kind_of(&self::path(path)).unwrap(),
                Some(EntryKind::Other),
                "{path}"
            );
        }
        assert_eq!(scene.run.kind_of(&path("missing")).unwrap(), None);
        assert_eq!(scene.run.kind_of(&path("missing/x")).unwrap(), None);
    }

    #[test]
    fn no_more_is_read_than_allowed() {
        let scene = Scene::new();
        let file = fs::File::create(scene.run.path().join("holes")).unwrap();
        file.set_len(1 << 43).unwrap();
        for told in [
            scene.run.read(&path("holes"), 1 << 20).unwrap_err(),
            scene.run.hash(&path("holes"), 1 << 20).unwrap_err(),
        ] {
            assert_eq!(told.kind(), io::ErrorKind::FileTooLarge);
            assert!(
                told.to_string().contains("more than the 1048576 that are read"),
                "{told}"
            );
        }
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let scene = Scene::new();
        let before = scene.elsewhere();
        let write = |name: &str| {
            scene
                .run
                .write_atomically(&path(name), Sync::Content, |file| file.write_all(b"new"))
        };
        // The link is replaced.
        write("link").unwrap();
        assert_eq!(scene.run.read(&path("link"), 9).unwrap(), b"new");
        for bad in ["linked/secret", "up/elsewhere/secret", "experiments", "missing/x"] {
            assert!(write(bad).is_err(), "{bad}");
        }
        for bad in ["linked/x", "linked/new", "up/new", "zero"] {
            assert!(scene.run.create_folders(&path(bad)).is_err(), "{bad}");
            assert!(scene.run.create_file(&path(bad)).is_err(), "{bad}");
            assert!(scene.run.rename(&path("link"), &path("linked/x")).is_err());
        }
        assert_eq!(scene.elsewhere(), before);
        let left = ["experiments", "link", "linked", "pipe", "up", "zero"];
        assert_eq!(names(scene.run.path()), left);
    }

    #[test]
    fn a_file_is_replaced_whole_and_keeps_its_mode() {
        let scene = Scene::new();
        let (name, at) = (path("experiments/e-1/result.json"), "experiments/e-1/result.json");
        let at = scene.run.path().join(at);
        fs::set_permissions(&at, fs::Permissions::from_mode(0o640)).unwrap();
        let failed = scene.run.write_atomically(&name, Sync::No, |file| {
            file.write_all(b"half")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read_to_string(&at).unwrap(), "{}");
        scene
            .run
            .write_atomically(&name, Sync::No, |file| file.write_all(b"[]"))
            .unwrap();
        assert_eq!(fs::read_to_string(&at).unwrap(), "[]");
        assert_eq!(fs::metadata(&at).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(names(at.parent().unwrap()), ["result.json"]);
    }

    #[test]
    fn a_tree_is_removed_and_nothing_outside() {
        let scene = Scene::new();
        let before = scene.elsewhere();
        let deep = scene.run.path().join("experiments/e-1/0/a/b");
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("file"), "x").unwrap();
        symlink(scene.desk.path().join("elsewhere"), deep.join("link")).unwrap();
        symlink(
            scene.desk.path().join("elsewhere"),
            scene.run.path().join("experiments/l"),
        )
        .unwrap();
        fs::set_permissions(&deep, fs::Permissions::from_mode(0o000)).unwrap();
        for name in ["linked/folder", "up/elsewhere"] {
            assert!(scene.run.remove_tree(&path(name)).is_err(), "{name}");
        }
        for name in ["experiments", "linked", "pipe", "missing", "missing/x"] {
            scene.run.remove_tree(&path(name)).unwrap();
        }
        assert_eq!(names(scene.run.path()), ["link", "up", "zero"]);
        assert_eq!(scene.elsewhere(), before);
    }

    #[test]
    fn depth_is_no_obstacle_to_removal() {
        let scene = Scene::new();
        let name = "d".repeat(100);
        let mut folder = open(scene.run.path(), OFlags::DIRECTORY, Mode::empty()).unwrap();
        for _ in 0..100 {
            mkdirat(&folder, &*name, Mode::RWXU).unwrap();
            folder = openat(&folder, &*name, OFlags::DIRECTORY, Mode::empty()).unwrap();
        }
        scene.run.remove_tree(&path(&name)).unwrap();
        assert!(scene.run.kind_of(&path(&name)).unwrap().is_none());
    }

    #[test]
    fn a_copy_has_the_regular_files() {
        let scene = Scene::new();
        fs::create_dir(scene.desk.path().join("copy")).unwrap();
        fs::write(scene.run.path().join("experiments/left_out"), "x").unwrap();
        let copy = RunDir::open(scene.desk.path().join("copy")).unwrap();
        scene
            .run
            .copy_tree(None, &copy, &|name| name.as_str() != "left_out")
            .unwrap();
        assert_eq!(names(copy.path()), ["experiments"]);
        assert_eq!(names(&copy.path().join("experiments")), ["e-1"]);
        assert_eq!(copy.read(&path("experiments/e-1/result.json"), 9).unwrap(), b"{}");
        let listed = copy.list(Some(&path("experiments/e-1"))).unwrap();
        assert_eq!(listed, [(PlainName::of("result.json"), EntryKind::File(2))]);
        copy.sync_tree(&path("experiments")).unwrap();
        let inner = copy.folder(&path("experiments/e-1")).unwrap();
        assert!(inner.has_file(&path("result.json")));
        assert!(scene.run.folder(&path("linked")).is_err());
    }

    #[test]
    fn a_file_of_the_users_may_be_linked_but_is_regular() {
        let scene = Scene::new();
        let mut text = String::new();
        let linked = scene.run.path().join("link");
        open_regular_file(&linked).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "secret");
        for bad in ["zero", "pipe", "linked", "missing"] {
            assert!(open_regular_file(&scene.run.path().join(bad)).is_err(), "{bad}");
        }
    }
}
