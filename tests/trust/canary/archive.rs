//! The files of a run as an archive or a folder has them, hostile ones included.

use std::{
    fs,
    io::{self, Read},
    os::unix::fs::{PermissionsExt, symlink},
    path::{Component, Path, PathBuf},
};

use rustix::fs::{CWD, FileType, Mode};

/// What stands at a path of an archive.
#[derive(Clone)]
pub enum Content {
    File(Vec<u8>),
    SymbolicLink(PathBuf),
    HardLink(PathBuf),
    Pipe,
    Device,
}

/// A path, and what stands there.
#[derive(Clone)]
pub struct Entry {
    pub path: String,
    pub content: Content,
}

impl Entry {
    pub fn file(path: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        Self {
            path: path.into(),
            content: Content::File(content.into()),
        }
    }
}

/// The entries of an archive that `kosmos export` wrote.
pub fn read_entries(file: &Path) -> Vec<Entry> {
    let mut archive = tar::Archive::new(fs::File::open(file).unwrap());
    let read = |entry: io::Result<tar::Entry<'_, fs::File>>| {
        let mut entry = entry.unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        Entry::file(entry.path().unwrap().to_str().unwrap(), content)
    };
    archive.entries().unwrap().map(read).collect()
}

/// Writes an archive. Names that a well-behaved writer refuses are written as they are, cut at 100 bytes.
pub fn write_archive(entries: &[Entry], file: &Path) {
    let mut archive = tar::Builder::new(fs::File::create(file).unwrap());
    for entry in entries {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o755);
        let mut content: &[u8] = &[];
        match &entry.content {
            Content::File(bytes) => {
                header.set_entry_type(tar::EntryType::Regular);
                content = bytes;
            }
            Content::SymbolicLink(to) => {
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_link_name_literal(to.as_os_str().as_encoded_bytes()).unwrap();
            }
            Content::HardLink(to) => {
                header.set_entry_type(tar::EntryType::Link);
                header.set_link_name_literal(to.as_os_str().as_encoded_bytes()).unwrap();
            }
            Content::Pipe => header.set_entry_type(tar::EntryType::Fifo),
            Content::Device => {
                header.set_entry_type(tar::EntryType::Char);
                header.set_device_major(1).unwrap();
                header.set_device_minor(5).unwrap();
            }
        }
        header.set_size(content.len() as u64);
        if is_plain(&entry.path) {
            archive.append_data(&mut header, &entry.path, content).unwrap();
        } else {
            let name = entry.path.as_bytes();
            let length = name.len().min(100);
            header.as_gnu_mut().unwrap().name[..length].copy_from_slice(&name[..length]);
            header.set_cksum();
            archive.append(&header, content).unwrap();
        }
    }
    archive.finish().unwrap();
}

fn is_plain(path: &str) -> bool {
    let plain = |part| matches!(part, Component::Normal(_));
    !path.is_empty() && !path.contains('\0') && Path::new(path).components().all(plain)
}

/// Places what can be placed beneath `runs`: a run's folder as someone copied it.
pub fn place_folder(entries: &[Entry], runs: &Path) {
    for entry in entries.iter().filter(|entry| is_plain(&entry.path)) {
        let path = runs.join(&entry.path);
        // Where a link or a file stands in place of the folder, there is nothing to place.
        let folder = path.parent().unwrap();
        let inside = folder.ancestors().take_while(|folder| *folder != runs);
        if inside.into_iter().any(Path::is_symlink) || fs::create_dir_all(folder).is_err() {
            continue;
        }
        let _ = fs::remove_file(&path);
        let placed = match &entry.content {
            Content::File(bytes) => {
                fs::write(&path, bytes).and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o755)))
            }
            Content::SymbolicLink(to) => symlink(to, &path),
            Content::HardLink(to) => fs::hard_link(to, &path),
            Content::Pipe => rustix::fs::mknodat(CWD, &path, FileType::Fifo, Mode::RWXU, 0).map_err(io::Error::from),
            Content::Device => symlink("/dev/zero", &path),
        };
        // A name that is too long, or a link to what is not there.
        drop(placed);
    }
}
