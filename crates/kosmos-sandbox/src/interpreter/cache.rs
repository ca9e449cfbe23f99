//! The folder in which environments are kept.

use std::{
    env,
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use super::{InterpreterError, manifest};

/// The file that marks an environment as complete; written last.
pub const MARKER: &str = "complete";

/// The folder of all environments.
#[derive(Debug)]
pub struct EnvironmentCache {
    folder: PathBuf,
}

impl EnvironmentCache {
    /// Opens the named folder, or the user's cache.
    pub fn open(named: Option<&Path>) -> Result<Self, InterpreterError> {
        let folder = match named {
            Some(folder) => folder.to_owned(),
            None => default_folder().ok_or(InterpreterError::NoCache)?,
        };
        let not_writable = |source| InterpreterError::CacheNotWritable {
            path: folder.clone(),
            source,
        };
        fs::create_dir_all(&folder).map_err(not_writable)?;
        let folder = folder.canonicalize().map_err(not_writable)?;
        manifest::check_folder(&folder)?;
        Ok(Self { folder })
    }

    pub fn place(&self, name: &str) -> CachePlace {
        CachePlace {
            folder: self.folder.join(name),
            building: self.folder.join(format!("{name}.building-{}", std::process::id())),
            record: self.folder.join(format!("{name}.record")),
            lock: self.folder.join(format!("{name}.lock")),
        }
    }
}

fn default_folder() -> Option<PathBuf> {
    // The specification says to ignore a relative XDG_CACHE_HOME.
    let cache = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let home = || {
        env::home_dir()
            .filter(|home| home.is_absolute())
            .map(|home| home.join(".cache"))
    };
    Some(cache.or_else(home)?.join("kosmos"))
}

/// The paths of one environment.
#[derive(Debug)]
pub struct CachePlace {
    /// Its folder once it is complete.
    pub folder: PathBuf,
    /// Its folder while it is built.
    pub building: PathBuf,
    /// The record of its files.
    pub record: PathBuf,
    lock: PathBuf,
}

/// The lock that is held while an environment is built.
#[derive(Debug)]
pub struct PlaceLock {
    _file: File,
}

impl CachePlace {
    pub fn is_complete(&self) -> bool {
        self.folder.join(MARKER).is_file()
    }

    /// Marks the environment in `building` as complete and moves it to `folder`.
    pub fn move_into_place(&self) -> io::Result<()> {
        fs::write(self.building.join(MARKER), "")?;
        if self.folder.exists() && !self.is_complete() {
            fs::remove_dir_all(&self.folder)?;
        }
        match fs::rename(&self.building, &self.folder) {
            // Where the lock does not exclude other processes, another one may have been first.
            Err(_) if self.is_complete() => fs::remove_dir_all(&self.building),
            other => other,
        }
    }

    /// Waits until no other process builds this environment, and removes leftovers of dead ones.
    pub fn lock(&self) -> Result<PlaceLock, InterpreterError> {
        let not_writable = |source| InterpreterError::CacheNotWritable {
            path: self.lock.clone(),
            source,
        };
        let mut options = OpenOptions::new();
        let file = options
            .create(true)
            .truncate(false)
            .write(true)
            .open(&self.lock)
            .map_err(not_writable)?;
        #[cfg(target_os = "linux")]
        {
            rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive)
                .map_err(|error| not_writable(error.into()))?;
            self.remove_leftovers();
        }
        Ok(PlaceLock { _file: file })
    }

    /// Removes unfinished environments: while the lock is held, the processes that began them have ended.
    #[cfg(target_os = "linux")]
    fn remove_leftovers(&self) {
        let (Some(parent), Some(name)) = (self.folder.parent(), self.folder.file_name()) else {
            return;
        };
        let prefix = format!("{}.building-", name.to_string_lossy());
        for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(&prefix) {
                // If this fails, the folder takes space and does no harm until the next time.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_finished_is_complete() {
        let home = tempfile::tempdir().unwrap();
        let place = EnvironmentCache::open(Some(home.path())).unwrap().place("python-x");
        fs::create_dir(&place.folder).unwrap();
        assert!(!place.is_complete());
        fs::create_dir(&place.building).unwrap();
        place.move_into_place().unwrap();
        assert!(place.is_complete() && !place.building.exists());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn leftovers_are_swept() {
        let home = tempfile::tempdir().unwrap();
        let place = EnvironmentCache::open(Some(home.path())).unwrap().place("python-x");
        let left = home.path().join("python-x.building-1");
        let other = home.path().join("python-y.building-1");
        fs::create_dir(&left).unwrap();
        fs::create_dir(&other).unwrap();
        let _held = place.lock().unwrap();
        assert!(!left.exists() && other.exists());
    }

    #[test]
    fn a_cache_that_cannot_be_made_is_named() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("file");
        fs::write(&file, "").unwrap();
        let error = EnvironmentCache::open(Some(&file.join("cache"))).unwrap_err();
        assert!(error.to_string().contains(&file.display().to_string()), "{error}");
        assert!(error.help().unwrap().contains("XDG_CACHE_HOME"));
    }
}
