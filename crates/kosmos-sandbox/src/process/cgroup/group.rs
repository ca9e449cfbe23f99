//! One control group, which in version 1 is a folder in each of several trees.

use std::{
    fs, io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

/// The limits of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupLimits {
    pub memory_bytes: u64,
    pub processes: u64,
}

/// The counters of a group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GroupStats {
    pub cpu_ms: Option<u64>,
    pub peak_memory_bytes: Option<u64>,
    /// Processes ended because the group was out of memory.
    pub oom_kills: u64,
    /// Forks refused because the group was full.
    pub forks_refused: u64,
}

/// A group, removed when dropped.
#[derive(Debug)]
pub struct ControlGroup {
    pub(super) folders: Vec<PathBuf>,
    pub(super) read: fn(&[PathBuf]) -> GroupStats,
}

impl ControlGroup {
    /// Moves a process into the group; its future children are in it too.
    pub fn add_process(&self, pid: u32) -> io::Result<()> {
        for door in self.procs_files() {
            fs::write(door, pid.to_string())?;
        }
        Ok(())
    }

    /// Returns the files to which a process id is written to move the process into the group.
    pub fn procs_files(&self) -> Vec<PathBuf> {
        self.folders.iter().map(|folder| folder.join("cgroup.procs")).collect()
    }

    /// Returns the counters so far.
    pub fn read_stats(&self) -> GroupStats {
        (self.read)(&self.folders)
    }

    /// Removes the group, waiting up to a second for its last process to end. A group that still has
    /// a process then is removed at the next start.
    fn remove_when_empty(&mut self) {
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

impl Drop for ControlGroup {
    fn drop(&mut self) {
        self.remove_when_empty();
    }
}

/// Reads a file that holds a single number.
pub(super) fn read_number(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Reads the number after `key` in a file of `key number` lines.
pub(super) fn read_keyed_number(path: &Path, key: &str) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    text.lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')?.parse().ok())
}

/// Returns the folder of the group `path` of a tree that is mounted at `mount`.
pub(super) fn group_folder(mount: &super::mounts::MountPoint, path: &str) -> PathBuf {
    let path = Path::new(path);
    // In a container, often the container's own group is mounted instead of the root of the tree.
    let within = path.strip_prefix(&mount.root).or_else(|_| path.strip_prefix("/"));
    match within {
        Ok(within) if !within.starts_with("..") => mount.point.join(within),
        _ => mount.point.clone(),
    }
}
