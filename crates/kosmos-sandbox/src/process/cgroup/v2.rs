//! Control groups of version 2: one tree, in which groups with processes may have no limited children.

use std::{
    fs::{self, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use super::{
    super::mounts::Mount,
    Group, Stats, Unusable, Wanted,
    group::{entry, folder_of, number},
};

/// The parent of our groups.
#[derive(Debug, Clone)]
pub struct Tree {
    parent: PathBuf,
}

impl Tree {
    /// Finds the nearest group, from our own upwards, in which limited groups can be made and processes
    /// of ours moved to.
    pub fn find(table: &[Mount], own: &str) -> Result<Self, Unusable> {
        let path = own
            .lines()
            .find_map(|line| line.strip_prefix("0::"))
            .ok_or(Unusable::NoV2)?;
        let mount = table
            .iter()
            .find(|mount| mount.kind == "cgroup2")
            .ok_or(Unusable::NotMounted)?;
        if !offers_limits(&mount.point.join("cgroup.controllers")) {
            return Err(Unusable::NoControllers);
        }
        let ours = folder_of(mount, path);
        ours.ancestors()
            .take_while(|folder| folder.starts_with(&mount.point))
            .find(|folder| may_make_groups(folder))
            .map(|folder| Self {
                parent: folder.to_owned(),
            })
            .ok_or(Unusable::NotDelegated)
    }

    pub fn parent(&self) -> &Path {
        &self.parent
    }

    pub fn make(&self, name: &str, wanted: &Wanted) -> io::Result<Group> {
        let folder = self.parent.join(name);
        fs::create_dir(&folder)?;
        let group = Group {
            folders: vec![folder.clone()],
            read,
        };
        fs::write(folder.join("memory.max"), wanted.memory_bytes.to_string())?;
        // Absent where the kernel has no swap.
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
        // Refused where there are processes in the group itself, the root apart.
        let _ = fs::write(&control, "+memory +pids");
    }
    // Moving a process takes the right to write here, in the common ancestor of both groups.
    let may_move = OpenOptions::new().write(true).open(folder.join("cgroup.procs")).is_ok();
    if !may_move || !offers_limits(&control) {
        return false;
    }
    let trial = folder.join(super::owner::unique_name("trial"));
    fs::create_dir(&trial).is_ok() && fs::remove_dir(&trial).is_ok()
}

fn read(folders: &[PathBuf]) -> Stats {
    let Some(folder) = folders.first() else {
        return Stats::default();
    };
    Stats {
        cpu_ms: entry(&folder.join("cpu.stat"), "usage_usec").map(|us| us / 1000),
        peak_memory_bytes: number(&folder.join("memory.peak")),
        oom_kills: entry(&folder.join("memory.events"), "oom_kill").unwrap_or(0),
        forks_refused: entry(&folder.join("pids.events"), "max").unwrap_or(0),
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

    fn mount_of(home: &Path) -> Vec<Mount> {
        let line = format!("1 0 0:1 / {} rw - cgroup2 cgroup2 rw\n", home.display());
        mounts::parse(&line)
    }

    #[test]
    fn without_controllers_it_is_of_no_use() {
        let home = tree("cpuset");
        assert!(Tree::find(&mount_of(home.path()), "0::/a/b\n").is_err());
        assert!(Tree::find(&[], "0::/a/b\n").is_err());
    }

    #[test]
    fn a_group_is_limited_and_read() {
        let home = tree("cpu memory pids");
        let tree = Tree::find(&mount_of(home.path()), "1:x:/\n0::/a/b\n").unwrap();
        let wanted = Wanted {
            memory_bytes: 4096,
            processes: 9,
        };
        let group = tree.make("kosmos-x", &wanted).unwrap();
        let folder = group.folders[0].clone();
        assert_eq!(number(&folder.join("memory.max")), Some(4096));
        assert_eq!(number(&folder.join("pids.max")), Some(9));
        fs::write(folder.join("cpu.stat"), "usage_usec 12345\nuser_usec 1\n").unwrap();
        fs::write(folder.join("memory.events"), "oom 7\noom_kill 2\n").unwrap();
        let stats = group.stats();
        assert_eq!((stats.cpu_ms, stats.oom_kills), (Some(12), 2));
    }
}
