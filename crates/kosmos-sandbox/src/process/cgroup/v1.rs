//! Control groups of version 1: one tree for each controller.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    super::mounts::MountPoint,
    ControlGroup, GroupLimits, GroupStats, UnusableCgroups,
    group::{group_folder, read_keyed_number, read_number},
};

/// The parents of Kosmos's groups in the trees that can be used.
#[derive(Debug, Clone, Default)]
pub struct ControllerTrees {
    pub memory: Option<PathBuf>,
    pub pids: Option<PathBuf>,
    cpuacct: Option<PathBuf>,
}

impl ControllerTrees {
    /// Finds the trees in which this process may make groups.
    pub fn find_usable(table: &[MountPoint], own: &str) -> Result<Self, UnusableCgroups> {
        let usable = |controller| parent_group(table, own, controller).filter(|parent| may_make_groups(parent));
        let trees = Self {
            memory: usable("memory"),
            pids: usable("pids"),
            cpuacct: usable("cpuacct"),
        };
        if trees.memory.is_none() && trees.pids.is_none() {
            return Err(UnusableCgroups::CannotMakeV1);
        }
        Ok(trees)
    }

    pub fn parents(&self) -> impl Iterator<Item = &Path> {
        [&self.memory, &self.pids, &self.cpuacct]
            .into_iter()
            .flatten()
            .map(PathBuf::as_path)
    }

    pub fn make_group(&self, name: &str, wanted: &GroupLimits) -> io::Result<ControlGroup> {
        let mut group = ControlGroup {
            folders: Vec::new(),
            read: read_stats,
        };
        let mut parents: Vec<_> = self.parents().collect();
        parents.dedup();
        for parent in parents {
            let folder = parent.join(name);
            fs::create_dir(&folder)?;
            group.folders.push(folder);
        }
        if let Some(parent) = &self.memory {
            let folder = parent.join(name);
            let bytes = wanted.memory_bytes.to_string();
            fs::write(folder.join("memory.limit_in_bytes"), &bytes)?;
            // Exists only where the kernel counts swap; elsewhere swapping is discouraged.
            let with_swap = folder.join("memory.memsw.limit_in_bytes");
            if with_swap.exists() {
                fs::write(with_swap, &bytes)?;
            } else {
                let _ = fs::write(folder.join("memory.swappiness"), "0");
            }
        }
        if let Some(parent) = &self.pids {
            let limit = parent.join(name).join("pids.max");
            fs::write(limit, wanted.processes.to_string())?;
        }
        Ok(group)
    }
}

/// Returns the folder of this process's group in the tree of `controller`.
fn parent_group(table: &[MountPoint], own: &str, controller: &str) -> Option<PathBuf> {
    let path = own.lines().find_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        controllers.split(',').any(|one| one == controller).then_some(path)
    })?;
    let mount = table
        .iter()
        .find(|mount| mount.kind == "cgroup" && mount.options.split(',').any(|option| option == controller))?;
    Some(group_folder(mount, path))
}

fn may_make_groups(parent: &Path) -> bool {
    let trial = parent.join(super::owner::unique_name("trial"));
    fs::create_dir(&trial).is_ok() && fs::remove_dir(&trial).is_ok()
}

fn read_stats(folders: &[PathBuf]) -> GroupStats {
    let mut stats = GroupStats::default();
    for folder in folders {
        if let Some(peak) = read_number(&folder.join("memory.max_usage_in_bytes")) {
            stats.peak_memory_bytes = Some(peak);
        }
        if let Some(kills) = read_keyed_number(&folder.join("memory.oom_control"), "oom_kill") {
            stats.oom_kills = kills;
        }
        if let Some(nanoseconds) = read_number(&folder.join("cpuacct.usage")) {
            stats.cpu_ms = Some(nanoseconds / 1_000_000);
        }
        if let Some(refused) = read_keyed_number(&folder.join("pids.events"), "max") {
            stats.forks_refused = refused;
        }
    }
    stats
}

#[cfg(test)]
mod tests {
    use super::{super::super::mounts, *};

    #[test]
    fn our_own_group_is_found_in_each_tree() {
        let table = mounts::parse_mountinfo(
            "1 0 0:1 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
             2 0 0:2 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n\
             3 0 0:3 /docker/x /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n",
        );
        let own = "4:memory:/a/b\n3:cpu,cpuacct:/\n2:pids:/docker/x\n0::/\n";
        let found = |controller| parent_group(&table, own, controller).unwrap();
        assert_eq!(found("memory"), Path::new("/sys/fs/cgroup/memory/a/b"));
        assert_eq!(found("cpuacct"), Path::new("/sys/fs/cgroup/cpu,cpuacct"));
        assert_eq!(found("pids"), Path::new("/sys/fs/cgroup/pids"));
        assert_eq!(parent_group(&table, own, "freezer"), None);
    }
}
