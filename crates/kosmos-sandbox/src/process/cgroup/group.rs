//! One control group, which in version 1 is a folder in each of several trees.

use std::{
    fs, io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

/// The limits of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    pub memory_bytes: u64,
    pub processes: u64,
}

/// What a group has counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    pub cpu_ms: Option<u64>,
    pub peak_memory_bytes: Option<u64>,
    /// Processes ended for want of memory.
    pub oom_kills: u64,
    /// Forks refused for want of room.
    pub forks_refused: u64,
}

/// A group, removed when dropped.
#[derive(Debug)]
pub struct Group {
    pub(super) folders: Vec<PathBuf>,
    pub(super) read: fn(&[PathBuf]) -> Stats,
}

impl Group {
    /// Puts a process in; its children follow.
    pub fn add(&self, pid: u32) -> io::Result<()> {
        for door in self.doors() {
            fs::write(door, pid.to_string())?;
        }
        Ok(())
    }

    /// The files that a process is written to, to be put in.
    pub fn doors(&self) -> Vec<PathBuf> {
        self.folders.iter().map(|folder| folder.join("cgroup.procs")).collect()
    }

    /// What was counted so far.
    pub fn stats(&self) -> Stats {
        (self.read)(&self.folders)
    }

    /// Removes the group, waiting up to a second for the last process in it to be gone. What still has
    /// a process in it then is swept at the next start.
    fn remove(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(1);
        loop {
            self.folders.retain(|folder| match fs::remove_dir(folder) {
                Ok(()) => false,
                Err(error) => error.kind() != io::ErrorKind::NotFound,
            });
            if self.folders.is_empty() || Instant::now() > deadline {
                return;
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.remove();
    }
}

/// The number in a file that holds one.
pub(super) fn number(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// The number after `key` in a file of `key number` lines.
pub(super) fn entry(path: &Path, key: &str) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    text.lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')?.parse().ok())
}

/// The folder of a group that is called `path` within the tree, given where the tree is mounted.
pub(super) fn folder_of(mount: &super::mounts::Mount, path: &str) -> PathBuf {
    let path = Path::new(path);
    // In a container, what is mounted is often not the root of the tree but the container's own group.
    let within = path.strip_prefix(&mount.root).or_else(|_| path.strip_prefix("/"));
    match within {
        Ok(within) if !within.starts_with("..") => mount.point.join(within),
        _ => mount.point.clone(),
    }
}
