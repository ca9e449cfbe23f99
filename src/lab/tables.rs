//! The user's tables that a run read: where they are now, and whether they are the same.

use std::{
    fs,
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

    /// Finds a table: the copy that came with the run, else the file at `path`, from which the run read it. The error
    /// is a predicate of the table.
    pub(super) fn find_table(&self, path: &Path, sha256: &str) -> Result<PathBuf, String> {
        if let Some(came) = self.find_copy(sha256) {
            return Ok(came);
        }
        match self.outside {
            true => Ok(path.to_owned()),
            false => Err(
                "did not come with the run, and files outside the folder of a run from elsewhere are not \
                          read"
                    .to_owned(),
            ),
        }
    }

    /// Checks that a table is the one that the run read. The error is a predicate of the table.
    pub(super) fn check_table(&self, path: &Path, sha256: &str) -> Result<(), String> {
        let place = self.find_table(path, sha256)?;
        match fs::metadata(&place) {
            Ok(found) if !found.is_file() => return Err("is no longer a file".to_owned()),
            Ok(_) => {}
            Err(error) => return Err(format!("cannot be read: {error}")),
        }
        match sha256_file(&place) {
            Ok(found) if found == sha256 => Ok(()),
            Ok(_) => Err("has changed since the run".to_owned()),
            Err(error) => Err(format!("cannot be read: {error}")),
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
        assert_eq!(outside.check_table(&table, &sha256), Ok(()));
        let problem = inside.check_table(&table, &sha256).unwrap_err();
        assert!(problem.starts_with("did not come with the run"), "{problem}");
        assert_eq!(
            outside.check_table(&table, &sha256_hex("b")).unwrap_err(),
            "has changed since the run"
        );
        assert_eq!(
            outside.check_table(Path::new("/dev/zero"), &sha256).unwrap_err(),
            "is no longer a file"
        );

        let copy = run.join("data").join(&sha256);
        fs::create_dir_all(&copy).unwrap();
        fs::write(copy.join("table.csv"), "a").unwrap();
        assert_eq!(inside.check_table(Path::new("/nowhere"), &sha256), Ok(()));
        fs::write(copy.join("table.csv"), "changed").unwrap();
        assert_eq!(
            inside.check_table(&table, &sha256).unwrap_err(),
            "has changed since the run"
        );
        // A hash that is a path leads nowhere.
        assert_eq!(inside.find_copy("../../data"), None);
    }
}
