//! A tree of processes as seen from outside, for where no cgroup counts it.

use std::fs;

use super::owner::stat_field;

/// What a tree of processes uses at this moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TreeUse {
    pub processes: u64,
    /// Resident memory, what processes share counted once for each.
    pub memory_bytes: u64,
    /// Processor time of the living and of the children they have waited for, milliseconds.
    pub cpu_ms: u64,
}

/// Adds up everything beneath `root`, which is not counted itself.
pub fn measure(root: u32) -> TreeUse {
    let mut sum = TreeUse::default();
    let mut pending = children(root);
    while let Some(pid) = pending.pop() {
        // Orphans are adopted by init, so this finds them all; a fork bomb must not keep us forever.
        if sum.processes > 100_000 {
            break;
        }
        sum.processes += threads(pid);
        sum.memory_bytes += resident(pid);
        let ticks: u64 = (14..=17).filter_map(|n| stat_field(pid, n)).sum();
        sum.cpu_ms += ticks * 10;
        pending.extend(children(pid));
    }
    sum
}

fn children(pid: u32) -> Vec<u32> {
    let mut found = Vec::new();
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return found;
    };
    for task in tasks.flatten() {
        let listed = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        found.extend(listed.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
    }
    found
}

fn threads(pid: u32) -> u64 {
    stat_field(pid, 20).unwrap_or(1)
}

fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let kilobytes = |key| {
        status
            .lines()
            .find_map(|line: &str| line.strip_prefix(key))
            .and_then(|rest| rest.split_whitespace().next())
            .and_then(|number| number.parse::<u64>().ok())
            .unwrap_or(0)
    };
    (kilobytes("RssAnon:") + kilobytes("RssShmem:")) * 1024
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn children_are_counted() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let used = measure(std::process::id());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(used.processes >= 1);
        assert!(used.memory_bytes > 0);
    }
}
