//! Limits on a whole tree of processes, where the kernel's control groups may be used.
//!
//! Both versions are supported: version 2, with one tree, and version 1, with one tree for each
//! controller. Groups are made beneath that of Kosmos itself where possible, so that
//! limits set from outside still hold.

mod group;
mod v1;
mod v2;

use std::{fs, io, path::Path};

pub use group::{ControlGroup, GroupLimits, GroupStats};

use super::{mounts, owner};

/// Why control groups of one version cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnusableCgroups {
    #[error("there is no version 2")]
    NoV2,
    #[error("version 2 is not mounted")]
    NotMounted,
    #[error("version 2 has no memory and pids controllers")]
    NoControllers,
    /// A remedy belongs to the text: it is shown in the table of guarantees, where nothing has failed.
    #[error(
        "version 2 delegates no subtree to this user; `systemd-run --user --scope -p Delegate=yes kosmos ...` gives one"
    )]
    NotDelegated,
    #[error("no group can be made in version 1")]
    CannotMakeV1,
}

/// The control groups of this machine, as far as this process may use them.
#[derive(Debug, Clone)]
pub enum Cgroups {
    V1(v1::ControllerTrees),
    V2(v2::UnifiedTree),
    /// None can be used: limits hold per process, and the tree is watched.
    Unusable(String),
}

impl Cgroups {
    /// Finds the control groups that can be used, and removes groups of dead Kosmos processes.
    pub fn find_usable() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let table = mounts::parse_mountinfo(&read("/proc/self/mountinfo"));
        let own = read("/proc/self/cgroup");
        let found = match v2::UnifiedTree::find_usable(&table, &own) {
            Ok(tree) => Self::V2(tree),
            Err(no_v2) => match v1::ControllerTrees::find_usable(&table, &own) {
                Ok(trees) => Self::V1(trees),
                Err(no_v1) => Self::Unusable(format!("{no_v2}; {no_v1}")),
            },
        };
        for parent in found.parents() {
            remove_stale_groups(parent);
        }
        found
    }

    /// Makes a group with limits; `None` where groups cannot be used.
    pub fn make_group(&self, key: &str, wanted: &GroupLimits) -> io::Result<Option<ControlGroup>> {
        let name = owner::unique_name(key);
        match self {
            Self::V1(trees) => trees.make_group(&name, wanted).map(Some),
            Self::V2(tree) => tree.make_group(&name, wanted).map(Some),
            Self::Unusable(_) => Ok(None),
        }
    }

    pub fn limits_memory(&self) -> bool {
        match self {
            Self::V1(trees) => trees.memory.is_some(),
            Self::V2(_) => true,
            Self::Unusable(_) => false,
        }
    }

    pub fn limits_processes(&self) -> bool {
        match self {
            Self::V1(trees) => trees.pids.is_some(),
            Self::V2(_) => true,
            Self::Unusable(_) => false,
        }
    }

    /// Describes them for the table of guarantees.
    pub fn describe(&self) -> String {
        match self {
            Self::V1(_) => "cgroup v1".to_owned(),
            Self::V2(_) => "cgroup v2".to_owned(),
            Self::Unusable(why) => format!("no cgroup ({why})"),
        }
    }

    fn parents(&self) -> Vec<&Path> {
        match self {
            Self::V1(trees) => trees.parents().collect(),
            Self::V2(tree) => vec![tree.parent()],
            Self::Unusable(_) => Vec::new(),
        }
    }
}

/// Removes groups of dead Kosmos processes. Only empty groups can be removed, so this ends no process.
fn remove_stale_groups(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        if owner::is_stale(&entry.file_name().to_string_lossy()) {
            // A group that still has processes stays until the next start.
            let _ = fs::remove_dir(entry.path());
        }
    }
}
