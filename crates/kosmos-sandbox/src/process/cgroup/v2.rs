//! Control groups of version 2: one tree, in which a group with processes cannot have children with limits.

use std::{
    fs::{self, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use super::{
    super::mounts::MountPoint,
    ControlGroup, GroupLimits, GroupStats, UnusableCgroups,
    group::{group_folder, read_keyed_number, read_number},
};

/// The parent of Kosmos's groups.
#[derive(Debug, Clone)]
pub struct UnifiedTree {
    parent: PathBuf,
}

impl UnifiedTree {
    /// Finds the nearest group, from this process's own upwards, in which groups with limits can be made and to which
    /// this process can move its children.
    pub fn find_usable(table: &[MountPoint], own: &str) -> Result<Self, UnusableCgroups> {
        let path = own
            .lines()
            .find_map(|line| line.strip_prefix("0::"))
            .ok_or(UnusableCgroups::NoV2)?;
        let mount = table
            .iter()
            .find(|mount| mount.kind == "cgroup2")
            .ok_or(UnusableCgroups::NotMounted)?;
        if !offers_limits(&mount.point.join("cgroup.controllers")) {
            return Err(UnusableCgroups::NoControllers);
        }
        let ours = group_folder(mount, path);
        ours.ancestors()
            .take_while(|folder| folder.starts_with(&mount.point))
            .find(|folder| may_make_groups(folder))
            .map(|folder| Self {
                parent: folder.to_owned(),
            })
            .ok_or(UnusableCgroups::NotDelegated)
    }

    pub fn parent(&self) -> &Path {
        &self.parent
    }

    pub fn make_group(&self, name: &str, wanted: &GroupLimits) -> io::Result<ControlGroup> {
        let folder = self.parent.join(name);
        fs::create_dir(&folder)?;
        let group = ControlGroup {
            folders: vec![folder.clone()],
            read: read_stats,
        };
        fs::write(folder.join("memory.max"), wanted.memory_bytes.to_string())?;
        // Does not exist where the kernel has no swap.
        let _ = fs::write(folder.join("memory.swap.max"), "0");
        fs::write(folder.join("pids.max"), wanted.processes.to_string())?;
        Ok(group)
    }
}

fn offers_limits(controllers: &Path) -> bool {
    let listed = fs::read_to_string(controllers).unwrap_or_default();
    ["memory", "pids"]
        .iter()
        .all(|wanted| listed.split_whitespace().any(|one| one == *wanted))
}

fn may_make_groups(folder: &Path) -> bool {
    let control = folder.join("cgroup.subtree_control");
    if !offers_limits(&control) {
        // Refused where the group itself has processes, except in the root.
        let _ = fs::write(&control, "+memory +pids");
    }
    // Moving a process requires write permission in the common ancestor of both groups.
    let may_move = OpenOptions::new().write(true).open(folder.join("cgroup.procs")).is_ok();
    if !may_move || !offers_limits(&control) {
        return false;
    }
    let trial = folder.join(super::owner::unique_name("trial"));
    fs::create_dir(&trial).is_ok() && fs::remove_dir(&trial).is_ok()
}

fn read_stats(folders: &[PathBuf]) -> GroupStats {
    let Some(folder) = folders.first() else {
        return GroupStats::default();
    };
    GroupStats {
        cpu_ms: read_keyed_number(&folder.join("cpu.stat"), "usage_usec").map(|us| us / 1000),
        peak_memory_bytes: read_number(&folder.join("memory.peak")),
        oom_kills: read_keyed_number(&folder.join("memory.events"), "oom_kill").unwrap_or(0),
        forks_refused: read_keyed_number(&folder.join("pids.events"), "max").unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::super::mounts, *};

    /// A folder that looks like a tree of version 2 with `a/b` in it.
    fn tree(controllers: &str) -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        let inner = home.path().join("a/b");
        fs::create_dir_all(&inner).unwrap();
        for folder in [home.path(), &home.path().join("a"), &inner] {
            fs::write(folder.join("cgroup.controllers"), controllers).unwrap();
            fs::write(folder.join("cgroup.procs"), "").unwrap();
        }
        fs::write(inner.join("cgroup.subtree_control"), "").unwrap();
        fs::write(home.path().join("a/cgroup.subtree_control"), controllers).unwrap();
        home
    }

    fn mount_of(home: &Path) -> Vec<MountPoint> {
        let line = format!("1 0 0:1 / {} rw - cgroup2 cgroup2 rw\n", home.display());
        mounts::parse_mountinfo(&line)
    }

    #[test]
    fn without_controllers_it_is_of_no_use() {
        let home = tree("cpuset");
        assert!(UnifiedTree::find_usable(&mount_of(home.path()), "0::/a/b\n").is_err());
        assert!(UnifiedTree::find_usable(&[], "0::/a/b\n").is_err());
    }

    #[test]
    fn a_group_is_limited_and_read() {
        let home = tree("cpu memory pids");
        let tree = UnifiedTree::find_usable(&mount_of(home.path()), "1:x:/\n0::/a/b\n").unwrap();
        let wanted = GroupLimits {
            memory_bytes: 4096,
            processes: 9,
        };
        let group = tree.make_group("kosmos-x", &wanted).unwrap();
        let folder = group.folders[0].clone();
        assert_eq!(read_number(&folder.join("memory.max")), Some(4096));
        assert_eq!(read_number(&folder.join("pids.max")), Some(9));
        fs::write(folder.join("cpu.stat"), "usage_usec 12345\nuser_usec 1\n").unwrap();
        fs::write(folder.join("memory.events"), "oom 7\noom_kill 2\n").unwrap();
        let stats = group.read_stats();
        assert_eq!((stats.cpu_ms, stats.oom_kills), (Some(12), 2));
    }
}
