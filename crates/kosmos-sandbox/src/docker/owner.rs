//! Whose a container is, so that what a dead kosmos left behind can be told from what a living one uses.

use std::{
    collections::HashMap,
    fs,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

/// Labels of everything that kosmos makes in an engine: the process, and the machine that it runs on.
pub const LABEL: &str = "org.kosmos.owner";
pub const HOST_LABEL: &str = "org.kosmos.host";
/// Which of the process's sandboxes it is for.
pub const SANDBOX_LABEL: &str = "org.kosmos.for";

/// This process: its number, and when it started, which together name it for good.
pub fn ours() -> &'static str {
    static OURS: OnceLock<String> = OnceLock::new();
    OURS.get_or_init(|| {
        let pid = std::process::id();
        let started = start_time(pid).unwrap_or_else(now);
        format!("{pid}-{started}")
    })
}

/// This machine, since it was last started, as far as that can be told; engines may be shared by several.
pub fn host() -> String {
    let read = |path: &str| fs::read_to_string(path).map(|text| text.trim().to_owned());
    let boot = read("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    // Processes of another container on this machine have numbers of their own.
    let namespace = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    let namespace: String = namespace
        .to_string_lossy()
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    format!("{boot}-{namespace}")
}

/// A name that no other thing in the engine has.
pub fn unique_name(what: &str) -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let n = COUNTER.fetch_add(1, Ordering::Relaxed);
    let what: String = what
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        .take(150)
        .collect();
    format!("kosmos-{what}-{}-{n}", ours())
}

/// Whether something with these labels belongs to a process of this machine that has ended.
pub fn is_stale(labels: &HashMap<String, String>) -> bool {
    let (Some(owner), Some(on)) = (labels.get(LABEL), labels.get(HOST_LABEL)) else {
        return false;
    };
    if *on != host() {
        return false;
    }
    let Some((pid, started)) = owner.split_once('-') else {
        return false;
    };
    let (Ok(pid), Ok(started)) = (pid.parse::<u32>(), started.parse::<u64>()) else {
        return false;
    };
    // Where the system does not tell when a process started, nothing is known to be stale.
    start_time(std::process::id()).is_some() && start_time(pid) != Some(started)
}

/// When `pid` started, in clock ticks after boot; see proc_pid_stat(5).
fn start_time(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after) = stat.rsplit_once(')')?;
    after.split_whitespace().nth(19)?.parse().ok()
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(0)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_living_are_not_stale() {
        let labels = |owner: &str, host: String| {
            HashMap::from([(LABEL.to_owned(), owner.to_owned()), (HOST_LABEL.to_owned(), host)])
        };
        assert!(!is_stale(&labels(ours(), host())));
        assert!(is_stale(&labels("4194303000-1", host())));
        assert!(is_stale(&labels(&format!("{}-1", std::process::id()), host())));
        assert!(!is_stale(&labels("4194303000-1", "another-machine".to_owned())));
        assert!(!is_stale(&HashMap::new()));
    }
}
