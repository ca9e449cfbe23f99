//! The number of files that this process may have open.

/// Files that Kosmos and one script have open at once: pipes, sockets and databases of the lab, and as many as a script
/// may open.
pub const NEEDED_OPEN_FILES: u64 = 256;

/// The limit to recommend, so that several scripts can run at the same time.
pub const RECOMMENDED_OPEN_FILES: u64 = 4 * NEEDED_OPEN_FILES;

/// Fewer than [`NEEDED_OPEN_FILES`] are allowed, and this user may not raise the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this process may have {allowed} files open, and Kosmos needs {NEEDED_OPEN_FILES}")]
pub struct TooFewOpenFiles {
    /// The limit that cannot be raised.
    pub allowed: u64,
}

/// Raises the limit on open files as far as needed and allowed.
///
/// # Errors
/// [`TooFewOpenFiles`] if this user may not have enough files open.
#[cfg(target_os = "linux")]
pub fn ensure_open_files() -> Result<(), TooFewOpenFiles> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    match plan_limit(limit.current, limit.maximum) {
        Plan::Enough => Ok(()),
        Plan::Raise(wanted) => {
            let raised = Rlimit {
                current: Some(wanted),
                maximum: limit.maximum,
            };
            setrlimit(Resource::Nofile, raised).map_err(|_| TooFewOpenFiles {
                allowed: limit.current.unwrap_or(0),
            })
        }
        Plan::Refuse(allowed) => Err(TooFewOpenFiles { allowed }),
    }
}

/// The limit is not known on other systems.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub fn ensure_open_files() -> Result<(), TooFewOpenFiles> {
    Ok(())
}

#[cfg(target_os = "linux")]
#[derive(Debug, PartialEq, Eq)]
enum Plan {
    Enough,
    Raise(u64),
    Refuse(u64),
}

/// Decides by the soft and the hard limit, each of which may be missing.
#[cfg(target_os = "linux")]
fn plan_limit(soft: Option<u64>, hard: Option<u64>) -> Plan {
    match (soft, hard) {
        (None, _) => Plan::Enough,
        (Some(soft), _) if soft >= NEEDED_OPEN_FILES => Plan::Enough,
        (Some(_), Some(hard)) if hard < NEEDED_OPEN_FILES => Plan::Refuse(hard),
        _ => Plan::Raise(NEEDED_OPEN_FILES),
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_where_that_is_allowed() {
        assert_eq!(plan_limit(Some(1024), Some(4096)), Plan::Enough);
        assert_eq!(plan_limit(None, None), Plan::Enough);
        assert_eq!(plan_limit(Some(64), Some(4096)), Plan::Raise(NEEDED_OPEN_FILES));
        assert_eq!(plan_limit(Some(64), None), Plan::Raise(NEEDED_OPEN_FILES));
        assert_eq!(plan_limit(Some(64), Some(64)), Plan::Refuse(64));
    }
}
