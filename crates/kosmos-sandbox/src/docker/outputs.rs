//! Writes the files that a job returns to the host's folder.
//!
//! Process 1 of the container sends regular files only. This is not relied on: any name but a plain
//! relative path is refused, every file is a new one, and everything is limited once more.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Component, Path, PathBuf},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::frames::FileHead;
use crate::{Caps, SandboxError};

/// The workspace on the host while it is being filled.
#[derive(Debug)]
pub struct OutputWriter {
    folder: PathBuf,
    caps: Caps,
    files: usize,
    total: u64,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    path: PathBuf,
    file: File,
    left: u64,
}

impl OutputWriter {
    /// Empties `folder`, whose contents were sent to the container, and writes there.
    ///
    /// # Errors
    /// If an entry cannot be removed.
    pub fn in_emptied_folder(folder: &Path, caps: Caps) -> Result<Self, SandboxError> {
        for entry in fs::read_dir(folder).map_err(SandboxError::on_host("clear", folder))? {
            let entry = entry.map_err(SandboxError::on_host("clear", folder))?;
            let path = entry.path();
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let removed = if is_folder {
                fs::remove_dir_all(&path)
            } else {
                fs::remove_file(&path)
            };
            removed.map_err(SandboxError::on_host("clear", &path))?;
        }
        Ok(Self {
            folder: folder.to_owned(),
            caps,
            files: 0,
            total: 0,
            open: None,
        })
    }

    /// Begins the file that `head` describes.
    ///
    /// # Errors
    /// If its name is not a plain relative path, or it exceeds a limit, or the file cannot be created.
    pub fn begin_file(&mut self, head: &[u8]) -> Result<(), SandboxError> {
        self.finish_file()?;
        let head: FileHead = serde_json::from_slice(head).map_err(|error| SandboxError::Lost(error.to_string()))?;
        let name = BASE64_STANDARD
            .decode(&head.name)
            .ok()
            .and_then(|name| String::from_utf8(name).ok())
            .filter(|name| self.accepts(Path::new(name), head.size))
            .ok_or_else(|| SandboxError::Lost("it returned a file with a forbidden name or size".to_owned()))?;
        self.files += 1;
        self.total += head.size;
        let path = self.folder.join(name);
        let make = || -> io::Result<File> {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            OpenOptions::new().write(true).create_new(true).open(&path)
        };
        let file = make().map_err(SandboxError::on_host("write", &path))?;
        self.open = Some(Open {
            path,
            file,
            left: head.size,
        });
        Ok(())
    }

    fn accepts(&self, name: &Path, size: u64) -> bool {
        let plain = name.components().all(|part| matches!(part, Component::Normal(_)));
        let depth = name.components().count();
        plain
            && (1..=self.caps.depth + 1).contains(&depth)
            && self.files < self.caps.files
            && size <= self.caps.file_bytes
            && self.total.saturating_add(size) <= self.caps.total_bytes
    }

    /// Appends to the file that was begun last.
    ///
    /// # Errors
    /// If there is none, or it becomes longer than announced, or it cannot be written.
    pub fn write_data(&mut self, content: &[u8]) -> Result<(), SandboxError> {
        let lost = || SandboxError::Lost("it returned more than it announced".to_owned());
        let open = self.open.as_mut().ok_or_else(lost)?;
        open.left = open.left.checked_sub(content.len() as u64).ok_or_else(lost)?;
        open.file
            .write_all(content)
            .map_err(SandboxError::on_host("write", &open.path))
    }

    /// Ends the file that was begun last, if any.
    ///
    /// # Errors
    /// If it is shorter than announced.
    pub fn finish_file(&mut self) -> Result<(), SandboxError> {
        match self.open.take() {
            Some(open) if open.left > 0 => Err(SandboxError::Lost("it returned less than it announced".to_owned())),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(name: &[u8], size: u64) -> Vec<u8> {
        let name = BASE64_STANDARD.encode(name);
        format!(r#"{{"name": "{name}", "size": {size}}}"#).into_bytes()
    }

    #[test]
    fn files_are_written_where_they_belong() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("script.py"), "old").unwrap();
        let mut outputs = OutputWriter::in_emptied_folder(home.path(), Caps::default()).unwrap();
        outputs.begin_file(&head(b"figures/a.svg", 4)).unwrap();
        outputs.write_data(b"ab").unwrap();
        outputs.write_data(b"cd").unwrap();
        outputs.begin_file(&head(b"empty", 0)).unwrap();
        outputs.finish_file().unwrap();
        assert_eq!(fs::read_to_string(home.path().join("figures/a.svg")).unwrap(), "abcd");
        assert!(home.path().join("empty").exists() && !home.path().join("script.py").exists());
    }

    #[test]
    fn what_reaches_outside_or_beyond_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let caps = Caps {
            files: 2,
            file_bytes: 10,
            total_bytes: 15,
            depth: 1,
        };
        let mut outputs = OutputWriter::in_emptied_folder(home.path(), caps).unwrap();
        let wrong: [&[u8]; 6] = [b"../x", b"/etc/x", b"", b"a/b/c", b"\xff", b"a/../../x"];
        for name in wrong {
            assert!(outputs.begin_file(&head(name, 1)).is_err(), "{name:?}");
        }
        assert!(outputs.begin_file(&head(b"large", 11)).is_err());
        outputs.begin_file(&head(b"a/b", 2)).unwrap();
        assert!(outputs.write_data(b"abc").is_err());
        let mut outputs = OutputWriter::in_emptied_folder(home.path(), caps).unwrap();
        outputs.begin_file(&head(b"a", 2)).unwrap();
        outputs.write_data(b"a").unwrap();
        assert!(outputs.finish_file().is_err());
        outputs.begin_file(&head(b"b", 10)).unwrap();
        assert!(outputs.begin_file(&head(b"c", 1)).is_err());
    }
}
