//! Labels that name the owner of a container, so that leftovers of a dead Kosmos can be told from containers in use.

use std::{
    collections::HashMap,
    fs,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

/// Labels of everything that Kosmos creates in an engine: the process, and the machine that it runs on.
pub const LABEL: &str = "org.kosmos.owner";
pub const HOST_LABEL: &str = "org.kosmos.host";
/// The label that names one of the process's sandboxes.
pub const SANDBOX_LABEL: &str = "org.kosmos.for";

/// Names this process by its id and start time, which together are unique.
pub fn this_process() -> &'static str {
    static OURS: OnceLock<String> = OnceLock::new();
    OURS.get_or_init(|| {
        let pid = std::process::id();
        let started = start_time(pid).unwrap_or_else(milliseconds_since_epoch);
        format!("{pid}-{started}")
    })
}

/// Names this machine since its last boot, as far as the system tells; several machines may share an engine.
pub fn this_machine() -> String {
    let read = |path: &str| fs::read_to_string(path).map(|text| text.trim().to_owned());
    let boot = read("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    // Processes in another container on this machine have ids of their own.
    let namespace = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    let namespace: String = namespace
        .to_string_lossy()
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    format!("{boot}-{namespace}")
}

/// Returns a name that nothing else in the engine has.
pub fn unique_name(what: &str) -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let n = COUNTER.fetch_add(1, Ordering::Relaxed);
    let what: String = what
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        .take(150)
        .collect();
    format!("kosmos-{what}-{}-{n}", this_process())
}

/// Returns true if these labels name a process of this machine that has ended.
pub fn is_stale(labels: &HashMap<String, String>) -> bool {
    let (Some(owner), Some(on)) = (labels.get(LABEL), labels.get(HOST_LABEL)) else {
        return false;
    };
    if *on != this_machine() {
        return false;
    }
    let Some((pid, started)) = owner.split_once('-') else {
        return false;
    };
    let (Ok(pid), Ok(started)) = (pid.parse::<u32>(), started.parse::<u64>()) else {
        return false;
    };
    // If the system does not tell start times, nothing is known to be stale.
    start_time(std::process::id()).is_some() && start_time(pid) != Some(started)
}

/// Returns when `pid` started, in clock ticks after boot; see proc_pid_stat(5).
fn start_time(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after) = stat.rsplit_once(')')?;
    after.split_whitespace().nth(19)?.parse().ok()
}

fn milliseconds_since_epoch() -> u64 {
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
        assert!(!is_stale(&labels(this_process(), this_machine())));
        assert!(is_stale(&labels("4194303000-1", this_machine())));
        assert!(is_stale(&labels(&format!("{}-1", std::process::id()), this_machine())));
        assert!(!is_stale(&labels("4194303000-1", "another-machine".to_owned())));
        assert!(!is_stale(&HashMap::new()));
    }
}
