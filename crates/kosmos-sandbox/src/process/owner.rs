//! Names that contain the Kosmos process that made a thing, so that a later one can tell which are stale.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    sync::atomic::{AtomicU64, Ordering},
};

/// Returns a name that is unique on this machine: `kosmos-<pid>-<start>-<namespace>-<n>-<key>`.
pub fn unique_name(key: &str) -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let pid = std::process::id();
    let start = start_time(pid).unwrap_or(0);
    let namespace = pid_namespace();
    let n = COUNTER.fetch_add(1, Ordering::Relaxed);
    let key: String = key
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-' || *c == '_')
        .take(40)
        .collect();
    format!("kosmos-{pid}-{start}-{namespace}-{n}-{key}")
}

/// Returns true if `name` was made by [`unique_name`] in a process that has ended. For processes in another
/// namespace, such as a container that shares a folder with this one, this is unknown and false.
pub fn is_stale(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("kosmos-") else {
        return false;
    };
    let mut numbers = rest.split('-').map(str::parse::<u64>);
    let mut next = || numbers.next().and_then(Result::ok);
    let (Some(pid), Some(start), Some(from)) = (next(), next(), next()) else {
        return false;
    };
    let Ok(pid) = u32::try_from(pid) else {
        return false;
    };
    from == pid_namespace() && start_time(pid) != Some(start)
}

/// Returns a number that identifies this process's namespace on this machine.
fn pid_namespace() -> u64 {
    fs::metadata("/proc/self/ns/pid").map_or(0, |found| found.ino())
}

/// Returns when `pid` started, in clock ticks after boot: with the pid, this identifies a process uniquely.
fn start_time(pid: u32) -> Option<u64> {
    stat_field(pid, 22)
}

/// Returns field `number` (from 1) of `/proc/<pid>/stat`, see proc_pid_stat(5); only those after the name.
pub fn stat_field(pid: u32, number: usize) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, field 2, may contain anything, but ends with the last parenthesis.
    let (_, after) = stat.rsplit_once(')')?;
    after.split_whitespace().nth(number.checked_sub(3)?)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_living_are_not_stale() {
        let name = unique_name("a/b c");
        assert!(name.ends_with("-abc"), "{name}");
        assert!(!is_stale(&name));
        let here = pid_namespace();
        assert!(is_stale(&format!("kosmos-1-99999999999-{here}-0-x")));
        assert!(is_stale(&format!("kosmos-4194303000-1-{here}-0-x")));
        assert!(!is_stale("kosmos-4194303000-1-7-0-x"));
        assert!(!is_stale("kosmos-abc"));
        assert!(!is_stale("system.slice"));
    }
}
