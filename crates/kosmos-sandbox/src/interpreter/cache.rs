//! Where environments lie.

use std::{
    env,
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use super::InterpreterError;

/// Tells a whole environment from a part of one; written last.
const MARKER: &str = "complete";

/// The folder of all environments.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// The folder that is named, or else the user's own.
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
        Ok(Self { folder })
    }

    pub fn place(&self, name: &str) -> Place {
        Place {
            folder: self.folder.join(name),
            building: self.folder.join(format!("{name}.building-{}", std::process::id())),
            lock: self.folder.join(format!("{name}.lock")),
        }
    }
}

fn default_folder() -> Option<PathBuf> {
    // A relative XDG_CACHE_HOME is to be ignored, says the specification.
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

/// The place of one environment.
#[derive(Debug)]
pub struct Place {
    /// Where it is when it is whole.
    pub folder: PathBuf,
    /// Where it is while it is made.
    pub building: PathBuf,
    lock: PathBuf,
}

/// Held while an environment is made.
#[derive(Debug)]
pub struct Held {
    _file: File,
}

impl Place {
    pub fn is_complete(&self) -> bool {
        self.folder.join(MARKER).is_file()
    }

    /// Says that what is in `building` is whole, and puts it in its place.
    pub fn finish(&self) -> io::Result<()> {
        fs::write(self.building.join(MARKER), "")?;
        if self.folder.exists() && !self.is_complete() {
            fs::remove_dir_all(&self.folder)?;
        }
        match fs::rename(&self.building, &self.folder) {
            // Where processes are not kept apart by the lock, another one may have been first.
            Err(_) if self.is_complete() => fs::remove_dir_all(&self.building),
            other => other,
        }
    }

    /// Waits until no other process is making this environment, and removes what dead ones have left.
    pub fn lock(&self) -> Result<Held, InterpreterError> {
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
            self.sweep();
        }
        Ok(Held { _file: file })
    }

    /// With the lock held, whoever made the others has ended.
    #[cfg(target_os = "linux")]
    fn sweep(&self) {
        let (Some(parent), Some(name)) = (self.folder.parent(), self.folder.file_name()) else {
            return;
        };
        let prefix = format!("{}.building-", name.to_string_lossy());
        for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(&prefix) {
                // Failing leaves it for the next time; it takes space and does no harm.
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
        let place = Cache::open(Some(home.path())).unwrap().place("python-x");
        fs::create_dir(&place.folder).unwrap();
        assert!(!place.is_complete());
        fs::create_dir(&place.building).unwrap();
        place.finish().unwrap();
        assert!(place.is_complete() && !place.building.exists());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn leftovers_are_swept() {
        let home = tempfile::tempdir().unwrap();
        let place = Cache::open(Some(home.path())).unwrap().place("python-x");
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
        let error = Cache::open(Some(&file.join("cache"))).unwrap_err();
        assert!(error.to_string().contains(&file.display().to_string()), "{error}");
        assert!(error.help().unwrap().contains("XDG_CACHE_HOME"));
    }
}
