//! The user's tables that a run read: where they are now, and whether they are the same.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use kosmos_core::{
    plain_path::{ContentHash, PlainPath},
    regular_file::open_regular_file,
    run_dir::{EntryKind, RunDir},
    run_files,
};

use super::{LabError, RunFolder, RunOrigin};
use crate::hash::sha256_file;

/// The tables of one run.
pub(super) struct Tables {
    run: RunDir,
    /// True if files outside the run's folder may be read.
    outside: bool,
}

/// Why a table cannot be used, as a predicate of the table.
#[derive(Debug, thiserror::Error)]
pub(super) enum TableFault {
    /// It is outside the folder of a run from elsewhere.
    #[error("did not come with the run, and files outside the folder of a run from elsewhere are not read")]
    Outside,
    /// There is something else in its place.
    #[error("is no longer a file")]
    NotAFile,
    /// It has another hash.
    #[error("has changed since the run")]
    Changed,
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(io::Error),
}

/// Where a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FilePlace {
    /// In the run's folder.
    InRun(PlainPath),
    /// Where the user has it.
    Outside(PathBuf),
}

impl Tables {
    /// The tables of the run in `folder`. Of a run from elsewhere, only those that came with it are read.
    ///
    /// # Errors
    /// When the folder cannot be opened.
    pub(super) fn of_run(folder: &RunFolder, origin: RunOrigin) -> Result<Self, LabError> {
        Ok(Self {
            run: folder.open_dir()?,
            outside: origin.is_trusted(),
        })
    }

    /// The run's folder.
    pub(super) fn run(&self) -> &RunDir {
        &self.run
    }

    /// The path of a file, for a program that reads it.
    pub(super) fn path_of(&self, place: &FilePlace) -> PathBuf {
        match place {
            FilePlace::InRun(inside) => self.run.place_of(inside),
            FilePlace::Outside(path) => path.clone(),
        }
    }

    /// Opens a file.
    ///
    /// # Errors
    /// If it is missing, or is no regular file.
    pub(super) fn open_place(&self, place: &FilePlace) -> io::Result<File> {
        match place {
            FilePlace::InRun(inside) => self.run.open_file(inside),
            FilePlace::Outside(path) => open_regular_file(path),
        }
    }

    /// Finds a table: the copy that came with the run, else the file at `path`, from which the run read it.
    pub(super) fn find_table(&self, path: &Path, sha256: &str) -> Result<FilePlace, TableFault> {
        if let Some(came) = self.find_copy(sha256) {
            return Ok(FilePlace::InRun(came));
        }
        match self.outside {
            true => Ok(FilePlace::Outside(path.to_owned())),
            false => Err(TableFault::Outside),
        }
    }

    /// Checks that a table is the one that the run read.
    pub(super) fn check_table(&self, path: &Path, sha256: &str) -> Result<(), TableFault> {
        let found = match self.find_table(path, sha256)? {
            FilePlace::InRun(inside) => self
                .run
                .hash(&inside, run_files::TABLE_BYTES)
                .map(|hash| hash.to_string()),
            FilePlace::Outside(path) => sha256_file(&path),
        };
        match found {
            Ok(found) if found == sha256 => Ok(()),
            Ok(_) => Err(TableFault::Changed),
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Err(TableFault::NotAFile),
            Err(error) => Err(TableFault::Unreadable(error)),
        }
    }

    /// The copy of a table that came with the run.
    fn find_copy(&self, sha256: &str) -> Option<PlainPath> {
        let sha256: ContentHash = sha256.parse().ok()?;
        let folder = PlainPath::of(run_files::TABLES).join_id(sha256);
        let entries = self.run.list(Some(&folder)).ok()?;
        let mut files = entries.iter().filter(|(_, kind)| matches!(kind, EntryKind::File(_)));
        files.next().map(|(name, _)| folder.join(name))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::science::sha256_hex;

    #[test]
    fn only_what_came_with_a_run_from_elsewhere_is_read() {
        let home = tempfile::tempdir().unwrap();
        let (run, table) = (home.path().join("run"), home.path().join("table.csv"));
        fs::write(&table, "a").unwrap();
        let sha256 = sha256_hex("a");
        fs::create_dir(&run).unwrap();
        let [outside, inside] = [true, false].map(|outside| Tables {
            run: RunDir::open(&run).unwrap(),
            outside,
        });
        let problem = |tables: &Tables, path: &Path, sha256: &str| {
            let checked = tables.check_table(path, sha256);
            checked.err().map(|fault| fault.to_string()).unwrap_or_default()
        };
        assert_eq!(problem(&outside, &table, &sha256), "");
        assert_eq!(
            problem(&inside, &table, &sha256),
            "did not come with the run, and files outside the folder of a run from elsewhere are not read"
        );
        assert_eq!(problem(&outside, &table, &sha256_hex("b")), "has changed since the run");
        assert_eq!(
            problem(&outside, Path::new("/dev/zero"), &sha256),
            "is no longer a file"
        );
        let gone = problem(&outside, &home.path().join("gone"), &sha256);
        assert!(gone.starts_with("cannot be read: "), "{gone}");

        let copy = run.join("data").join(&sha256);
        fs::create_dir_all(&copy).unwrap();
        fs::write(copy.join("table.csv"), "a").unwrap();
        assert_eq!(problem(&inside, Path::new("/nowhere"), &sha256), "");
        fs::write(copy.join("table.csv"), "changed").unwrap();
        assert_eq!(problem(&inside, &table, &sha256), "has changed since the run");
        let link = run.join("data").join(sha256_hex("linked"));
        fs::create_dir(&link).unwrap();
        std::os::unix::fs::symlink(&table, link.join("table.csv")).unwrap();
        assert_eq!(inside.find_copy(&sha256_hex("linked")), None);
        // A hash that is a path leads nowhere.
        assert_eq!(inside.find_copy("../../data"), None);
    }
}
