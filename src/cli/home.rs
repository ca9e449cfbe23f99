use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::config::Environment;

use super::Globals;

/// The folder of runs and knowledge graph: `--home`, else `KOSMOS_HOME`, else `./.kosmos`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    path: PathBuf,
    given_by: &'static str,
}

/// A home that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// The path exists and is not a folder.
    #[error("the home {} ({given_by}) is not a folder", .path.display())]
    NotAFolder {
        /// The home.
        path: PathBuf,
        /// The flag or variable that named it.
        given_by: &'static str,
    },
    /// The path is not UTF-8.
    #[error("the path of the home {} ({given_by}) is not UTF-8", .path.display())]
    NotUtf8 {
        /// The home.
        path: PathBuf,
        /// The flag or variable that named it.
        given_by: &'static str,
    },
    /// The folder cannot be made.
    #[error("cannot create the home {} ({given_by})", .path.display())]
    Create {
        /// The home.
        path: PathBuf,
        /// The flag or variable that named it.
        given_by: &'static str,
        /// Why.
        source: io::Error,
    },
    /// Nothing can be written in the folder.
    #[error("cannot write to the home {} ({given_by})", .path.display())]
    Write {
        /// The home.
        path: PathBuf,
        /// The flag or variable that named it.
        given_by: &'static str,
        /// Why.
        source: io::Error,
    },
}

impl HomeError {
    /// The remedy.
    pub fn help(&self) -> String {
        match self {
            Self::NotUtf8 { .. } => "name a folder whose path is UTF-8 with --home DIR or KOSMOS_HOME",
            _ => "name a folder that you can write to with --home DIR or KOSMOS_HOME",
        }
        .to_owned()
    }
}

impl Home {
    /// Works out which folder it is; it need not exist.
    pub fn locate(globals: &Globals, environment: &Environment) -> Self {
        let (path, given_by) = match (&globals.home, environment.variable("KOSMOS_HOME")) {
            (Some(flag), _) => (flag.clone(), "--home"),
            (None, Some(variable)) => (PathBuf::from(variable), "KOSMOS_HOME"),
            (None, None) => (PathBuf::from(".kosmos"), "the default"),
        };
        let path = environment.working_folder().join(path).components().collect();
        Self { path, given_by }
    }

    /// The folder, absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder that holds one folder per run.
    pub fn runs_folder(&self) -> PathBuf {
        self.path.join("runs")
    }

    /// The folder of the knowledge graph.
    pub fn graph_folder(&self) -> PathBuf {
        self.path.join("graph")
    }

    /// Creates the folder if it is missing, and checks that it can be written to.
    ///
    /// # Errors
    /// When its path is not UTF-8, or it is a file, cannot be created, or is read-only.
    pub fn create_if_missing(&self) -> Result<(), HomeError> {
        let (path, given_by) = (self.path.clone(), self.given_by);
        if path.to_str().is_none() {
            return Err(HomeError::NotUtf8 { path, given_by });
        }
        if path.exists() && !path.is_dir() {
            return Err(HomeError::NotAFolder { path, given_by });
        }
        match fs::create_dir_all(&path) {
            Ok(()) => self.check_writable(),
            Err(source) => Err(HomeError::Create { path, given_by, source }),
        }
    }

    /// Checks that the folder can be written to or, if it does not exist, that it can be created. Leaves nothing
    /// behind.
    ///
    /// # Errors
    /// When it is a file, could not be created, or is read-only.
    pub fn check_writable(&self) -> Result<(), HomeError> {
        let (path, given_by) = (self.path.clone(), self.given_by);
        if path.to_str().is_none() {
            return Err(HomeError::NotUtf8 { path, given_by });
        }
        let existing = path.ancestors().find(|folder| folder.exists()).unwrap_or(&path);
        if !existing.is_dir() {
            return Err(HomeError::NotAFolder { path, given_by });
        }
        // Permission bits prove nothing (root, read-only mounts, quotas): only writing does.
        let probe = existing.join(format!(".kosmos-probe-{}", std::process::id()));
        let tried = fs::write(&probe, b"probe").and_then(|()| fs::remove_file(&probe));
        let existed = existing == path;
        tried.map_err(|source| match existed {
            true => HomeError::Write { path, given_by, source },
            false => HomeError::Create { path, given_by, source },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        Environment::new(variables.iter().copied(), "/work")
    }

    #[test]
    fn flag_wins_over_variable_wins_over_default() {
        let flag = Globals {
            home: Some("lab".into()),
            ..Globals::default()
        };
        let none = Globals::default();
        let table = [
            (&flag, vec![("KOSMOS_HOME", "/srv/kosmos")], "/work/lab"),
            (&none, vec![("KOSMOS_HOME", "/srv/kosmos")], "/srv/kosmos"),
            (&none, vec![("KOSMOS_HOME", "")], "/work/.kosmos"),
            (&none, vec![], "/work/.kosmos"),
        ];
        for (globals, variables, expected) in table {
            let home = Home::locate(globals, &environment(&variables));
            assert_eq!(home.path(), Path::new(expected), "{variables:?}");
        }
    }

    #[test]
    fn is_created_and_a_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let home = |name: &str| Home {
            path: folder.path().join(name),
            given_by: "--home",
        };
        home("a/b").check_writable().unwrap();
        assert!(!folder.path().join("a").exists());
        home("a/b").create_if_missing().unwrap();
        assert!(folder.path().join("a/b").is_dir());
        assert_eq!(fs::read_dir(folder.path().join("a/b")).unwrap().count(), 0);
        fs::write(folder.path().join("file"), "").unwrap();
        assert!(matches!(
            home("file").create_if_missing(),
            Err(HomeError::NotAFolder { .. })
        ));
        assert!(matches!(
            home("file/below").create_if_missing(),
            Err(HomeError::Create { .. })
        ));
    }
}
