//! The files of an agent's folder, and the hash by which grants, agreements and journals know them.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use include_dir::Dir;

use super::AgentFolder;
use crate::hash::{sha256_file, sha256_hex};
use crate::shipped::AGENTS;

/// The most files that an agent's folder may have.
const MOST_FILES: usize = 20_000;

/// The most bytes that they may have together: a run copies them.
const MOST_BYTES: u64 = 256 << 20;

/// A file that a run copies from an agent's folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct AgentFile {
    /// Its path below the folder.
    name: String,
    sha256: String,
    executable: bool,
}

/// The files of an agent's folder that a run copies, in order of their paths: no hidden ones, and nothing that a
/// symbolic link leads to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AgentFiles {
    kept: Vec<AgentFile>,
    /// The first file or folder that is not copied.
    left_out: Option<PathBuf>,
}

impl AgentFiles {
    /// Reads the folder.
    ///
    /// # Errors
    /// When a file cannot be read, a name is not plain text, or there are too many files.
    pub fn read(folder: &AgentFolder) -> io::Result<Self> {
        let mut files = Self::default();
        let mut room = MOST_BYTES;
        match folder {
            AgentFolder::Disk(folder) => add_files(folder, "", &mut room, &mut files)?,
            AgentFolder::Shipped(folder) => add_embedded_files(folder, folder.path(), &mut files.kept),
        }
        files.kept.sort();
        Ok(files)
    }

    /// A file or folder, by its path below the agent's folder, that a run does not copy and the hash does not count.
    pub fn left_out(&self) -> Option<&Path> {
        self.left_out.as_deref()
    }

    /// The SHA-256 over the paths, the contents and the right to execute of all files.
    pub fn hash(&self) -> String {
        let lines = self.kept.iter().map(|file| {
            let mark = if file.executable { " x" } else { "" };
            format!("{} {}{mark}\n", file.name, file.sha256)
        });
        sha256_hex(lines.collect::<String>())
    }

    /// Whether these are the files of the agent `name` that is shipped with Kosmos.
    pub fn are_shipped(&self, name: &str) -> bool {
        let Some(folder) = AGENTS.get_dir(name) else {
            return false;
        };
        let mut shipped = Vec::new();
        add_embedded_files(folder, folder.path(), &mut shipped);
        shipped.sort();
        // An embedded file has no mode.
        let content = |files: &[AgentFile]| -> Vec<(String, String)> {
            let pairs = files.iter().map(|file| (file.name.clone(), file.sha256.clone()));
            pairs.collect()
        };
        content(&self.kept) == content(&shipped)
    }
}

/// Whether a run copies files and folders of this name.
pub(super) fn is_kept(name: &str) -> bool {
    !name.starts_with('.') && name != "__pycache__" && !name.ends_with(".pyc")
}

/// Adds the files below `folder`; `room` are the bytes that may still be added.
fn add_files(folder: &Path, prefix: &str, room: &mut u64, files: &mut AgentFiles) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let kind = entry.file_type()?;
        if !is_kept(&name.to_string_lossy()) || !(kind.is_dir() || kind.is_file()) {
            files.left_out.get_or_insert_with(|| Path::new(prefix).join(&name));
            continue;
        }
        // A line break in a name would make the list of one folder that of another.
        let Some(name) = name.to_str().filter(|name| !name.contains(char::is_control)) else {
            let told = format!("the name {name:?} is not plain text");
            return Err(io::Error::new(io::ErrorKind::InvalidData, told));
        };
        let inside = format!("{prefix}{name}");
        if kind.is_dir() {
            add_files(&entry.path(), &format!("{inside}/"), room, files)?;
            continue;
        }
        if files.kept.len() >= MOST_FILES {
            let told = format!("the folder of an agent may have {MOST_FILES} files at most");
            return Err(io::Error::new(io::ErrorKind::InvalidData, told));
        }
        let found = entry.metadata()?;
        let Some(left) = room.checked_sub(found.len()) else {
            let told = format!("the folder of an agent may have {} MiB at most", MOST_BYTES >> 20);
            return Err(io::Error::new(io::ErrorKind::InvalidData, told));
        };
        *room = left;
        files.kept.push(AgentFile {
            name: inside,
            sha256: sha256_file(&entry.path())?,
            executable: found.permissions().mode() & 0o111 != 0,
        });
    }
    Ok(())
}

