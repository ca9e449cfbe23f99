//! Regular files, and what may stand in the place of one.

use std::{fs::File, io, path::Path};

use rustix::fs::{FileType, Mode, OFlags, Stat, fstat, open, stat};

/// Opens a regular file of the user's, by a path of theirs: links are followed, and a pipe or a device is refused
/// before it is opened.
///
/// # Errors
/// If it is missing, cannot be read, or is no regular file.
pub fn open_regular_file(path: &Path) -> io::Result<File> {
    check_regular(&stat(path)?)?;
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = open(path, flags, Mode::empty())?;
    check_regular(&fstat(&file)?)?;
    Ok(File::from(file))
}

/// Checks that it is a regular file. The error says what stands in its place.
pub(crate) fn check_regular(stat: &Stat) -> io::Result<()> {
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

#[cfg(test)]
mod tests {
    use std::{fs, io::Read, os::unix::fs::symlink};

    use rustix::fs::{CWD, mkfifoat};

    use super::*;

    #[test]
    fn a_file_of_the_users_may_be_linked_but_is_regular() {
        let desk = tempfile::tempdir().unwrap();
        let at = |name: &str| desk.path().join(name);
        fs::write(at("file"), "text").unwrap();
        symlink(at("file"), at("link")).unwrap();
        symlink("/dev/zero", at("zero")).unwrap();
        mkfifoat(CWD, at("pipe"), Mode::RWXU).unwrap();
        let mut text = String::new();
        open_regular_file(&at("link"))
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, "text");
        for (bad, told) in [
            ("zero", "it is a device"),
            ("pipe", "it is a pipe"),
            ("", "it is a folder"),
            ("missing", "No such file"),
        ] {
            let error = open_regular_file(&at(bad)).unwrap_err().to_string();
            assert!(error.contains(told), "{bad}: {error}");
        }
    }
}
