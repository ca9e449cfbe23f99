//! A tree of processes as seen from outside, for where no cgroup counts it.

use std::fs;

use super::owner::stat_field;

/// What a tree of processes uses at this moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TreeUse {
    pub processes: u64,
    /// Resident memory; what processes share is counted as [`measure`] is told to.
    pub memory_bytes: u64,
    /// Processor time of the living and of the children they have waited for, milliseconds.
    pub cpu_ms: u64,
}

/// Adds up everything beneath `root`, which is not counted itself, until there are more than `most` processes: a fork bomb must
/// not keep us. `memory` says how much a process has.
pub fn measure(root: u32, most: u64, memory: fn(u32) -> u64) -> TreeUse {
    let mut sum = TreeUse::default();
    let mut pending = children(root);
    // Orphans are adopted by init, so this finds them all.
    while let Some(pid) = pending.pop() {
        if sum.processes > most {
            break;
        }
        sum.processes += threads(pid);
        sum.memory_bytes += memory(pid);
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

/// What is shared with others counts in full: quick, and never too little.
pub fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let anonymous = bytes(&status, "RssAnon:").unwrap_or(0);
    anonymous + bytes(&status, "RssShmem:").unwrap_or(0)
}

/// What is shared with others counts in part, so that all of a tree together has it once at the most. Slow, for the kernel looks at each
/// page. A process that has closed itself to such looks is counted in full.
pub fn proportional(pid: u32) -> u64 {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    match (bytes(&rollup, "Pss_Anon:"), bytes(&rollup, "Pss_Shmem:")) {
        (Some(anonymous), Some(shared)) => anonymous + shared,
        _ => resident(pid),
    }
}

/// The number of kilobytes after `key`, in bytes.
fn bytes(text: &str, key: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(key))?;
    let kilobytes: u64 = rest.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn children_are_counted() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        // A program that has just been started grows: what is to be the larger is looked at last.
        let exactly = measure(std::process::id(), 1000, proportional);
        let used = measure(std::process::id(), 1000, resident);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(used.processes >= 1);
        assert!(used.memory_bytes > 0 && exactly.memory_bytes > 0);
        assert!(exactly.memory_bytes <= used.memory_bytes, "{exactly:?} of {used:?}");
    }
    #[test]
    fn a_crowd_is_not_counted_to_its_end() {
        let mut children: Vec<_> = (0..5)
            .map(|_| Command::new("sleep").arg("60").spawn().unwrap())
            .collect();
        let used = measure(std::process::id(), 1, resident);
        for child in &mut children {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        assert_eq!(used.processes, 2);
    }
}