fn add_embedded_files(folder: &Dir<'_>, root: &Path, files: &mut Vec<AgentFile>) {
    let is_kept_path = |path: &Path| path.file_name().is_some_and(|name| is_kept(&name.to_string_lossy()));
    for file in folder.files().filter(|file| is_kept_path(file.path())) {
        let inside = file.path().strip_prefix(root).unwrap_or(file.path());
        files.push(AgentFile {
            name: inside.to_string_lossy().into_owned(),
            sha256: sha256_hex(file.contents()),
            executable: false,
        });
    }
    for inner in folder.dirs().filter(|dir| is_kept_path(dir.path())) {
        add_embedded_files(inner, root, files);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn hash_of(folder: &Path) -> String {
        AgentFiles::read(&AgentFolder::Disk(folder.to_owned())).unwrap().hash()
    }

    #[test]
    fn the_hash_changes_with_names_modes_and_contents_alone() {
        let desk = tempfile::tempdir().unwrap();
        let folder = desk.path().join("agent");
        fs::create_dir_all(folder.join("inner")).unwrap();
        fs::write(folder.join("agent.toml"), "name").unwrap();
        fs::write(folder.join("inner/tool"), "tool").unwrap();
        let first = hash_of(&folder);

        let left_out = |folder: &Path| {
            let files = AgentFiles::read(&AgentFolder::Disk(folder.to_owned())).unwrap();
            files.left_out().map(Path::to_owned)
        };
        assert_eq!(left_out(&folder), None);

        // What is not copied does not count.
        fs::write(folder.join("inner/.hidden"), "x").unwrap();
        assert_eq!(left_out(&folder), Some("inner/.hidden".into()));
        symlink("/etc/passwd", folder.join("link")).unwrap();
        symlink("/", folder.join("root")).unwrap();
        fs::create_dir(folder.join("__pycache__")).unwrap();
        fs::write(folder.join("__pycache__/x.pyc"), "x").unwrap();
        fs::write(folder.join(".hidden"), "x").unwrap();
        assert_eq!(hash_of(&folder), first);

        fs::set_permissions(folder.join("inner/tool"), fs::Permissions::from_mode(0o755)).unwrap();
        let executable = hash_of(&folder);
        assert_ne!(executable, first);
        fs::rename(folder.join("inner/tool"), folder.join("inner/other")).unwrap();
        let renamed = hash_of(&folder);
        assert_ne!(renamed, executable);
        fs::write(folder.join("inner/other"), "toot").unwrap();
        assert_ne!(hash_of(&folder), renamed);
    }

    #[test]
    fn a_copy_has_the_hash_of_its_folder() {
        let desk = tempfile::tempdir().unwrap();
        let (folder, copy) = (desk.path().join("agent"), desk.path().join("copy"));
        fs::create_dir_all(folder.join("bin")).unwrap();
        fs::write(folder.join("bin/agent"), "program").unwrap();
        fs::set_permissions(folder.join("bin/agent"), fs::Permissions::from_mode(0o700)).unwrap();
        symlink("bin/agent", folder.join("link")).unwrap();
        AgentFolder::Disk(folder.clone()).copy_to(&copy).unwrap();
        assert_eq!(hash_of(&copy), hash_of(&folder));
    }

    #[test]
    fn a_name_with_a_line_break_is_refused() {
        let desk = tempfile::tempdir().unwrap();
        fs::write(desk.path().join("a\nb"), "x").unwrap();
        let error = AgentFiles::read(&AgentFolder::Disk(desk.path().to_owned())).unwrap_err();
        assert!(error.to_string().contains("not plain text"), "{error}");
    }

    #[test]
    fn a_folder_that_is_too_large_is_refused_before_it_is_read() {
        let desk = tempfile::tempdir().unwrap();
        let file = fs::File::create(desk.path().join("hole")).unwrap();
        file.set_len(MOST_BYTES + 1).unwrap();
        let error = AgentFiles::read(&AgentFolder::Disk(desk.path().to_owned())).unwrap_err();
        assert!(error.to_string().contains("256 MiB at most"), "{error}");
    }

    #[test]
    fn shipped_agents_are_known_by_their_files() {
        let desk = tempfile::tempdir().unwrap();
        let copy = desk.path().join("skeptic");
        let shipped = AgentFolder::Shipped(AGENTS.get_dir("skeptic").unwrap());
        shipped.copy_to(&copy).unwrap();
        let read = || AgentFiles::read(&AgentFolder::Disk(copy.clone())).unwrap();
        assert!(read().are_shipped("skeptic"));
        assert!(!read().are_shipped("reviewer"));
        fs::write(copy.join("agent.py"), "other").unwrap();
        assert!(!read().are_shipped("skeptic"));
    }
}
