//! The user's tables that a run read: where they are now, and whether they are the same.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use kosmos_core::run_files;

use super::{RunFolder, RunOrigin};
use crate::hash::sha256_file;

/// The tables of one run.
pub(super) struct Tables<'a> {
    run: &'a Path,
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

impl<'a> Tables<'a> {
    /// The tables of the run in `folder`. Of a run from elsewhere, only those that came with it are read.
    pub(super) fn of_run(folder: &'a RunFolder, origin: RunOrigin) -> Self {
        Self {
            run: folder.path(),
            outside: origin.is_trusted(),
        }
    }

    /// The run's folder.
    pub(super) fn run(&self) -> &Path {
        self.run
    }

    /// Finds a table: the copy that came with the run, else the file at `path`, from which the run read it.
    pub(super) fn find_table(&self, path: &Path, sha256: &str) -> Result<PathBuf, TableFault> {
        if let Some(came) = self.find_copy(sha256) {
            return Ok(came);
        }
        match self.outside {
            true => Ok(path.to_owned()),
            false => Err(TableFault::Outside),
        }
    }

    /// Checks that a table is the one that the run read.
    pub(super) fn check_table(&self, path: &Path, sha256: &str) -> Result<(), TableFault> {
        let place = self.find_table(path, sha256)?;
        if !fs::metadata(&place).map_err(TableFault::Unreadable)?.is_file() {
            return Err(TableFault::NotAFile);
        }
        match sha256_file(&place).map_err(TableFault::Unreadable)? == sha256 {
            true => Ok(()),
            false => Err(TableFault::Changed),
        }
    }

    /// The copy of a table that came with the run.
    fn find_copy(&self, sha256: &str) -> Option<PathBuf> {
        if sha256.len() != 64 || !sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let folder = self.run.join(run_files::TABLES).join(sha256);
        let entries = fs::read_dir(folder).ok()?.flatten();
        let mut files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
        files.next().map(|entry| entry.path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::science::sha256_hex;

    #[test]
    fn only_what_came_with_a_run_from_elsewhere_is_read() {
        let home = tempfile::tempdir().unwrap();
        let (run, table) = (home.path().join("run"), home.path().join("table.csv"));
        fs::write(&table, "a").unwrap();
        let sha256 = sha256_hex("a");
        let (outside, inside) = (
            Tables {
                run: &run,
                outside: true,
            },
            Tables {
                run: &run,
                outside: false,
            },
        );
        let problem = |tables: &Tables<'_>, path: &Path, sha256: &str| {
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
        // A hash that is a path leads nowhere.
        assert_eq!(inside.find_copy("../../data"), None);
    }
}
