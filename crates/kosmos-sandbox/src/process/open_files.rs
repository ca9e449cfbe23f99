//! The number of files that this process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::SandboxError;

/// What Kosmos and one script need: pipes, sockets and databases of the lab, and as many files as a script may open.
const NEEDED: u64 = 256;

/// Raises the limit on open files as far as needed and allowed.
///
/// # Errors
/// [`SandboxError::Unavailable`] if this user may not have enough files open.
pub fn ensure_enough() -> Result<(), SandboxError> {
    let limit = getrlimit(Resource::Nofile);
    match plan_limit(limit.current, limit.maximum) {
        Plan::Enough => Ok(()),
        Plan::Raise(wanted) => {
            let raised = Rlimit {
                current: Some(wanted),
                maximum: limit.maximum,
            };
            setrlimit(Resource::Nofile, raised).map_err(|_| too_few(limit.current.unwrap_or(0)))
        }
        Plan::Refuse(allowed) => Err(too_few(allowed)),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Plan {
    Enough,
    Raise(u64),
    Refuse(u64),
}

/// Decides by the soft and the hard limit, each of which may be missing.
fn plan_limit(soft: Option<u64>, hard: Option<u64>) -> Plan {
    match (soft, hard) {
        (None, _) => Plan::Enough,
        (Some(soft), _) if soft >= NEEDED => Plan::Enough,
        (Some(_), Some(hard)) if hard < NEEDED => Plan::Refuse(hard),
        _ => Plan::Raise(NEEDED),
    }
}

fn too_few(allowed: u64) -> SandboxError {
    SandboxError::Unavailable {
        missing: vec![format!(
            "this process may have {allowed} files open, and Kosmos needs {NEEDED}"
        )],
        remedy: format!(
            "raise the limit before you start Kosmos, for example with `ulimit -n {}`",
            4 * NEEDED
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_few_files_are_refused_with_the_reason() {
        assert_eq!(plan_limit(Some(1024), Some(4096)), Plan::Enough);
        assert_eq!(plan_limit(None, None), Plan::Enough);
        assert_eq!(plan_limit(Some(64), Some(4096)), Plan::Raise(NEEDED));
        assert_eq!(plan_limit(Some(64), None), Plan::Raise(NEEDED));
        assert_eq!(plan_limit(Some(64), Some(64)), Plan::Refuse(64));
        let error = too_few(64);
        assert!(error.to_string().contains("may have 64 files open"), "{error}");
        assert!(error.help().unwrap().contains("ulimit -n 1024"));
    }
}
