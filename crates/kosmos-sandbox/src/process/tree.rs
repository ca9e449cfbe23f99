//! Measures a tree of processes from outside, where no cgroup counts it.

use std::fs;

use super::owner::stat_field;

/// A tree's current use of the machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TreeUse {
    pub processes: u64,
    /// Resident memory; how shared memory counts depends on the caller's function.
    pub memory_bytes: u64,
    /// Processor time of living processes and of the children they have waited for, in milliseconds.
    pub cpu_ms: u64,
}

/// Adds up all processes beneath `root`, which is not counted itself, until there are more than `most`, so that a fork
/// bomb cannot delay this. `memory` returns the memory of a process in bytes.
pub fn measure_tree(root: u32, most: u64, memory: fn(u32) -> u64) -> TreeUse {
    let mut sum = TreeUse::default();
    let mut pending = child_pids(root);
    // Init adopts orphans, so this finds all processes.
    while let Some(pid) = pending.pop() {
        if sum.processes > most {
            break;
        }
        sum.processes += thread_count(pid);
        sum.memory_bytes += memory(pid);
        let ticks: u64 = (14..=17).filter_map(|n| stat_field(pid, n)).sum();
        sum.cpu_ms += ticks * 10;
        pending.extend(child_pids(pid));
    }
    sum
}

fn child_pids(pid: u32) -> Vec<u32> {
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

fn thread_count(pid: u32) -> u64 {
    stat_field(pid, 20).unwrap_or(1)
}

/// Returns the resident memory of a process in bytes. Memory shared with others counts in full: fast, and never too
/// low.
pub fn resident_bytes(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let anonymous = kilobytes_after(&status, "RssAnon:").unwrap_or(0);
    anonymous + kilobytes_after(&status, "RssShmem:").unwrap_or(0)
}

/// Returns the memory of a process in bytes, with shared memory divided among its users, so that a tree counts it once
/// at most. Slow, because the kernel examines each page. A process that forbids this is counted in full.
pub fn proportional_bytes(pid: u32) -> u64 {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    match (
        kilobytes_after(&rollup, "Pss_Anon:"),
        kilobytes_after(&rollup, "Pss_Shmem:"),
    ) {
        (Some(anonymous), Some(shared)) => anonymous + shared,
        _ => resident_bytes(pid),
    }
}

/// Reads the number of kilobytes after `key` and returns it in bytes.
fn kilobytes_after(text: &str, key: &str) -> Option<u64> {
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
        let exactly = measure_tree(std::process::id(), 1000, proportional_bytes);
        let used = measure_tree(std::process::id(), 1000, resident_bytes);
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
        let used = measure_tree(std::process::id(), 1, resident_bytes);
        for child in &mut children {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        assert_eq!(used.processes, 2);
    }
}
